"""Expectations on ``mart_unallocated_costs``: the burn-down of what nobody owns."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import COSTS, DAILY, KEY, filled, has_rows, is_exact, is_unique, ties_to

PARTS = ("tagged", "labelled", "ruled", "unallocated")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    columns = [*KEY, "charge_date"]
    amounts = [*COSTS, *(f"{part}_{cost}" for cost in COSTS for part in PARTS)]
    return Suite(
        "mart_unallocated_costs",
        (
            has_rows(),
            *filled(*columns, *amounts),
            is_exact(amounts),
            is_unique(columns),
            ties_to(DAILY, "fct_daily_costs", given, COSTS),
            *(
                RowRule(
                    f"the parts of a day's {cost.replace('_', ' ')} sum to it, exactly",
                    f"{cost} = {' + '.join(f'{part}_{cost}' for part in PARTS)}",
                    (*columns, cost),
                )
                for cost in COSTS
            ),
        ),
    )
