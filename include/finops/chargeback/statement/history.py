"""What was charged in the months that end with a statement's own: the cents that each month's statements showed.

Direct and shared cost of a month are rounded as its own statements round them: the company's once, the cost centres'
out of it. Adjustments to closed months are not in it: they are neither the month's nor last month's cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from finops.chargeback.statement import rounding
from finops.chargeback.statement.facts import Adjustment, ChargedCost, PublishedMonth
from finops.chargeback.statement.models import MonthCharged
from finops.core.money import digits_of, exact_sum, rounded
from finops.core.periods import BillingPeriod

Owner = str | None
"""A cost centre; None for the whole company."""


class Histories:
    """The months of every currency and owner, rounded once."""

    def __init__(self, month: PublishedMonth) -> None:
        self.months = sorted({each.billing_period for each in month.history})
        self._previous = month.billing_period.previous
        self._cents: dict[str, dict[BillingPeriod, dict[Owner, MonthCharged]]] = defaultdict(dict)
        groups: dict[tuple[str, BillingPeriod], list[ChargedCost]] = defaultdict(list)
        for each in month.history:
            groups[each.billing_currency, each.billing_period].append(each)
        for (currency, period), rows in groups.items():
            self._cents[currency][period] = _cents(period, rows, digits_of(currency))
        self._adjusted = _adjusted(month.previous_adjustments)

    def of(self, currency: str, owner: Owner) -> tuple[MonthCharged, ...]:
        """Return the published months, in their order; without cost in the currency, a month has none."""
        mine = self._cents[currency]
        return tuple(mine.get(each, {}).get(owner, MonthCharged(each, 0, 0)) for each in self.months)

    def previous_charged(self, currency: str, owner: Owner) -> int | None:
        """Return last month's total charged, with the adjustments it shows; None when it is not published."""
        found = next((each for each in self.of(currency, owner) if each.billing_period == self._previous), None)
        return None if found is None else found.total + self._adjusted.get((currency, owner), 0)


def _cents(period: BillingPeriod, rows: Sequence[ChargedCost], digits: int) -> dict[Owner, MonthCharged]:
    parts: list[dict[tuple[str, ...], int]] = []
    for measure in ("direct_cost", "shared_cost"):
        amounts: dict[tuple[str, ...], Decimal] = {(each.cost_center,): getattr(each, measure) for each in rows}
        parts.append(rounding.apportion_amounts(amounts, rounded(exact_sum(amounts.values()), digits), digits))
    direct, shared = parts
    found: dict[Owner, MonthCharged] = {
        owner: MonthCharged(period, direct[owner,], shared[owner,]) for (owner,) in direct
    }
    return found | {None: MonthCharged(period, sum(direct.values()), sum(shared.values()))}


def _adjusted(adjustments: Sequence[Adjustment]) -> Mapping[tuple[str, Owner], int]:
    """Return the cents of adjustments by currency and owner, as the statements that show them have them."""
    found: dict[tuple[str, Owner], int] = defaultdict(int)
    for currency in {each.billing_currency for each in adjustments}:
        mine = [each for each in adjustments if each.billing_currency == currency]
        for each, effective, _ in rounding.rounded_rows(mine, digits_of(currency), level=1):
            for owner in (each.cost_center, None):
                found[currency, owner] += effective
    return found
