"""Cost centres' monthly amounts count direct and shared cost, as their statements have it: ``mart_allocated_costs``.

Shared cost has no day. For the burn-down and the forecast it lies on the days of its month as the whole bill of the
currency does; the month's sum is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.budgets.models import Task
from finops.core.sql import compose
from finops.policy.budgets import Line
from finops.stores.published import Publication

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection

Amounts = dict[tuple[str, str, str], Decimal]
"""(month, cost centre, currency) → what is charged to it, direct and shared."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What months charge to cost centres, and what the whole bill was by currency and day."""

    amounts: Amounts
    bill: dict[str, dict[date, float]]


def read(connection: DuckDBPyConnection, version: Publication, lines: Sequence[Line], since: date) -> Shared:
    """Return what is needed of the months from ``since`` on; nothing where no budget counts shared cost."""
    if not any(each.is_allocated for each in lines) or "mart_allocated_costs" not in version.marts:
        return Shared({}, {})
    query = """
        select billing_period, cost_center, billing_currency, cast(sum(effective_cost) as decimal(38, 12))
        from mart_allocated_costs where billing_period >= {month} group by all
    """
    rows = connection.execute(compose(query, month=f"{since:%Y-%m}")).fetchall()
    bill: dict[str, dict[date, float]] = {}
    query = "select billing_currency, charge_date, sum(amount)::double from daily group by all"
    for currency, day, amount in connection.execute(query).fetchall():
        bill.setdefault(currency, {})[day] = amount
    return Shared({(month, owner, currency): amount for month, owner, currency, amount in rows}, bill)


def spread_over_days(
    lines: Sequence[Line], shared: Shared, usage: np.ndarray, calendar: np.ndarray, since: date
) -> None:
    """Add shared cost to the days of the budgets that count it. It counts as use: the pools are of use."""
    import numpy as np

    months: dict[str, list[int]] = {}
    for number in range(usage.shape[1]):
        months.setdefault(f"{since + timedelta(days=number):%Y-%m}", []).append(number)
    for row, line in enumerate(lines):
        if not line.is_allocated:
            continue
        owner, bill = dict(line.scope)["cost_center"][0], shared.bill.get(line.currency, {})
        for month, days in months.items():
            whole = shared.amounts.get((month, owner, line.currency))
            if whole is None or since > date.fromisoformat(f"{month}-01"):
                continue
            direct = float(usage[row, days].sum() + calendar[row, days].sum())
            weight = np.array([max(bill.get(since + timedelta(days=number), 0.0), 0.0) for number in days])
            if weight.sum() > 0:
                usage[row, days] += (float(whole) - direct) * weight / weight.sum()


def exact(tasks: Sequence[Task], shared: Shared, direct: Sequence[Decimal]) -> list[Decimal]:
    """Return what was charged per task: with shared cost where the budget counts it, as in ``mart_budget_use``."""
    found = []
    for task, amount in zip(tasks, direct, strict=True):
        if task.line.is_allocated:
            key = (f"{task.span.first:%Y-%m}", dict(task.line.scope)["cost_center"][0], task.line.currency)
            amount = shared.amounts.get(key, Decimal(0))
        found.append(amount)
    return found
