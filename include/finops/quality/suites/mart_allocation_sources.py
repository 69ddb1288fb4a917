"""Expectations on ``mart_allocation_sources``: every charge once, and what a pool selects is what it allocates."""

from __future__ import annotations

from typing import get_args

from great_expectations.expectations import Expectation

from finops.core.dimensions import ABSENT
from finops.policy.allocation.models import Column
from finops.quality.models import Given, Suite
from finops.quality.rules import COSTS, DAILY, KEY, has_rows, is_exact, is_unique, no_rows, ties_to

ALWAYS = ("cost_center", "service_category", "service_name", "rule_id", "rule_version")
ASKED_FOR = tuple(column for column in get_args(Column) if column not in (*KEY, *ALWAYS))
"""What a selection may name beside them; null where no rule of the build asks for the column."""


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. The model's contract holds that columns are filled."""
    return Suite(
        "mart_allocation_sources",
        (
            has_rows(),
            is_exact(COSTS),
            is_unique([*KEY, *ALWAYS, *ASKED_FOR]),
            ties_to(DAILY, "fct_daily_costs", given, ("charge_count", *COSTS)),
            _selected_is_allocated(given),
        ),
    )


def _selected_is_allocated(given: Given) -> Expectation:
    """Return: per bill and rule, step-down pools and price lists apart, both tables say the same."""
    return no_rows(
        "what a pool selects is what it allocates",
        """
        select {key}, rule_id, rule_version, selected.effective_cost, allocated.effective_cost as expected
        from (
            select {key}, rule_id, rule_version, sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
            from {batch} where rule_id <> {absent} group by all
        ) as selected
        full join (
            select * from marts.mart_allocation_rules where {scope}
        ) as allocated using ({key}, rule_id, rule_version)
        where coalesce(rule_kind, 'pool') = 'pool' and (
            coalesce(selected.billed_cost, 0) <> coalesce(allocated.billed_cost, 0)
            or coalesce(selected.effective_cost, 0) <> coalesce(allocated.effective_cost, 0)
        )
        """,
        absent=ABSENT,
        scope=given.scope,
    )
