"""The ledger of telemetry: which day of which source has landed, which delivery is current, which files were read.

Exactly one delivery of a (source, kind, day) is current; a newer one takes its place in the transaction that writes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Row, func, select, update

from finops.core.telemetry import TelemetryKind
from finops.stores.state.store import upsert
from finops.stores.state.tables import telemetry_deliveries as d
from finops.stores.state.tables import telemetry_files as f


@dataclass(frozen=True, slots=True)
class TelemetryDelivery:
    """What one source said of one kind and one day (UTC) at one time. ``files`` are pairs of name and sha256."""

    delivery_id: str
    source: str
    kind: TelemetryKind
    day: date
    relative_path: str
    sha256: str
    byte_count: int
    row_count: int
    files: tuple[tuple[str, str], ...]
    landed_at: datetime


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file of a source as it was when it was read. ``set_apart`` rows lie in the future and have not landed."""

    file: str
    byte_count: int
    modified_ns: int
    sha256: str
    row_count: int
    set_apart: int
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """What has landed of one source and kind: its current days, and the rows of the landed files. Without any: None."""

    source: str
    kind: TelemetryKind
    days: int
    oldest_day: date | None
    newest_day: date | None
    row_count: int
    set_apart: int
    landed_at: datetime | None


def current(connection: Connection, source: str, kind: TelemetryKind) -> dict[date, TelemetryDelivery]:
    """Return the current deliveries of a source by day."""
    query = select(d).where(d.c.source == source, d.c.kind == kind.value, d.c.replaced_at.is_(None))
    found = (_delivery(row) for row in connection.execute(query))
    return {each.day: each for each in found}


def all_current(connection: Connection) -> list[TelemetryDelivery]:
    """Return every current delivery, in the order of kind, source and day."""
    query = select(d).where(d.c.replaced_at.is_(None)).order_by(d.c.kind, d.c.source, d.c.day)
    return [_delivery(row) for row in connection.execute(query)]


def record(connection: Connection, delivery: TelemetryDelivery) -> None:
    """Write a delivery, or the one of the same contents that was there before, and make it current."""
    same_day = (d.c.source == delivery.source, d.c.kind == delivery.kind.value, d.c.day == str(delivery.day))
    replaced = update(d).where(*same_day, d.c.replaced_at.is_(None), d.c.delivery_id != delivery.delivery_id)
    connection.execute(replaced.values(replaced_at=delivery.landed_at))
    values = asdict(delivery) | {"kind": delivery.kind.value, "day": str(delivery.day), "replaced_at": None}
    values["files"] = [list(each) for each in delivery.files]
    upsert(connection, d, {"delivery_id": values.pop("delivery_id")}, values)


def files(connection: Connection, source: str, kind: TelemetryKind) -> dict[str, ReadFile]:
    """Return the files of a source that were read, by name."""
    query = select(f).where(f.c.source == source, f.c.kind == kind.value)
    return {row.file: _file(row) for row in connection.execute(query)}


def remember(connection: Connection, source: str, kind: TelemetryKind, read: Iterable[ReadFile]) -> None:
    """Note files whose days have landed, so that the next run leaves them closed."""
    for each in read:
        key = {"source": source, "kind": kind.value, "file_key": hashlib.sha256(each.file.encode()).hexdigest()}
        upsert(connection, f, key, asdict(each) | {"days": [str(day) for day in each.days]})


def holdings(connection: Connection) -> list[Holding]:
    """Return what has landed of every source and kind, in the order of their names."""
    apart = select(f.c.source, f.c.kind, func.sum(f.c.set_apart)).group_by(f.c.source, f.c.kind)
    set_apart = {(row[0], row[1]): int(row[2]) for row in connection.execute(apart)}
    figures = (
        func.count().label("days"),
        func.min(d.c.day).label("oldest_day"),
        func.max(d.c.day).label("newest_day"),
        func.sum(d.c.row_count).label("row_count"),
        func.max(d.c.landed_at).label("landed_at"),
    )
    query = select(d.c.source, d.c.kind, *figures).where(d.c.replaced_at.is_(None))
    query = query.group_by(d.c.source, d.c.kind).order_by(d.c.source, d.c.kind)
    return [
        Holding(
            row.source,
            TelemetryKind(row.kind),
            row.days,
            date.fromisoformat(row.oldest_day),
            date.fromisoformat(row.newest_day),
            int(row.row_count),
            set_apart.get((row.source, row.kind), 0),
            row.landed_at,
        )
        for row in connection.execute(query)
    ]


def _delivery(row: Row) -> TelemetryDelivery:
    values = {name: getattr(row, name) for name in TelemetryDelivery.__slots__}
    values |= {"kind": TelemetryKind(row.kind), "day": date.fromisoformat(row.day)}
    return TelemetryDelivery(**values | {"files": tuple((name, digest) for name, digest in row.files)})


def _file(row: Row) -> ReadFile:
    values = {name: getattr(row, name) for name in ReadFile.__slots__}
    return ReadFile(**values | {"days": tuple(date.fromisoformat(day) for day in row.days)})
