"""Expectations on ``mart_forecast_scores``: how good forecasts were, and that bounds hold what they say."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.core.sql import Sql, identifier
from finops.quality.models import Given, RowRule, Severity, Suite
from finops.quality.rules import filled, is_unique, no_rows

_GRAIN = ("billing_period", "billing_currency", "run_date", "level", "cost_center", "model")
_TOLERANCE = {80: "0.05", 95: "0.025"}
"""What a coverage may differ by however many forecasts were tested: the days of a forecast err together, and so do
series that are parts of each other."""


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all rows of its months."""
    return Suite(
        "mart_forecast_scores",
        (
            *filled(*_GRAIN, "horizon_days", "series_count", "trial_count", "point_count", "smape"),
            is_unique(_GRAIN),
            RowRule(
                "counts are above zero, and every forecast has a day or more",
                "series_count > 0 and series_count <= trial_count and trial_count <= point_count",
                (*_GRAIN, "series_count", "trial_count", "point_count"),
            ),
            RowRule(
                "errors are not below zero and sMAPE not above 200",
                "coalesce(mase, 0) >= 0 and smape between 0 and 200 and coalesce(month_error, 0) >= 0"
                " and coalesce(promise_error, 0) >= 0",
                (*_GRAIN, "mase", "smape", "month_error", "promise_error"),
            ),
            RowRule(
                "ours has the days within its bounds, and no other model has any",
                "case when model = 'ours' then covered_80 between 0 and covered_95 and covered_95 <= point_count"
                " and abs(coverage_80 - covered_80 / point_count) < 1e-9"
                " and abs(coverage_95 - covered_95 / point_count) < 1e-9"
                " else covered_80 is null and covered_95 is null and promise_error is null end",
                (*_GRAIN, "point_count", "covered_80", "covered_95"),
            ),
            *(_is_calibrated(level, tolerance) for level, tolerance in _TOLERANCE.items()),
        ),
        scope=given.months,
    )


def _is_calibrated(level: int, tolerance: str) -> Expectation:
    """A coverage is off when a binomial count of as many trials as forecasts would be so in one of a hundred cases.

    2.576 is the normal quantile of 99.5 %. A forecast's days count as one trial, since they err together. Only the
    newest run date counts: earlier ones have had their warning.
    """
    query = """
        select run_date, billing_currency, level, cost_center, {coverage}, trial_count
        from {batch}
        where model = 'ours'
        qualify run_date = max(run_date) over () and abs({coverage} - {said}) > greatest(
            {tolerance}, 2.576 * sqrt({said} * (1 - {said}) / trial_count)
        )
    """
    says = f"bounds of {level} % hold about {level} % of days at every level and of every team"
    parts = {"coverage": identifier(f"coverage_{level}"), "said": Sql(f"0.{level}"), "tolerance": Sql(tolerance)}
    return no_rows(says, query, Severity.WARNS, **parts)
