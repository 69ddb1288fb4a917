"""What each (provider, billing period) is to be built from, and which of them are pending."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace

from sqlalchemy import Connection, and_, select

from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.stores.state import ledger
from finops.stores.state import tables as t
from finops.stores.state.ledger import Delivery


@dataclass(frozen=True, slots=True)
class PeriodInput:
    """What a (provider, billing period) is to be built from: every source's current delivery."""

    provider: Provider
    billing_period: BillingPeriod
    deliveries: tuple[Delivery, ...]

    @property
    def digest(self) -> str:
        """Digest of the delivery ids, in their order; changes when any is replaced, added or gone."""
        ids = "\n".join(sorted(d.delivery_id for d in self.deliveries))
        return hashlib.sha256(ids.encode()).hexdigest()

    @property
    def missing_half(self) -> str | None:
        """Which of Azure's two exports is missing; None when neither or both are.

        Usage comes from the amortized export and purchases of commitments from the actual one, so a month with only
        one of them would be wrong without looking wrong.
        """
        found = {delivery.format for delivery in self.deliveries}
        pair = {SourceFormat.AZURE_ACTUAL: "actual", SourceFormat.AZURE_AMORTIZED: "amortized"}
        lacking = [name for each, name in pair.items() if each not in found]
        return lacking[0] if len(lacking) == 1 else None


def landed(connection: Connection) -> list[PeriodInput]:
    """Return, for every (provider, billing period) that has landed, what it is to be built from."""
    grouped: dict[tuple[Provider, BillingPeriod], list[Delivery]] = defaultdict(list)
    d, c = t.deliveries, t.current_deliveries
    rows = connection.execute(select(d).join(c, c.c.delivery_id == d.c.delivery_id)).all()
    for delivery in map(ledger.of_row, rows):
        grouped[delivery.provider, delivery.billing_period].append(delivery)
    return [
        PeriodInput(provider, period, tuple(sorted(found, key=lambda each: each.source)))
        for (provider, period), found in sorted(grouped.items())
    ]


def built(connection: Connection) -> dict[tuple[Provider, BillingPeriod], str]:
    """Return, for every published (provider, billing period), the digest of the deliveries it was built from."""
    rows = connection.execute(select(t.built_periods))
    return {(Provider(row.provider), BillingPeriod.parse(row.billing_period)): row.input_digest for row in rows}


def pending(connection: Connection) -> list[PeriodInput]:
    """Return the inputs that differ from what was last built and published."""
    published = built(connection)
    return [item for item in landed(connection) if published.get((item.provider, item.billing_period)) != item.digest]


def held_back(connection: Connection) -> list[PeriodInput]:
    """Return what was held back and has neither been delivered again nor withdrawn since.

    It may be published from the same deliveries, when it was built once more after a change of rules.
    """
    h = t.held_back_periods
    held = {tuple(row) for row in connection.execute(select(h.c.provider, h.c.billing_period, h.c.input_digest))}
    return [i for i in landed(connection) if (i.provider, str(i.billing_period), i.digest) in held]


def as_published(connection: Connection, item: PeriodInput) -> PeriodInput:
    """Return the deliveries that a pair was last published from; the item as it is where no snapshot names them."""
    s, b = t.period_loads, t.built_periods
    is_last = (s.c.provider == b.c.provider, s.c.billing_period == b.c.billing_period, s.c.build_id == b.c.build_id)
    query = select(s.c.deliveries).join(b, and_(*is_last))
    query = query.where(b.c.provider == item.provider, b.c.billing_period == str(item.billing_period))
    noted = connection.execute(query).scalar() or ()
    deliveries = ledger.named(connection, [each["delivery_id"] for each in noted])
    return replace(item, deliveries=tuple(deliveries)) if deliveries else item


def due(connection: Connection) -> list[PeriodInput]:
    """Return the work that a build has: what is pending and not held back."""
    held = held_back(connection)
    return [item for item in pending(connection) if item not in held]


def with_files(connection: Connection, items: list[PeriodInput]) -> list[PeriodInput]:
    """Return the same inputs with their deliveries' files and totals filled in."""
    ids = [d.delivery_id for item in items for d in item.deliveries]
    rows = connection.execute(select(t.deliveries).where(t.deliveries.c.delivery_id.in_(ids))).all()
    full = {d.delivery_id: d for d in ledger.with_parts(connection, rows)}
    return [PeriodInput(i.provider, i.billing_period, tuple(full[d.delivery_id] for d in i.deliveries)) for i in items]
