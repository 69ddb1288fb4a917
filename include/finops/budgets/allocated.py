"""Cost centres' monthly amounts count direct and shared cost, as their statements have it: ``mart_allocated_costs``.

Shared cost has no day. For burn-downs and forecasts it lies on the days of its month as the whole bill of its currency
does; the month's sum is exact. As of a past run date, the days before it have their part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.budgets.models import Task
from finops.core.money import exact
from finops.core.sql import compose
from finops.policy.budgets import Line
from finops.stores.published import Publication

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection

Key = tuple[str, str, str]
"""Month, cost centre, currency."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What months charge to cost centres, direct and shared, and what of that is shared; the whole bill by day."""

    whole: dict[Key, Decimal] = field(default_factory=dict)
    shared: dict[Key, Decimal] = field(default_factory=dict)
    bill: dict[tuple[str, str], dict[date, float]] = field(default_factory=dict)

    def part(self, key: Key, days: Sequence[date]) -> list[float]:
        """Return what of the month's shared cost lies on each of these days."""
        bill, amount = self.bill.get((key[0], key[2]), {}), float(self.shared.get(key, 0))
        total = sum(bill.values())
        return [amount * bill.get(day, 0.0) / total if total > 0 else 0.0 for day in days]

    def is_before_end(self, key: Key, run_date: date) -> bool:
        """Tell whether the month has days that the run date is not told of."""
        return max(self.bill.get((key[0], key[2]), {}), default=date.min) >= run_date


def read(connection: DuckDBPyConnection, version: Publication, lines: Sequence[Line], since: date) -> Shared:
    """Return what is needed of the months from ``since`` on; nothing where no budget counts shared cost."""
    if not any(each.is_allocated for each in lines) or "mart_allocated_costs" not in version.marts:
        return Shared()
    query = """
        select billing_period, cost_center, billing_currency, cast(sum(effective_cost) as decimal(38, 12)),
            cast(coalesce(sum(effective_cost) filter (where entry_kind <> 'direct'), 0) as decimal(38, 12))
        from mart_allocated_costs where billing_period >= {month} group by all
    """
    found = Shared()
    for *key, whole, shared in connection.execute(compose(query, month=f"{since:%Y-%m}")).fetchall():
        found.whole[tuple(key)] = whole
        found.shared[tuple(key)] = shared
    query = """
        select billing_period, billing_currency, charge_date, sum(effective_cost)::double
        from fct_daily_costs where billing_period >= {month} and strftime(charge_date, '%Y-%m') = billing_period
        group by all having sum(effective_cost) > 0
    """
    for month, currency, day, amount in connection.execute(compose(query, month=f"{since:%Y-%m}")).fetchall():
        found.bill.setdefault((month, currency), {})[day] = amount
    return found


def add_to_days(lines: Sequence[Line], shared: Shared, usage: np.ndarray, since: date) -> None:
    """Add shared cost to the days of the budgets that count it. It counts as use: pools are of use."""
    days = [since + timedelta(days=number) for number in range(usage.shape[1])]
    months: dict[str, list[int]] = {}
    for number, day in enumerate(days):
        months.setdefault(f"{day:%Y-%m}", []).append(number)
    for row, line in enumerate(lines):
        if line.is_allocated:
            for month, numbers in months.items():
                usage[row, numbers] += shared.part(_key(line, month), [days[number] for number in numbers])


def amounts(tasks: Sequence[Task], shared: Shared, direct: Sequence[Decimal], run_date: date) -> list[Decimal]:
    """Return what was charged per task: with shared cost where the budget counts it, as in ``mart_budget_use``.

    Of a month that goes on after a past run date: the direct cost of the days before it, and their part of what is
    shared.
    """
    found = []
    for task, amount in zip(tasks, direct, strict=True):
        if task.line.is_allocated:
            key = _key(task.line, f"{task.span.first:%Y-%m}")
            if shared.is_before_end(key, run_date):
                days = [task.span.first + timedelta(days=n) for n in range(max((run_date - task.span.first).days, 0))]
                amount += exact(repr(round(sum(shared.part(key, days)), 6)))
            else:
                amount = shared.whole.get(key, Decimal(0))
        found.append(amount)
    return found


def _key(line: Line, month: str) -> Key:
    return month, dict(line.scope)["cost_center"][0], line.currency
