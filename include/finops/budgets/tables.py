"""The tables that budgets publish, by run date, filed under its month."""

from __future__ import annotations

from finops.stores.results import ResultColumn, ResultTable

_MONEY = "decimal(38,12)"


def _text(name: str, description: str) -> ResultColumn:
    return ResultColumn(name, "varchar", description)


def _amount(name: str, description: str, *, nullable: bool = True) -> ResultColumn:
    return ResultColumn(name, _MONEY, description, nullable)


_FILED = (
    _text("billing_period", "Month (YYYY-MM) of the run date, under which the row is filed."),
    _text("billing_currency", "Currency of the budget; only charges in it count. (none) of a KPI without one."),
    ResultColumn("run_date", "date", "First day that was not known; only charges of days before it count."),
    _text("budget", "Id of the budget in budgets.yml; of a cost centre's monthly amount cost centre/currency."),
    ResultColumn("period_first", "date", "First day of the period (UTC)."),
)

BUDGETS = ResultTable(
    "mart_budgets",
    "One row per run date, budget and period: the period of the run date, the one before, and older ones in breach.",
    (
        *_FILED,
        ResultColumn("period_last", "date", "Last day of the period (UTC)."),
        _text("per", "week, month, quarter or year."),
        _text("name", "Name of the budget."),
        _text("parent", "Id of the budget above; empty where there is none."),
        ResultColumn("depth", "bigint", "Budgets above it: 0 of a root."),
        _text("measure", "direct cost, direct and shared cost, or the KPI."),
        _text("scope", "Which charges count: dimensions and their values."),
        _text("owner", "Who answers for it; empty where nobody is named."),
        _text("channel", "Channel that hears of it; empty where none is named."),
        _amount("amount", "Amount of the period; of a KPI its limit.", nullable=False),
        _amount("rolled_over", "What was left of earlier periods and is added.", nullable=False),
        _amount("budget_limit", "amount and rolled_over.", nullable=False),
        _amount("actual", "Spent before the run date, exactly; of a KPI its value. Null where nothing is measured."),
        _amount("late", "Estimate of what is still to arrive of charges before the run date.", nullable=False),
        _amount("forecast", "Expected at the end of the period."),
        _amount("lo_80", "Lower bound of the forecast with 80 % probability."),
        _amount("hi_80", "Upper bound of the forecast with 80 % probability."),
        _amount("lo_95", "Lower bound of the forecast with 95 % probability."),
        _amount("hi_95", "Upper bound of the forecast with 95 % probability."),
        _amount("adjusted_forecast", "Forecast as if no day of the last four weeks had been out of the ordinary."),
        _amount("run_rate", "Cost per day of the last 28 days; of a KPI its value over them."),
        _amount("even_spend", "What an even spend of the limit would have cost to date."),
        _amount("variance", "actual less even_spend: above zero is faster than even."),
        _amount("forecast_variance", "forecast less budget_limit: above zero is a breach to come."),
        ResultColumn("used_share", "double", "actual over budget_limit.", nullable=True),
        ResultColumn(
            "breach_probability", "double", "Probability that the period ends with the limit used up.", nullable=True
        ),
        ResultColumn(
            "days_until_breach",
            "bigint",
            "Days from the run date until the limit is expected to be used up; 0: it is; null: not in the period.",
            nullable=True,
        ),
        _text("standing", "in order, at risk, breached, or unknown where nothing is measured."),
        _text("reached", "Thresholds that are reached, by comma."),
        _text("method", "run-rate, forecast (of mart_forecast_totals), or final: nothing more is expected."),
        _text("other_currencies", "Other currencies that charges of the scope have; they do not count."),
    ),
    ("billing_period", "billing_currency", "run_date", "budget", "period_first"),
)

DAYS = ResultTable(
    "mart_budget_days",
    "One row per budget, period and day of its burn-down, by the month's last run; of long periods a day a week.",
    (
        *_FILED,
        ResultColumn("ds", "date", "Day (UTC)."),
        _amount("actual", "Spent by its end, with what is still to arrive of it; null from the run date on."),
        _amount("expected", "Expected to be spent by its end; null before the run date."),
        _amount("lo_80", "Lower bound of that with 80 % probability."),
        _amount("hi_80", "Upper bound of that with 80 % probability."),
        _amount("even_spend", "What an even spend of the limit would have cost by its end.", nullable=False),
    ),
    ("billing_period", "billing_currency", "run_date", "budget", "period_first", "ds"),
)

PROPOSALS = ResultTable(
    "mart_budget_proposals",
    "One row per run date, budget, period and action that its policy proposes. Rightsizing makes findings of them.",
    (
        *_FILED,
        ResultColumn("period_last", "date", "Last day of the period (UTC); null in rows of older releases.", True),
        _text("action", "approval, throttle, stop or deny."),
        _text("threshold", "Threshold that is reached."),
        _text("owner", "Who answers for the budget."),
        _text("proposal", "What is proposed, in words."),
        ResultColumn(
            "scope",
            "varchar",
            "JSON: which charges count, as dimensions of fct_daily_costs with their values; {} for all charges. Null "
            "in rows of older releases.",
            True,
        ),
        _text("status", "proposed."),
        _text("documents", "JSON: per cloud the document that would deny, and what it cannot express; else empty."),
    ),
    ("billing_period", "billing_currency", "run_date", "budget", "period_first", "action"),
)

TABLES: tuple[ResultTable, ...] = (BUDGETS, DAYS, PROPOSALS)
