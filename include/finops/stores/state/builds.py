"""The record of builds: which ran and how they ended, and what each published month was built from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select, update

from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.stores.state import tables as t
from finops.stores.state.store import upsert


@dataclass(frozen=True, slots=True)
class Built:
    """What a (provider, billing period) was last built from, and the build and moment of its publication."""

    input_digest: str
    build_id: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Build:
    """One run of a build. ``outcome``: running, published, refused or failed."""

    build_id: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    detail: str


def start_build(connection: Connection, build_id: str) -> None:
    """Record that a build has begun."""
    connection.execute(insert(t.builds).values(build_id=build_id, started_at=datetime.now(UTC), outcome="running"))


def finish_build(connection: Connection, build_id: str, outcome: str, detail: str = "") -> None:
    """Record how a build ended: ``published``, ``refused`` by the gate, or ``failed``."""
    b = t.builds
    connection.execute(
        update(b).where(b.c.build_id == build_id).values(finished_at=datetime.now(UTC), outcome=outcome, detail=detail)
    )


def is_running(connection: Connection, build_id: str) -> bool:
    """Tell whether a build has begun and is neither published, refused nor failed."""
    b = t.builds
    query = select(b.c.build_id).where(b.c.build_id == build_id, b.c.finished_at.is_(None))
    return connection.execute(query).first() is not None


def mark_built(connection: Connection, build_id: str, digests: Mapping[tuple[Provider, BillingPeriod], str]) -> None:
    """Record what each published (provider, billing period) was built from: the digest its build began with.

    A delivery that landed meanwhile has another digest, so its period stays pending. What was held back no longer is.
    """
    b, h = t.built_periods, t.held_back_periods
    for (provider, period), digest in digests.items():
        key = {"provider": provider, "billing_period": str(period)}
        upsert(connection, b, key, {"input_digest": digest, "build_id": build_id})
        connection.execute(delete(h).where(h.c.provider == provider, h.c.billing_period == str(period)))


def last_built(connection: Connection, provider: Provider, period: BillingPeriod) -> Built | None:
    """Return what is known of a pair's last publication; None when it was never published."""
    p, b = t.built_periods, t.builds
    query = (
        select(p.c.input_digest, p.c.build_id, b.c.finished_at)
        .join(b, b.c.build_id == p.c.build_id)
        .where(p.c.provider == provider, p.c.billing_period == str(period), b.c.finished_at.is_not(None))
    )
    row = connection.execute(query).first()
    return None if row is None else Built(row.input_digest, row.build_id, row.finished_at)


def published_by(connection: Connection) -> dict[str, str]:
    """Return the build that last published each ``provider/YYYY-MM``."""
    rows = connection.execute(select(t.built_periods))
    return {f"{row.provider}/{row.billing_period}": row.build_id for row in rows}


def builds(connection: Connection, limit: int = 5) -> list[Build]:
    """Return the last builds, newest first."""
    b = t.builds
    rows = connection.execute(select(b).order_by(b.c.started_at.desc()).limit(limit))
    return [Build(**row._mapping) for row in rows]


def last_builds(connection: Connection) -> dict[BillingPeriod, list[Build]]:
    """Return, for each month, the builds by which its providers' charges were last published."""
    p, b = t.built_periods, t.builds
    found: dict[BillingPeriod, list[Build]] = defaultdict(list)
    for row in connection.execute(select(p.c.billing_period, b).join(b, b.c.build_id == p.c.build_id)):
        values = dict(row._mapping)
        found[BillingPeriod.parse(values.pop("billing_period"))].append(Build(**values))
    return found


def began(connection: Connection, build_ids: Collection[str]) -> dict[str, datetime]:
    """Return when each of these builds began; those that are not recorded are left out."""
    b = t.builds
    query = select(b.c.build_id, b.c.started_at).where(b.c.build_id.in_(build_ids))
    return {row.build_id: row.started_at for row in connection.execute(query)}
