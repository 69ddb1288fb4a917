"""Expectations on ``mart_savings``: what prices and commitments saved on usage."""

from __future__ import annotations

from finops.core.sql import Sql
from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, is_exact, is_unique, ties_to

_GRAIN = (*KEY, "cost_center")
_COSTS = ("list_cost", "contracted_cost", "effective_cost")
_SAVED = ("saved_by_prices", "saved_by_commitments")
_USAGE = Sql(
    "(select * replace (if(commitment_discount_status = 'Unused', 0, list_cost) as list_cost,"
    " if(commitment_discount_status = 'Unused', 0, contracted_cost) as contracted_cost)"
    " from marts.fct_daily_costs where charge_category = 'Usage') as usage"
)


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. The model's contract holds that columns are filled."""
    return Suite(
        "mart_savings",
        (
            is_exact((*_COSTS, *_SAVED)),
            is_unique(_GRAIN),
            ties_to(_USAGE, "usage in fct_daily_costs", given, _COSTS),
            RowRule(
                "list cost less both savings is the effective cost, exactly",
                "list_cost - saved_by_prices - saved_by_commitments = effective_cost",
                (*_GRAIN, *_SAVED),
            ),
        ),
    )
