"""The tables of the page of forecasts: totals of teams, days that are not whole, and the scorecard in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finops.core.money import digits_of, rounded
from finops.forecasting.models import ALL, TEAM, TOTAL
from finops.forecasting.scorecard import OURS
from finops.forecasting.shown import Shown
from finops.pages import wording
from finops.pages.figures import Cell, Row, Table

_LEVELS = {
    TOTAL: "Everything together",
    TEAM: "Teams",
    "provider": "Providers",
    "cost_center": "Teams by provider",
    "ai_project": "Projects",
    "ai_model": "Models",
    "service_name": "Services of each model",
}
_MODELS = {
    OURS: ("This forecast", "a combination, weighed by what was best before"),
    "last_value": ("The same as yesterday", "last value"),
    "seasonal_naive": ("The same as a week ago", "seasonal naive"),
    "usual_value": ("The usual of that weekday", "median of recent weeks"),
    "usual_value_at_level": ("The usual of that weekday, at today's level", "median of recent weeks, scaled"),
    "ridge_from_last": ("Learned from all series, from today's level", "ridge regression on changes"),
    "boosting": ("Boosted trees", "gradient boosting over all series"),
    "boosting_from_best": ("Boosted trees, from the best simple rule", "gradient boosting on what that misses"),
    "reverting": ("Back to the usual level", "mean reversion"),
    "season_with_drift": ("A week ago, with its trend", "seasonal naive with drift"),
    "recent_level": ("The level of recent days", "recent level"),
    "theta": ("Theta", "trend and level, halved"),
    "damped_trend": ("A trend that fades", "damped trend"),
    "ridge": ("Learned from all series", "ridge regression"),
    "linear_regression": ("A straight line", "linear regression on day numbers"),
    "naive2": ("Yesterday with a weekly rhythm", "naive 2"),
}


def of_currency(found: Shown, currency: str) -> tuple[Table, ...]:
    """Return a currency's tables in the order of the page; those that have no rows are left out."""
    tables = (_teams(found, currency), _open_days(found, currency), _levels(found, currency), _models(found, currency))
    return tuple(each for each in tables if each.rows)


def month_error(found: Shown, currency: str) -> float | None:
    """Return by what part month totals of everything were off when forecast in mid-month; None where not known."""
    rows = [row for row in _scores(found, currency, OURS) if row["level"] == TOTAL]
    error: float | None = rows[0]["month_error"] if rows else None
    return error


def _teams(found: Shown, currency: str) -> Table:
    digits = digits_of(currency)
    by_series: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in found.totals:
        if row["billing_currency"] == currency:
            by_series.setdefault((row["level"], row["series"]), {})[row["period"]] = row
    rows = {key: _team(periods, digits) for key, periods in by_series.items()}
    total = rows.pop((TOTAL, TOTAL), None)
    return Table(
        f"totals-{currency}",
        "Month totals by team",
        f"effective cost in {currency}; what was spent, and what is expected of the rest",
        ("Team", "Expected this month", "80 % sure", "Spent so far", "Next 30 days", "Next 90 days"),
        tuple(Row(wording.name(series), cells) for (_, series), cells in sorted(rows.items())),
        None if total is None else Row("Total", total),
    )


def _team(periods: dict[str, dict[str, Any]], digits: int) -> tuple[Cell, ...]:
    month = periods["month"]
    return (
        _money(month["mean"], digits),
        _range(month, 80, digits),
        _money(month["actual_cost"], digits),
        _money(periods["30 days"]["mean"], digits),
        _money(periods["90 days"]["mean"], digits),
    )


def _money(amount: Decimal, digits: int) -> Cell:
    return Cell.money(rounded(amount, digits), digits)


def _range(row: dict[str, Any], level: int, digits: int) -> Cell:
    """Return bounds in whole currency units, which says enough of something that is not sure."""
    low, high = (f"{round(row[f'{side}_{level}']):,}".replace("-", wording.MINUS) for side in ("lo", "hi"))
    return Cell.text(f"{low} – {high}")


def _open_days(found: Shown, currency: str) -> Table:
    digits = digits_of(currency)
    rows = [row for row in found.nowcasts if row["billing_currency"] == currency]
    return Table(
        f"nowcasts-{currency}",
        "Days that may not be whole yet",
        f"usage cost in {currency}; what has arrived, and what the day is expected to cost in the end",
        ("Day", "Estimated in the end", "Arrived", "Part arrived", "95 % sure"),
        tuple(
            Row(
                f"{wording.day(row['charge_date'])}, {wording.name(row['provider'])}",
                (
                    _money(row["estimated_cost"], digits),
                    _money(row["seen_cost"], digits),
                    Cell.share(None if row["completeness"] is None else Decimal(str(row["completeness"]))),
                    _range(row, 95, digits),
                ),
            )
            for row in rows
        ),
    )


def _scores(found: Shown, currency: str, model: str | None = None) -> list[dict[str, Any]]:
    return [
        row for row in found.scores if row["billing_currency"] == currency and (model is None or row["model"] == model)
    ]


def _levels(found: Shown, currency: str) -> Table:
    order = list(_LEVELS)
    ours = [row for row in _scores(found, currency, OURS) if row["level"] in order]
    ours.sort(key=lambda row: (order.index(row["level"]), row["cost_center"] != ALL, row["cost_center"]))
    return Table(
        f"scores-{currency}",
        "Scorecard: how good these forecasts are",
        f"spend in {currency}; of past days that were forecast from what was known before them",
        (
            "What was forecast",
            "Month off by",
            "Days off by",
            "Against last week",
            "Leans",
            "Within 80 %",
            "Within 95 %",
            "Earlier months",
        ),
        tuple(Row(_named(row), _score(row), f"{row['series_count']:,} series") for row in ours),
    )


def _named(row: dict[str, Any]) -> str:
    return _LEVELS[row["level"]] if row["cost_center"] == ALL else f"Team {wording.name(row['cost_center'])}"


def _score(row: dict[str, Any]) -> tuple[Cell, ...]:
    return (
        _share(row["month_error"]),
        _share(row["smape"] / 100),
        _plain(row["mase"]),
        Cell.text(_leaning(row["bias"])),
        _share(row["coverage_80"]),
        _share(row["coverage_95"]),
        _share(row["promise_error"]),
    )


def _models(found: Shown, currency: str) -> Table:
    rows = [row for row in _scores(found, currency) if row["level"] == TOTAL and row["cost_center"] == ALL]
    rows.sort(key=lambda row: (row["model"] != OURS, row["mase"] is None, row["mase"]))
    return Table(
        f"models-{currency}",
        "Against simpler methods",
        f"everything together, in {currency}; the smaller, the better",
        ("Method", "Against last week", "Days off by", "Month off by", "Leans"),
        tuple(
            Row(
                _method(row["model"])[0],
                (
                    _plain(row["mase"]),
                    _share(row["smape"] / 100),
                    _share(row["month_error"]),
                    Cell.text(_leaning(row["bias"])),
                ),
                _method(row["model"])[1],
            )
            for row in rows
        ),
    )


def _method(model: str) -> tuple[str, str]:
    """Return what a model is called, and how experts call it; one that has no words here is called by its name."""
    return _MODELS.get(model, (model.replace("_", " ").capitalize(), ""))


def _leaning(bias: float | None) -> str | None:
    """Return whether forecasts were too high or too low, in words."""
    if bias is None:
        return None
    if abs(bias) < 0.0005:
        return "neither way"
    return f"{abs(bias) * 100:.1f} % {'high' if bias > 0 else 'low'}"


def _share(part: float | None) -> Cell:
    return Cell.share(None if part is None else Decimal(str(round(part, 6))))


def _plain(number: float | None) -> Cell:
    return Cell.text(None if number is None else f"{number:.2f}")
