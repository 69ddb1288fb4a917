"""Expectations on ``mart_endpoint_hours``: requests of endpoints by the hour."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, filled, is_unique

_GRAIN = (*KEY, "endpoint_id", "hour_start")
_COUNTS = ("requests", "successes", "minutes_covered")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without counts there are no rows."""
    return Suite(
        "mart_endpoint_hours",
        (
            *filled(*_GRAIN, *_COUNTS),
            is_unique(_GRAIN),
            RowRule(
                "it is a full hour of the month",
                "strftime(hour_start, '%Y-%m') = billing_period and date_trunc('hour', hour_start) = hour_start",
                _GRAIN,
            ),
            RowRule(
                "no more requests are answered than come, in 60 minutes at most",
                "successes between 0 and requests and minutes_covered between 1 and 60",
                (*_GRAIN, *_COUNTS),
            ),
        ),
        scope=given.months,
    )
