"""Expectations on ``mart_cost_variance``: costs beside those of the month before."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, has_rows, is_exact, is_unique, no_rows
from finops.quality.suites.mart_chargeback import GRAIN


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all providers of its months."""
    return Suite(
        "mart_cost_variance",
        (
            has_rows(),
            is_exact(("effective_cost", "previous_effective_cost", "variance")),
            is_unique((*KEY, *GRAIN)),
            _sums_to_chargeback(given),
            RowRule(
                "the variance is the difference of both months' cost, and there is none where a month is missing",
                "variance is not distinct from effective_cost - previous_effective_cost",
                (*KEY, "cost_center", "service_name", "variance"),
            ),
        ),
        scope=given.months,
    )


def _sums_to_chargeback(given: Given) -> Expectation:
    query = """
        select {key}, sum(cost) as difference
        from (
            select {key}, effective_cost as cost from {batch}
            union all
            select {key}, -effective_cost from marts.mart_chargeback where {months}
        )
        group by all
        having sum(cost) <> 0
    """
    return no_rows("effective_cost sums to that of mart_chargeback, exactly", query, months=given.months)
