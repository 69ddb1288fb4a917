"""Which statements were delivered where."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, select

from finops.core.periods import BillingPeriod
from finops.stores.state.store import upsert
from finops.stores.state.tables import statement_deliveries as d


def delivered(connection: Connection, period: BillingPeriod) -> dict[tuple[str, str], str]:
    """Return, by audience's folder and target, the digest of what was last delivered of a billing period."""
    query = select(d.c.audience, d.c.target, d.c.digest).where(d.c.billing_period == str(period))
    return {(row.audience, row.target): row.digest for row in connection.execute(query)}


def record(connection: Connection, period: BillingPeriod, audience: str, target: str, digest: str) -> None:
    """Note what a target now has of an audience's statements."""
    key = {"billing_period": str(period), "audience": audience, "target": target}
    upsert(connection, d, key, {"digest": digest, "delivered_at": datetime.now(UTC)})
