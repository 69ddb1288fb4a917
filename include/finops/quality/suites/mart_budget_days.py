"""Expectations on ``mart_budget_days``: burn-downs of budgets."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique

_GRAIN = ("billing_period", "billing_currency", "run_date", "budget", "period_first", "ds")


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without budgets there are no rows."""
    return Suite(
        "mart_budget_days",
        (
            is_exact(("actual", "expected", "lo_80", "hi_80", "even_spend")),
            is_unique(_GRAIN),
            RowRule(
                "days before the run date are spent, those from it on are expected within their bounds",
                "period_first <= ds and case when ds < run_date then expected is null "
                "else actual is null and lo_80 <= expected and expected <= hi_80 end",
                (*_GRAIN, "actual", "expected"),
            ),
        ),
        scope=given.months,
    )
