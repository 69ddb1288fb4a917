"""Expectations on ``mart_budget_proposals``: actions that budgets propose."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_unique

_GRAIN = ("billing_period", "billing_currency", "run_date", "budget", "period_first", "action")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Where no threshold with an action is reached there are no rows."""
    return Suite(
        "mart_budget_proposals",
        (
            is_unique(_GRAIN),
            RowRule(
                "an action is one of the policy's, is only proposed, and one that denies has its documents",
                "action in ('approval', 'throttle', 'stop', 'deny') and status = 'proposed' "
                "and (action = 'deny') = (documents <> '')",
                (*_GRAIN, "status"),
            ),
            RowRule(
                "the scope is JSON, and the period has not ended",
                "coalesce(json_valid(scope), true) and coalesce(period_last >= run_date, true)",
                (*_GRAIN, "scope", "period_last"),
            ),
        ),
        scope=given.months,
    )
