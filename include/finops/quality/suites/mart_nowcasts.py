"""Expectations on ``mart_nowcasts``: what the last days will have cost once all charges have arrived."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import filled, is_exact, is_unique, no_rows

_GRAIN = ("billing_period", "billing_currency", "run_date", "provider", "service_name", "charge_date")
_AMOUNTS = ("seen_cost", "estimated_cost", "lo_80", "hi_80", "lo_95", "hi_95")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all rows of its months. Without open days there are none."""
    return Suite(
        "mart_nowcasts",
        (
            *filled(*_GRAIN, *_AMOUNTS, "age_days", "load_count"),
            is_exact(_AMOUNTS),
            is_unique(_GRAIN),
            RowRule(
                "bounds of 95 % enclose those of 80 %, and these the estimate",
                "lo_95 <= lo_80 and lo_80 <= estimated_cost and estimated_cost <= hi_80 and hi_80 <= hi_95",
                (*_GRAIN, *_AMOUNTS),
            ),
            RowRule("its day is before the run date", "charge_date < run_date and load_count >= 0", _GRAIN),
            _adds_up(),
        ),
        scope=given.months,
    )


def _adds_up() -> Expectation:
    query = """
        select run_date, billing_currency, provider, charge_date
        from {batch}
        group by run_date, billing_currency, provider, charge_date
        having sum(estimated_cost) filter (where service_name = '(all)')
                is distinct from coalesce(sum(estimated_cost) filter (where service_name <> '(all)'), 0)
            or sum(seen_cost) filter (where service_name = '(all)')
                is distinct from coalesce(sum(seen_cost) filter (where service_name <> '(all)'), 0)
    """
    return no_rows("the services of a day sum to their provider, exactly", query)
