"""Expectations on ``mart_platform_kpis``: how the platform does, against its targets."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, is_exact, is_unique, no_rows, one_of

_GRAIN = (*KEY, "kpi", "subject")
_HOURS = ("data_freshness_hours", "anomaly_detection_hours", "action_hours_to_resolve")
_LESS_IS_BETTER = ("budget_variance", "forecast_error", *_HOURS)
_KPIS = ("allocated_share", "tag_compliance_by_spend", "forecast_coverage", "action_success_rate", *_LESS_IS_BETTER)


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all rows of its months: some are of no provider."""
    return Suite(
        "mart_platform_kpis",
        (
            is_exact(("numerator", "denominator", "kpi_value", "target")),
            is_unique(_GRAIN),
            one_of("kpi", _KPIS),
            _is_of_the_whole_bill(),
            RowRule(
                "hours are hours, and all else is percent",
                f"(kpi in {_HOURS}) = (unit = 'hours') and unit in ('hours', 'percent')"
                " and (unit = 'percent' or (kpi_value >= 0 and billing_currency = '(none)'))",
                (*_GRAIN, "unit", "kpi_value"),
            ),
            RowRule(
                "a value over zero is none, and is held against its target",
                "(kpi_value is null) = (denominator = 0) and is_met is not distinct from"
                f" (case when kpi in {_LESS_IS_BETTER}"
                " then kpi_value <= target else kpi_value >= target end)",
                (*_GRAIN, "denominator", "kpi_value", "target"),
            ),
        ),
        scope=given.months,
    )


def _is_of_the_whole_bill() -> Expectation:
    query = """
        select bill.*, found.denominator
        from (
            select {key}, sum(effective_cost) as effective_cost
            from staging.stg_published_daily_costs
            where (billing_period, provider) in (select (billing_period, provider) from {batch})
            group by all
        ) as bill
        left join {batch} as found
            on found.billing_period = bill.billing_period and found.provider = bill.provider
            and found.billing_currency = bill.billing_currency and found.subject = '(all)'
            and found.kpi in ('allocated_share', 'tag_compliance_by_spend')
        where found.denominator is distinct from bill.effective_cost
    """
    return no_rows("what has an owner, and what has its tags, is held against the whole bill, exactly", query)
