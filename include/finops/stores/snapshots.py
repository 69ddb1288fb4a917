"""The history: a snapshot of every publication of a (provider, billing period), at the daily grain, kept for good.

A *snapshot* is the published rows of one provider and month at one publication. Its rows of ``fct_daily_costs`` are in
a file below ``history/`` that never changes; equal rows share the file of the snapshot before. Its row in the state
store (table ``period_loads``) is written in the transaction that marks the period built, so it is complete or absent.

The history is read through this module alone: it answers "what did we know then?".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection, Row, func, insert, select

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join, literal
from finops.stores import published
from finops.stores.state import tables as t

DAILY = "fct_daily_costs"
"""The mart whose rows a snapshot keeps."""

_AMOUNTS = ("billed_cost", "effective_cost")

RESOLUTION = timedelta(milliseconds=1)
"""Moments of snapshots are whole multiples of it, so that a printed moment, given back, means the same snapshot."""


@dataclass(frozen=True, slots=True)
class SnapshotDelivery:
    """A delivery that a snapshot was built from. ``produced_at``: when the provider wrote it, UTC."""

    delivery_id: str
    source: str
    produced_at: datetime
    row_count: int


@dataclass(frozen=True, slots=True)
class SnapshotTotal:
    """Exact sums over a snapshot's rows in one currency."""

    billing_currency: str
    row_count: int
    billed_cost: Decimal
    effective_cost: Decimal


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One publication of one (provider, billing period).

    ``published_at`` is in UTC, and grows from snapshot to snapshot of the same pair. ``relative_path`` counts from
    ``history/``. ``deliveries`` is empty where a publication older than this history left no note of them. ``totals``
    has one entry per currency, and none when the period was published empty.
    """

    provider: Provider
    billing_period: BillingPeriod
    build_id: str
    published_at: datetime
    input_digest: str
    deliveries: tuple[SnapshotDelivery, ...]
    relative_path: str
    sha256: str
    row_count: int
    totals: tuple[SnapshotTotal, ...]

    def path(self, settings: Settings) -> Path:
        """Return the file of its rows. Provider and billing period stand in the path alone, as Hive has it."""
        return settings.history_dir / self.relative_path


def record(connection: Connection, snapshot: Snapshot) -> None:
    """Write a snapshot's row. Its file is in place before."""
    values = {name: getattr(snapshot, name) for name in Snapshot.__slots__}
    values |= {
        "provider": snapshot.provider,
        "billing_period": str(snapshot.billing_period),
        "loaded_at": values.pop("published_at"),
        "deliveries": [asdict(d) | {"produced_at": d.produced_at.isoformat()} for d in snapshot.deliveries],
        # As text: a number of JSON is a binary double to most who read it.
        "totals": [asdict(s) | {name: f"{getattr(s, name):f}" for name in _AMOUNTS} for s in snapshot.totals],
    }
    connection.execute(insert(t.period_loads).values(values))


def of_period(connection: Connection, period: BillingPeriod, provider: Provider | None = None) -> list[Snapshot]:
    """Return a month's snapshots, oldest first; none when it was never published."""
    p = t.period_loads
    query = select(p).where(p.c.billing_period == str(period))
    if provider is not None:
        query = query.where(p.c.provider == provider)
    return [_snapshot(row) for row in connection.execute(query.order_by(p.c.loaded_at, p.c.provider))]


def counts(connection: Connection) -> dict[tuple[Provider, BillingPeriod], int]:
    """Return how many snapshots each (provider, billing period) has."""
    p = t.period_loads
    query = select(p.c.provider, p.c.billing_period, func.count()).group_by(p.c.provider, p.c.billing_period)
    return {(Provider(row[0]), BillingPeriod.parse(row[1])): row[2] for row in connection.execute(query)}


def as_of(
    connection: Connection, period: BillingPeriod, moment: datetime | None, provider: Provider | None = None
) -> list[Snapshot]:
    """Return each provider's newest snapshot that is not after ``moment`` (None: its latest), by provider.

    A provider whose first snapshot came later is absent, as it was absent then. Raise BadInput when the
    month was never published, or not before ``moment``.
    """
    found = _some(connection, period, provider)
    newest = {snapshot.provider: snapshot for snapshot in found if moment is None or snapshot.published_at <= moment}
    if not newest:
        first = found[0]
        raise BadInput(
            f"nothing{_of(provider)} of {period} was published by {written(moment or first.published_at)};"
            f" its first snapshot is build {first.build_id} of {written(first.published_at)}"
        )
    return [newest[each] for each in sorted(newest)]


def moment_of(connection: Connection, period: BillingPeriod, text: str) -> datetime:
    """Return the moment that a person names: an ISO timestamp, a day (its end), or the build id of a snapshot.

    Without a time zone both are UTC. Raise BadInput for anything else, naming the month's builds.
    """
    built = [snapshot.published_at for snapshot in of_period(connection, period) if snapshot.build_id == text]
    if built:
        return max(built)
    try:
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        builds = list(dict.fromkeys(snapshot.build_id for snapshot in _some(connection, period, None)))
        raise BadInput(
            f"{text!r} is no day (2025-07-03), timestamp (2025-07-03T09:30Z) or build that published {period};"
            f" the builds that did are {', '.join(builds)}"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def written(moment: datetime) -> str:
    """Return a moment as commands print it and take it back: ISO 8601, UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def daily_sql(settings: Settings, snapshots: Sequence[Snapshot]) -> Sql:
    """Return the SELECT over the snapshots' rows, with the columns and types of the published ``fct_daily_costs``.

    A column that the mart got after a snapshot is null in the snapshot's rows, ``(none)`` where it is text. A column
    that the mart lost is left out. Raise BadInput when a file of the history is gone, NotReady when nothing is
    published.
    """
    for each in snapshots:
        if not (path := each.path(settings)).exists():
            rows = f"the rows of {each.provider} {each.billing_period} as build {each.build_id} published them"
            raise BadInput(f"{path}, {rows}, is gone; put it back from a backup")
    columns = _published_columns(settings)
    # Gives every column its type, and a result without rows when there are no snapshots.
    typed = join(", ", (compose("null::{kind} as {name}", kind=kind, name=name) for name, kind in columns))
    parts = [compose("select {typed} where false", typed=typed)]
    if files := sorted({str(snapshot.path(settings)) for snapshot in snapshots}):
        read = """
            select * from read_parquet(
                [{files}], union_by_name = true, hive_partitioning = true,
                hive_types = {{'provider': varchar, 'billing_period': varchar}}
            )
        """
        parts.append(compose(read, files=join(", ", map(literal, files))))
    return compose(
        "select {columns} from ({rows}) as snapshot_rows",
        columns=join(", ", (_filled(name, kind) for name, kind in columns)),
        rows=join(" union all by name ", parts),
    )


def _published_columns(settings: Settings) -> list[tuple[Sql, Sql]]:
    with published.latest(settings).connect() as connection:
        described = connection.execute(compose("describe {mart}", mart=identifier(DAILY))).fetchall()
    return [(identifier(name), Sql(kind)) for name, kind, *_ in described]


def _filled(name: Sql, kind: Sql) -> Sql:
    template = "coalesce({name}, '(none)') as {name}" if kind == "VARCHAR" else "{name}::{kind} as {name}"
    return compose(template, name=name, kind=kind)


def _some(connection: Connection, period: BillingPeriod, provider: Provider | None) -> list[Snapshot]:
    found = of_period(connection, period, provider)
    if not found:
        months: list[str] = sorted(connection.execute(select(t.period_loads.c.billing_period).distinct()).scalars())
        have = f"the history holds {months[0]} to {months[-1]}" if months else "the history is empty"
        raise BadInput(f"nothing{_of(provider)} was published for {period} ({have})")
    return found


def _of(provider: Provider | None) -> str:
    return "" if provider is None else f" of {provider}"


def _snapshot(row: Row) -> Snapshot:
    values = dict(row._mapping)
    deliveries = [d | {"produced_at": datetime.fromisoformat(d["produced_at"])} for d in row.deliveries]
    totals = [each | {name: Decimal(each[name]) for name in _AMOUNTS} for each in row.totals]
    values |= {
        "published_at": values.pop("loaded_at"),
        "provider": Provider(row.provider),
        "billing_period": BillingPeriod.parse(row.billing_period),
        "deliveries": tuple(SnapshotDelivery(**each) for each in deliveries),
        "totals": tuple(SnapshotTotal(**each) for each in totals),
    }
    return Snapshot(**values)
