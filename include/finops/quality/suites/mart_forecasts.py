"""Expectations on ``mart_forecasts``: forecasts by day and hour, of which children sum to their parents."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import filled, is_exact, is_unique, no_rows, one_of

_GRAIN = ("billing_period", "billing_currency", "run_date", "level", "series", "stream", "freq", "ds")
_AMOUNTS = ("mean", "lo_80", "hi_80", "lo_95", "hi_95")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all rows of its months."""
    return Suite(
        "mart_forecasts",
        (
            *filled(*_GRAIN, *_AMOUNTS),
            one_of("stream", ("usage", "calendar")),
            one_of("freq", ("D", "h")),
            is_exact(_AMOUNTS),
            is_unique(_GRAIN),
            RowRule(
                "bounds of 95 % enclose those of 80 %, and these the mean",
                "lo_95 <= lo_80 and lo_80 <= mean and mean <= hi_80 and hi_80 <= hi_95",
                (*_GRAIN, *_AMOUNTS),
            ),
            RowRule(
                "it is of the run date or later, and of the month of its run date",
                "step >= 1 and ds >= run_date and billing_period = strftime(run_date, '%Y-%m')",
                _GRAIN,
            ),
            _adds_up(),
        ),
        scope=given.months,
    )


def _adds_up() -> Expectation:
    """Days without anything expected of the calendar stream have no row, which counts as zero."""
    query = """
        select run_date, billing_currency, stream, freq, ds, level, sum(mean) as level_mean,
            sum(sum(mean)) filter (where level = 'total') over (
                partition by run_date, billing_currency, stream, freq, ds
            ) as total_mean
        from {batch}
        group by run_date, billing_currency, stream, freq, ds, level
        qualify level_mean <> coalesce(total_mean, 0)
    """
    return no_rows("the series of each level sum to the total of the day or hour, exactly", query)
