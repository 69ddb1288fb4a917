"""What became of closed months: pure sums that telescope.

For a closed month, whatever was restated how often: its frozen rows + every adjustment that a later closed month has
shown + the adjustments shown in the open month now = its rows as they are published now, exactly and line by line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal

from finops.chargeback.statement.facts import Adjustment, Charge, Origin
from finops.core.money import exact_sum
from finops.core.periods import BillingPeriod

Key = tuple[str, str, str, str, str, str]


def adjustments(
    period: BillingPeriod,
    frozen: Iterable[Charge],
    published: Iterable[Charge],
    shown: Iterable[Adjustment],
    origin_of: Callable[[str], Origin],
) -> tuple[Adjustment, ...]:
    """Return what is published of a closed month less what statements of closed months have shown of it.

    ``shown`` are the adjustments to it in statements that are closed. ``origin_of`` gives a provider's origin.
    """
    effective: dict[Key, list[Decimal]] = defaultdict(list)
    billed: dict[Key, list[Decimal]] = defaultdict(list)
    rows_now: Iterable[Charge | Adjustment] = published
    for rows, is_taken_off in ((rows_now, False), (frozen, True), (shown, True)):
        for row in rows:
            # Negated as it is: arithmetic would round to the context's 28 digits.
            effective[_key(row)].append(row.effective_cost.copy_negate() if is_taken_off else row.effective_cost)
            billed[_key(row)].append(row.billed_cost.copy_negate() if is_taken_off else row.billed_cost)
    found = []
    for key in sorted(effective):
        amounts = exact_sum(effective[key]), exact_sum(billed[key])
        if any(amounts):
            _, provider, *_ = key
            found.append(Adjustment(period, *key, *amounts, origin_of(provider)))
    return tuple(found)


def shows_adjustments_of(
    period: BillingPeriod, published: Collection[BillingPeriod], closed: Collection[BillingPeriod]
) -> BillingPeriod | None:
    """Return the first open month after a closed one: the one whose statements show what became of it."""
    return min((each for each in published if each > period and each not in closed), default=None)


def _key(row: Charge | Adjustment) -> Key:
    bill = (row.cost_center, row.provider, row.billing_currency)
    return (*bill, row.service_category, row.service_name, row.charge_category)
