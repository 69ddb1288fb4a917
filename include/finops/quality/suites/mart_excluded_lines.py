"""Expectations on ``mart_excluded_lines``: native lines without a charge of their own, counted and none lost."""

from __future__ import annotations

from great_expectations.expectations import Expectation

from finops.quality.models import Given, Suite
from finops.quality.rules import KEY, filled, is_exact, is_unique, no_rows

_GRAIN = (*KEY, "x_source", "reason")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_excluded_lines",
        (
            *filled(*_GRAIN, "kept_in", "row_count", "source_cost"),
            is_exact(["source_cost"]),
            is_unique(_GRAIN),
            _split_costs_are_kept(given),
        ),
    )


def _split_costs_are_kept(given: Given) -> Expectation:
    return no_rows(
        "every split-cost line is in fct_container_costs",
        """
        select {key}, here.row_count as row_count, there.row_count as kept
        from (
            select {key}, sum(row_count) as row_count from {batch} where reason = 'split cost' group by all
        ) as here
        full join (
            select {key}, count(*) as row_count from main.fct_container_costs
            where {scope} and billed_cost = 0 group by all
        ) as there using ({key})
        where here.row_count is distinct from there.row_count
        """,
        scope=given.scope,
    )
