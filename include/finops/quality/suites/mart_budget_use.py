"""Expectations on ``mart_budget_use``: budgets and what was spent of them."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique

_GRAIN = ("billing_period", "billing_currency", "cost_center")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all providers of its months. Without budgets there are no rows."""
    return Suite(
        "mart_budget_use",
        (
            is_exact(("budget", "effective_cost", "budget_left", "used_share")),
            is_unique(_GRAIN),
            RowRule(
                "a budget is above zero, and what is used and what is left of it are the budget, exactly",
                "budget > 0 and effective_cost + budget_left = budget and used_share is not null",
                (*_GRAIN, "budget", "effective_cost"),
            ),
        ),
        scope=given.months,
    )
