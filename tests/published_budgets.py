"""Rows of budgets as they are published, made by hand: what a test does not name is plain."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal
from typing import Any

from finops.budgets.tables import BUDGETS, PROPOSALS
from finops.stores.results import ResultTable


def _kinds(table: ResultTable) -> str:
    return ", ".join(f"{each.name} {each.kind}" for each in table.columns)


BUDGETS_KINDS, PROPOSALS_KINDS = _kinds(BUDGETS), _kinds(PROPOSALS)


def budget(
    name: str,
    *,
    limit: float = 100,
    actual: float = 0,
    forecast: float,
    adjusted: float | None = None,
    spread: float = 0,
    currency: str = "USD",
    run_date: str = "2025-06-16",
) -> dict[str, Any]:
    """Return a budget of the run date's month. ``spread`` is from the forecast to either bound of 80 %."""
    day = date.fromisoformat(run_date)
    first = day.replace(day=1)
    amounts = {"amount": limit, "rolled_over": 0, "budget_limit": limit, "actual": actual, "late": 0}
    amounts |= {"forecast": forecast, "adjusted_forecast": forecast if adjusted is None else adjusted}
    amounts |= {"lo_80": forecast - spread, "hi_80": forecast + spread}
    amounts |= {"lo_95": forecast - 2 * spread, "hi_95": forecast + 2 * spread}
    amounts |= {"run_rate": 1, "even_spend": limit / 2, "variance": actual - limit / 2}
    amounts["forecast_variance"] = forecast - limit
    is_breached = actual >= limit
    return {
        **{"billing_period": f"{day:%Y-%m}", "billing_currency": currency, "run_date": day, "budget": name},
        **{"period_first": first, "period_last": _last_of_month(day), "per": "month", "name": name},
        **{"parent": "", "depth": 0, "measure": "direct cost", "scope": "all charges", "owner": "", "channel": ""},
        **{each: Decimal(repr(value)) for each, value in amounts.items()},
        "used_share": actual / limit,
        "breach_probability": float(forecast >= limit),
        "days_until_breach": 0 if is_breached else None,
        "standing": "breached" if is_breached else "in order",
        **{"reached": "", "method": "run-rate", "other_currencies": ""},
    }


def proposal(name: str, action: str, *, run_date: str = "2025-06-16") -> dict[str, Any]:
    """Return a proposal of an action for a budget of the run date's month."""
    day = date.fromisoformat(run_date)
    return {
        **{"billing_period": f"{day:%Y-%m}", "billing_currency": "USD", "run_date": day, "budget": name},
        **{"period_first": day.replace(day=1), "action": action, "threshold": "forecast 100", "owner": ""},
        **{"proposal": f"{action} is proposed", "status": "proposed", "documents": ""},
        **{"period_last": _last_of_month(day), "scope": "{}"},
    }


def _last_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def budget_row(name: str, **given: Any) -> tuple[Any, ...]:
    """Return ``budget`` in the order of the table's columns."""
    found = budget(name, **given)
    return tuple(found[each.name] for each in BUDGETS.columns)


def proposal_row(name: str, action: str, **given: Any) -> tuple[Any, ...]:
    """Return ``proposal`` in the order of the table's columns."""
    found = proposal(name, action, **given)
    return tuple(found[each.name] for each in PROPOSALS.columns)
