"""The effective cost of each day, by provider."""

from __future__ import annotations

from collections import defaultdict

from finops.chargeback.statement import rounding
from finops.chargeback.statement.scope import Scope, sums
from finops.pages.figures import Day


def of(scope: Scope) -> tuple[Day, ...]:
    """Return the days with charges, in their order; they add up to the section's total."""
    amounts = sums(scope.daily, lambda d: (d.charge_date.isoformat(), d.provider), "effective_cost")
    cents = rounding.apportion_amounts(amounts, scope.total.effective, scope.digits)
    by_day: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for day, provider in sorted(cents):
        by_day[day].append((provider, cents[day, provider]))
    dates = {d.charge_date.isoformat(): d.charge_date for d in scope.daily}
    return tuple(Day(dates[day], tuple(parts)) for day, parts in by_day.items())
