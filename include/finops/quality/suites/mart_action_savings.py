"""Expectations on ``mart_action_savings``: what actions have saved, by month."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique

_SHOWN = ("action_id", "billing_period", "billing_currency")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand."""
    return Suite(
        "mart_action_savings",
        (
            is_exact(("estimated", "realised", "added_cost")),
            is_unique(("billing_period", "billing_currency", "action_id")),
            RowRule(
                "an action saves or adds cost, never both, and neither is below zero",
                "realised >= 0 and added_cost >= 0 and (realised = 0 or added_cost = 0)",
                (*_SHOWN, "realised", "added_cost"),
            ),
            RowRule(
                "it counts for at most the days of its month, from the day it took effect on",
                "days between 1 and 31 and strftime(effective_from, '%Y-%m') <= billing_period",
                (*_SHOWN, "days", "effective_from"),
            ),
        ),
        scope=given.months,
    )
