"""Deliveries that were rejected, and until when the reason stood (table ``delivery_attempts``)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from finops.core.formats import Provider
from finops.core.periods import BillingPeriod
from finops.stores.state.tables import delivery_attempts as a


@dataclass(frozen=True, slots=True)
class Rejection:
    """A delivery that was rejected and whose reason still stands. ``billing_period`` None: not known."""

    provider: Provider
    source: str
    billing_period: BillingPeriod | None
    outcome: str
    reason: str
    since: datetime


def record(
    connection: Connection,
    *,
    provider: Provider,
    source: str,
    period: BillingPeriod | None,
    fingerprint: str | None,
    outcome: str,
    reason: str,
) -> None:
    """Record a delivery that was rejected (``waiting``, ``quarantined`` or ``refused``) and why.

    The same reason met again while it stands is not a second rejection: ``since`` stays.
    """
    values = {
        "provider": provider.value,
        "source": source,
        "billing_period": None if period is None else str(period),
        "outcome": outcome,
        "reason": reason,
    }
    is_same = [a.c[name].is_(None) if value is None else a.c[name] == value for name, value in values.items()]
    if connection.execute(select(a.c.attempt_id).where(*is_same, a.c.resolved_at.is_(None))).first() is None:
        connection.execute(insert(a).values(**values, fingerprint=fingerprint, attempted_at=datetime.now(UTC)))


def resolve(
    connection: Connection, provider: Provider, source: str, period: BillingPeriod | None, *, keep: Collection[str] = ()
) -> None:
    """Close the rejections of a source and period, but for those whose reason is in ``keep``."""
    is_period = a.c.billing_period.is_(None) if period is None else a.c.billing_period == str(period)
    is_open = (a.c.provider == provider.value, a.c.source == source, is_period, a.c.resolved_at.is_(None))
    query = update(a).where(*is_open, a.c.reason.not_in(list(keep)))
    connection.execute(query.values(resolved_at=datetime.now(UTC)))


def standing(connection: Connection) -> list[Rejection]:
    """Return what waits, is quarantined or refused, oldest first."""
    query = select(a).where(a.c.resolved_at.is_(None)).order_by(a.c.attempted_at, a.c.attempt_id)
    found = []
    for row in connection.execute(query):
        period = None if row.billing_period is None else BillingPeriod.parse(row.billing_period)
        provider = Provider(row.provider)
        found.append(Rejection(provider, row.source, period, row.outcome, row.reason, row.attempted_at))
    return found
