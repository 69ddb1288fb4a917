"""What changed between two moments of a billing month. Amounts are exact, in ``billing_currency``."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.stores.snapshots import Snapshot, SnapshotDelivery

GRAIN = ("provider", "billing_currency", "sub_account_id", "service_name", "cost_center", "charge_category")
"""The columns that identify a change. An account is known by its id: a new name is no change of cost."""

AMOUNTS = ("billed_before", "billed_after", "billed_change", "effective_before", "effective_after", "effective_change")
"""What ``Amounts`` holds, in the order of reports."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Billed and effective cost before and after; zero where there is none."""

    billed_before: Decimal
    billed_after: Decimal
    effective_before: Decimal
    effective_after: Decimal

    @property
    def billed_change(self) -> Decimal:
        """What was added to the billed cost; negative when it fell."""
        return self.billed_after - self.billed_before

    @property
    def effective_change(self) -> Decimal:
        """What was added to the effective cost; negative when it fell."""
        return self.effective_after - self.effective_before


@dataclass(frozen=True, slots=True)
class Change:
    """One combination of ``GRAIN`` whose billed or effective cost changed. The account's name is its newest."""

    provider: Provider
    billing_currency: str
    sub_account_id: str
    sub_account_name: str
    service_name: str
    cost_center: str
    charge_category: str
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """The month's cost from one provider in one currency; its change is the exact sum of the changes listed."""

    provider: Provider
    billing_currency: str
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class ReplacedDelivery:
    """A source whose delivery was replaced by another, came (``before`` is None) or went (``after`` is None)."""

    source: str
    before: SnapshotDelivery | None
    after: SnapshotDelivery | None

    @property
    def is_same(self) -> bool:
        """Whether both are one delivery."""
        return bool(self.before and self.after and self.before.delivery_id == self.after.delivery_id)


@dataclass(frozen=True, slots=True)
class ReplacedSnapshot:
    """One provider's snapshot that took the place of another. ``before`` is None when it was the provider's first."""

    before: Snapshot | None
    after: Snapshot

    @property
    def deliveries(self) -> list[ReplacedDelivery]:
        """The deliveries that differ, by source; none when the same deliveries were built again."""
        old = {each.source: each for each in (self.before.deliveries if self.before else ())}
        new = {each.source: each for each in self.after.deliveries}
        pairs = (ReplacedDelivery(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys()))
        return [each for each in pairs if not each.is_same]


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in a month between two sets of snapshots.

    ``totals`` are by provider and currency, changed or not. ``changes`` are by currency, the largest change first:
    amounts of different currencies have no order.
    """

    billing_period: BillingPeriod
    replaced: tuple[ReplacedSnapshot, ...]
    totals: tuple[MonthTotal, ...]
    changes: tuple[Change, ...]
