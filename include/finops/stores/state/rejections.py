"""Deliveries that were rejected, and until when the reason stood (table ``delivery_attempts``)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select, update

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
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
    number: int = 0
    """Names it to whoever dismisses it."""


def record(
    connection: Connection,
    *,
    provider: Provider,
    source: str,
    period: BillingPeriod | None,
    fingerprint: str | None,
    outcome: str,
    reason: str,
) -> bool:
    """Record a delivery that was rejected (``waiting``, ``quarantined`` or ``refused``) and why.

    The same reason met again while it stands is not a second rejection: ``since`` stays. Return False where somebody
    dismissed it: it does not come back while it is the same files that are rejected for the same reason.
    """
    values = {
        "provider": provider,
        "source": source,
        "billing_period": None if period is None else str(period),
        "outcome": outcome,
        "reason": reason,
    }
    is_same = [a.c[name].is_(None) if value is None else a.c[name] == value for name, value in values.items()]
    same_files = a.c.fingerprint.is_(None) if fingerprint is None else a.c.fingerprint == fingerprint
    if connection.execute(select(a.c.attempt_id).where(*is_same, same_files, a.c.dismissed_by.is_not(None))).first():
        return False
    if connection.execute(select(a.c.attempt_id).where(*is_same, a.c.resolved_at.is_(None))).first() is None:
        connection.execute(insert(a).values(**values, fingerprint=fingerprint, attempted_at=datetime.now(UTC)))
    return True


def resolve(
    connection: Connection, provider: Provider, source: str, period: BillingPeriod | None, *, keep: Collection[str] = ()
) -> None:
    """Close the rejections of a source and period, but for those whose reason is in ``keep``."""
    is_period = a.c.billing_period.is_(None) if period is None else a.c.billing_period == str(period)
    is_open = (a.c.provider == provider, a.c.source == source, is_period, a.c.resolved_at.is_(None))
    query = update(a).where(*is_open, a.c.reason.not_in(list(keep)))
    connection.execute(query.values(resolved_at=datetime.now(UTC)))


def standing(connection: Connection) -> list[Rejection]:
    """Return what waits, is quarantined or refused, oldest first."""
    query = select(a).where(a.c.resolved_at.is_(None)).order_by(a.c.attempted_at, a.c.attempt_id)
    found = []
    for row in connection.execute(query):
        period = None if row.billing_period is None else BillingPeriod.parse(row.billing_period)
        provider = Provider(row.provider)
        values = (row.outcome, row.reason, row.attempted_at, row.attempt_id)
        found.append(Rejection(provider, row.source, period, *values))
    return found


def dismiss(connection: Connection, number: int, *, by: str, why: str) -> Rejection:
    """Take a rejection off the list of those that stand, on somebody's word. Raise BadInput where it has none."""
    found = next((each for each in standing(connection) if each.number == number), None)
    if found is None:
        raise BadInput(f"no rejection with the number {number} stands; `finops status` lists them")
    values = {"resolved_at": datetime.now(UTC), "dismissed_by": by, "dismissal_reason": why}
    connection.execute(update(a).where(a.c.attempt_id == number).values(**values))
    return found
