"""Expectations on ``mart_resource_usage``: how much each resource was used, by day."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, filled, is_exact, is_unique

_GRAIN = (*KEY, "usage_date", "resource_id", "metric")
_LEVELS = ("average", "p95", "maximum")
_HOURS = ("minutes_covered", "hours_measured", "idle_hours")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without measurements there are no rows."""
    return Suite(
        "mart_resource_usage",
        (
            *filled(*_GRAIN, *_LEVELS, *_HOURS),
            is_exact((*_LEVELS, "night_average")),
            is_unique(_GRAIN),
            RowRule(
                "the day is of the month",
                "strftime(usage_date, '%Y-%m') = billing_period",
                _GRAIN,
            ),
            RowRule(
                "no average is above the maximum, and no percentile",
                "average between 0 and maximum and p95 between 0 and maximum"
                " and coalesce(night_average, 0) between 0 and maximum",
                (*_GRAIN, *_LEVELS, "night_average"),
            ),
            RowRule(
                "a share of something is at most 100 percent",
                "metric like '%bytes_per_second' or maximum <= 100",
                (*_GRAIN, "maximum"),
            ),
            RowRule(
                "a day has 24 hours of 60 minutes, and none is idle or low that was not measured",
                "hours_measured between 1 and 24 and minutes_covered between hours_measured and hours_measured * 60"
                " and idle_hours between 0 and hours_measured"
                " and coalesce(longest_low_hours, 0) between 0 and hours_measured",
                (*_GRAIN, *_HOURS, "longest_low_hours"),
            ),
        ),
        scope=given.months,
    )
