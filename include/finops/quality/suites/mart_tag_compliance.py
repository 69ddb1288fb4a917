"""Expectations on ``mart_tag_compliance``: what charges and resources say of each key."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import COSTS, DAILY, KEY, filled, has_rows, is_exact, is_unique, no_rows, one_of

GRAIN = (
    "charge_date",
    "tag_key",
    "tag_status",
    "is_required",
    "sub_account_id",
    "sub_account_name",
    "service_name",
    "cost_center",
)
STATUSES = ("valid", "misspelt", "wrong_value", "missing")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    columns = [*KEY, *GRAIN]
    return Suite(
        "mart_tag_compliance",
        (
            has_rows(),
            *filled(*columns, *COSTS, "charge_count", "resource_count"),
            one_of("tag_status", STATUSES),
            is_exact(COSTS),
            is_unique(columns),
            _every_key_has_every_cost(given),
            RowRule(
                "a row stands for a charge or a resource",
                "charge_count > 0 or resource_count > 0",
                (*KEY, "tag_key"),
            ),
        ),
    )


def _every_key_has_every_cost(given: Given) -> Expectation:
    return no_rows(
        "for each key the charges and costs of all statuses sum to those of fct_daily_costs, exactly",
        """
        select {key}, tag_key, found, daily.expected
        from (
            select {key}, tag_key, row(sum(charge_count), sum(billed_cost), sum(effective_cost)) as found
            from {batch} group by all
        ) as sums
        full join (
            select {key}, row(sum(charge_count), sum(billed_cost), sum(effective_cost)) as expected
            from {daily} where {scope} group by all
        ) as daily using ({key})
        where found is distinct from expected
        """,
        daily=DAILY,
        scope=given.scope,
    )
