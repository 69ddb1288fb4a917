"""What is measured of a cost centre's use: the quantities of ``allocation.yml``'s drivers, GPU hours and the like."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from finops.chargeback.statement.facts import Measured
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import allocation
from finops.policy.allocation.drivers import quantities


def load(settings: Settings, period: BillingPeriod) -> tuple[Measured, ...]:
    """Return the month's quantities above zero. Raise BadInput like ``finops.policy.allocation``."""
    rules = allocation.load(settings)
    units = {driver.name: driver.unit for driver in rules.drivers}
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for each in quantities(settings, rules, [str(period)]):
        sums[each.cost_center, each.driver] += each.quantity
    return tuple(Measured(who, what, units[what], sums[who, what]) for who, what in sorted(sums) if sums[who, what])
