"""Expectations on ``mart_forecast_totals``: what periods to come, and the month, will cost."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import filled, is_exact, is_unique, no_rows, one_of

_GRAIN = ("billing_period", "billing_currency", "run_date", "level", "series", "period")
_AMOUNTS = ("actual_cost", "usage_cost", "calendar_cost", "mean", "lo_80", "hi_80", "lo_95", "hi_95")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all rows of its months."""
    return Suite(
        "mart_forecast_totals",
        (
            *filled(*_GRAIN, *_AMOUNTS),
            one_of("period", ("next 24 h", "rest of month", "30 days", "90 days", "month")),
            is_exact(_AMOUNTS),
            is_unique(_GRAIN),
            RowRule(
                "the mean is what was spent and what is expected, added up",
                "mean = actual_cost + usage_cost + calendar_cost",
                (*_GRAIN, *_AMOUNTS),
            ),
            RowRule(
                "bounds of 95 % enclose those of 80 %, and these the mean",
                "lo_95 <= lo_80 and lo_80 <= mean and mean <= hi_80 and hi_80 <= hi_95",
                (*_GRAIN, *_AMOUNTS),
            ),
            RowRule(
                "only the month has days before the run date",
                "first_day <= last_day and (period = 'month' or (first_day = run_date and actual_cost = 0))",
                _GRAIN,
            ),
            _adds_up(),
        ),
        scope=given.months,
    )


def _adds_up() -> Expectation:
    query = """
        select run_date, billing_currency, period, level, sum(mean) as level_mean,
            sum(sum(mean)) filter (where level = 'total') over (
                partition by run_date, billing_currency, period
            ) as total_mean
        from {batch}
        group by run_date, billing_currency, period, level
        qualify level_mean is distinct from total_mean
    """
    return no_rows("the series of each level sum to the total of the period, exactly", query)
