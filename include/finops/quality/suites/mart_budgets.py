"""Expectations on ``mart_budgets``: how budgets stand by run date."""

from __future__ import annotations

from finops.quality.models import Given, RowRule, Suite
from finops.quality.rules import is_exact, is_unique

_GRAIN = ("billing_period", "billing_currency", "run_date", "budget", "period_first")
_AMOUNTS = (
    *("amount", "rolled_over", "budget_limit", "actual", "late", "forecast", "lo_80", "hi_80", "lo_95", "hi_95"),
    *("adjusted_forecast", "run_rate", "even_spend", "variance", "forecast_variance"),
)


def suite(given: Given) -> Suite:
    """Return the suite for the candidate at hand. Without budgets there are no rows."""
    return Suite(
        "mart_budgets",
        (
            is_exact(_AMOUNTS),
            is_unique(_GRAIN),
            RowRule(
                "a limit is above zero, and is the amount and what was rolled over, exactly",
                "budget_limit > 0 and rolled_over >= 0 and amount + rolled_over = budget_limit",
                (*_GRAIN, "amount", "budget_limit"),
            ),
            RowRule(
                "a forecast lies within its bounds, those of 80 % within those of 95 %",
                "forecast is null or (lo_95 <= lo_80 and lo_80 <= forecast and forecast <= hi_80 and hi_80 <= hi_95)",
                (*_GRAIN, "lo_80", "forecast", "hi_80"),
            ),
            RowRule(
                "a probability is one, and days until breach are not negative",
                "coalesce(breach_probability between 0 and 1, true) and coalesce(days_until_breach >= 0, true)",
                (*_GRAIN, "breach_probability", "days_until_breach"),
            ),
            RowRule(
                "a cost that has used up its limit is breached, and nothing else is",
                "standing in ('in order', 'at risk', 'breached', 'unknown') and (measure not like '%cost' or "
                "(standing = 'breached') = (actual >= budget_limit)) and (standing = 'unknown') = (actual is null)",
                (*_GRAIN, "actual", "budget_limit", "standing"),
            ),
            RowRule(
                "the run date and the period are of days in order",
                "strftime(run_date, '%Y-%m') = billing_period and period_first <= period_last",
                (*_GRAIN, "period_last"),
            ),
        ),
        scope=given.months,
    )
