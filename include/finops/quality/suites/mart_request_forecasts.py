"""Expectations on ``mart_request_forecasts``: requests of endpoints that are expected, by the hour."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import filled, is_unique

_GRAIN = ("billing_period", "billing_currency", "run_date", "provider", "endpoint_id", "hour_start")
_FIGURES = ("mean", "lo_80", "hi_80", "lo_95", "hi_95")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all rows of its months."""
    return Suite(
        "mart_request_forecasts",
        (
            *filled(*_GRAIN, *_FIGURES, "history_days"),
            is_unique(_GRAIN),
            RowRule(
                "bounds of 95 % enclose those of 80 %, these the mean, and nothing is below zero",
                "0 <= lo_95 and lo_95 <= lo_80 and lo_80 <= mean and mean <= hi_80 and hi_80 <= hi_95",
                (*_GRAIN, *_FIGURES),
            ),
            RowRule(
                "it is a full hour of the seven days from the run date on, filed under the run date's month",
                "hour_start >= run_date and hour_start < run_date + interval 7 day"
                " and date_trunc('hour', hour_start) = hour_start and billing_period = strftime(run_date, '%Y-%m')",
                _GRAIN,
            ),
        ),
        scope=given.months,
    )
