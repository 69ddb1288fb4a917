"""Expectations on ``mart_model_version_changes``: each version beside the one before, and why it differs."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import KEY, filled, is_exact, is_unique

_GRAIN = (*KEY, "ai_model", "model_version")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand, on all providers of its months; without versions no rows."""
    return Suite(
        "mart_model_version_changes",
        (
            *filled(*_GRAIN, "effective_cost"),
            is_exact(("effective_cost", "change", "cost_per_inference", "reason_1_amount")),
            is_unique(_GRAIN),
            RowRule(
                "the change is the cost less that of the version before, where there is one",
                "change is not distinct from effective_cost - previous_effective_cost"
                " and (previous_version is null) = (previous_effective_cost is null)",
                (*_GRAIN, "change"),
            ),
            RowRule(
                "reasons stand in the order of their size",
                "abs(coalesce(reason_1_amount, 0)) >= abs(coalesce(reason_2_amount, 0))"
                " and abs(coalesce(reason_2_amount, 0)) >= abs(coalesce(reason_3_amount, 0))",
                (*_GRAIN, "reason_1_amount", "reason_2_amount", "reason_3_amount"),
            ),
            RowRule(
                "a version whose cost changed has a reason",
                "coalesce(change, 0) = 0 or reason_1 is not null",
                (*_GRAIN, "change"),
            ),
        ),
        scope=given.months,
    )
