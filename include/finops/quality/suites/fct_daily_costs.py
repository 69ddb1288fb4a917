"""Expectations on ``fct_daily_costs``: the table every other mart is made of."""

from __future__ import annotations

from datetime import UTC, timedelta

from great_expectations.expectations import Expectation

from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.focus import COLUMNS
from finops.core.periods import BillingPeriod
from finops.core.sql import Sql, compose, literal
from finops.quality import rules
from finops.quality.models import Given, RowRule, Severity, Suite
from finops.quality.rules import FACT, KEY, MEASURES, no_rows, rows_of

GRAIN = (
    "charge_date",
    "provider_name",
    "billing_account_id",
    "sub_account_id",
    "sub_account_name",
    "region_id",
    "service_category",
    "service_name",
    "charge_category",
    "charge_class",
    "pricing_category",
    "commitment_discount_status",
    "cost_center",
    "cost_center_source",
    "ai_project",
    "ai_model",
    "ai_stage",
    "environment",
    "value_sources",
    "has_required_tags",
)
TOLERATED_SILENCE = timedelta(days=3)
"""How long before the end of its month, or before now, a bill may end; clouds write up to 72 hours late."""

OTHER_SERVICES_SHARE = "0.05"
"""Above this share of a bill's effective cost, services without a category deserve a look."""

_ALLOWED = {column.snake: column.allowed for column in COLUMNS}


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    columns = [*KEY, *GRAIN]
    return Suite(
        "fct_daily_costs",
        (
            rules.has_rows(),
            _every_bill_has_charges(given),
            *rules.filled(*columns, *MEASURES, "charge_count"),
            rules.one_of("charge_category", _ALLOWED["charge_category"]),
            rules.is_exact(),
            rules.is_unique(columns),
            rules.ties_to(FACT, "fct_focus_costs", given),
            _reaches_the_end(given),
            _services_are_known(),
            RowRule(
                "a day's row stands for at least one charge",
                "charge_count > 0",
                (*KEY, "charge_date", "charge_count"),
            ),
            RowRule(
                "a cost centre has a source, and what has none is unallocated",
                f"(cost_center = '{UNALLOCATED}') = (cost_center_source = '{ABSENT}')",
                (*KEY, "cost_center", "cost_center_source"),
            ),
        ),
    )


def _every_bill_has_charges(given: Given) -> Expectation:
    landed = sorted({(t.provider, t.billing_period) for t in given.landed if t.row_count})
    bills = rows_of(["provider", "billing_period"], ([literal(p), literal(m)] for p, m in landed))
    query = "select * from {bills} as bills anti join {batch} using (provider, billing_period)"
    return no_rows("every bill in scope has charges", query, bills=bills)


def _reaches_the_end(given: Given) -> Expectation:
    months = sorted({period for _, period in given.pairs})
    reach = rows_of(["billing_period", "expected"], ([literal(m), _expected_reach(m, given)] for m in months))
    return no_rows(
        f"usage reaches to within {TOLERATED_SILENCE.days} days of the month's end, or of now",
        """
        select provider, billing_period, max(charge_date) as last_charge
        from {batch} join {reach} as reach using (billing_period)
        where charge_category = 'Usage'
        group by provider, billing_period, expected having max(charge_date) < cast(expected as date)
        """,
        Severity.WARNS,
        reach=reach,
    )


def _expected_reach(month: str, given: Given) -> Sql:
    moment = min(BillingPeriod.parse(month).end, given.now.astimezone(UTC)) - TOLERATED_SILENCE
    return compose("timestamp {moment}", moment=f"{moment:%Y-%m-%d %H:%M:%S}")


def _services_are_known() -> Expectation:
    return no_rows(
        f"at most {float(OTHER_SERVICES_SHARE):.0%} of a bill is for services without a category",
        """
        select provider, billing_period, billing_currency,
            sum(effective_cost) filter (where service_category = 'Other') as effective_cost_of_other,
            sum(effective_cost) as effective_cost
        from {batch}
        group by all
        having effective_cost_of_other > {share} * sum(effective_cost)
        """,
        Severity.WARNS,
        share=Sql(OTHER_SERVICES_SHARE),
    )
