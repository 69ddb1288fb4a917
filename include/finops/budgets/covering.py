"""Forecasts of ``mart_forecast_totals`` that cover a budget: of the same charges, month and run date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from finops.budgets.models import Task
from finops.core.sql import compose
from finops.stores.published import Publication

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE = "mart_forecast_totals"
_DIMENSIONS = ("provider", "cost_center", "ai_project", "ai_model", "service_name")
_ALL = "(all)"


@dataclass(frozen=True, slots=True)
class Covering:
    """The forecast of a whole month by the forecasting engine: mean, and its deviation below and above."""

    mean: float
    low: float
    high: float


def read(
    connection: DuckDBPyConnection, version: Publication, tasks: Sequence[Task], run_date: date
) -> dict[int, Covering]:
    """Return the forecasts by the number of the task. Budgets of other scopes or periods have none.

    A budget of a cost centre's direct and shared cost has none either: forecasts are of direct cost.
    """
    if TABLE not in version.marts:
        return {}
    query = """
        select billing_currency, provider, cost_center, ai_project, ai_model, service_name, first_day, last_day,
            mean::double, (mean - lo_80)::double / 1.2816, (hi_80 - mean)::double / 1.2816
        from mart_forecast_totals
        where billing_period = {month} and run_date = {run_date}::date and period = 'month'
    """
    rows = connection.execute(compose(query, month=f"{run_date:%Y-%m}", run_date=str(run_date))).fetchall()
    known = {tuple(row[:8]): Covering(*row[8:]) for row in rows}
    found = {}
    for number, task in enumerate(tasks):
        scope = dict(task.line.scope)
        if task.line.is_allocated or any(name not in _DIMENSIONS or len(v) > 1 for name, v in scope.items()):
            continue
        key = (task.line.currency, *(scope.get(name, (_ALL,))[0] for name in _DIMENSIONS))
        if covering := known.get((*key, task.span.first, task.span.last)):
            found[number] = covering
    return found
