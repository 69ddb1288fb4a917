"""The delivery ledger: what was landed, and what is current.

``current`` is one pointer per (provider, source, billing period). Replacing a period is moving the pointer, in
the transaction that writes the delivery's row, so a delivery is wholly there or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import Connection, Row, delete, insert, select, update

from finops.core.formats import SourceFormat
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.stores.state import tables as t
from finops.stores.state.store import upsert


@dataclass(frozen=True, slots=True)
class LandedFile:
    """One file of a delivery as it lies in the landing folder."""

    local_name: str
    source_key: str
    byte_count: int
    sha256: str
    row_count: int
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """Control total of a delivery in one currency."""

    billing_currency: str
    row_count: int
    source_cost: Decimal
    billed_cost: Decimal


@dataclass(frozen=True, slots=True)
class Delivery:
    """One complete set of files a provider wrote for one billing period at one time."""

    delivery_id: str
    provider: Provider
    source: str
    format: SourceFormat
    billing_period: BillingPeriod
    fingerprint: str
    origin: str
    produced_at: datetime
    landed_at: datetime
    relative_path: str
    row_count: int
    byte_count: int
    billing_accounts: tuple[str, ...]
    new_columns: tuple[str, ...] = ()
    files: tuple[LandedFile, ...] = field(default=(), compare=False)
    totals: tuple[Total, ...] = field(default=(), compare=False)


def seen_as(
    connection: Connection, provider: Provider, source: str, period: BillingPeriod, fingerprint: str
) -> str | None:
    """Return the id of the delivery that has landed with this fingerprint: the look-up of an unchanged delivery."""
    f = t.delivery_fingerprints
    query = select(f.c.delivery_id).where(
        f.c.provider == provider,
        f.c.source == source,
        f.c.billing_period == str(period),
        f.c.fingerprint == fingerprint,
    )
    return connection.execute(query).scalar()


def find(connection: Connection, delivery_id: str) -> Delivery | None:
    """Return a delivery with its files and totals."""
    row = connection.execute(select(t.deliveries).where(t.deliveries.c.delivery_id == delivery_id)).first()
    return None if row is None else with_parts(connection, [row])[0]


def record(connection: Connection, delivery: Delivery) -> None:
    """Write a delivery's rows and make it current for its (provider, source, billing period)."""
    row = {column.name: getattr(delivery, column.name) for column in t.deliveries.columns} | _key(delivery)
    row |= {"format": delivery.format.value, "billing_accounts": list(delivery.billing_accounts)}
    connection.execute(insert(t.deliveries).values({**row, "new_columns": list(delivery.new_columns)}))
    for table, parts in ((t.delivery_files, delivery.files), (t.delivery_totals, delivery.totals)):
        rows = [{"delivery_id": delivery.delivery_id, **asdict(part)} for part in parts]
        if rows:
            connection.execute(insert(table), rows)
    remember(connection, delivery, delivery.fingerprint, delivery.produced_at)
    point_at(connection, delivery)


def remember(connection: Connection, delivery: Delivery, fingerprint: str, produced_at: datetime) -> None:
    """Note that a recorded delivery's bytes were seen under this fingerprint, so that the next time is a look-up."""
    key = {**_key(delivery), "fingerprint": fingerprint}
    values = {"delivery_id": delivery.delivery_id, "produced_at": produced_at}
    upsert(connection, t.delivery_fingerprints, key, values)


def point_at(connection: Connection, delivery: Delivery) -> None:
    """Make an already recorded delivery the current one of its (provider, source, billing period).

    A withdrawal of it is lifted.
    """
    values = {"delivery_id": delivery.delivery_id, "since": datetime.now(UTC)}
    upsert(connection, t.current_deliveries, _key(delivery), values)
    w = t.delivery_withdrawals
    lifted = update(w).where(w.c.delivery_id == delivery.delivery_id, w.c.lifted_at.is_(None))
    connection.execute(lifted.values(lifted_at=datetime.now(UTC)))


def point_at_none(connection: Connection, delivery: Delivery) -> None:
    """Leave the (provider, source, billing period) of a delivery without a current one."""
    c = t.current_deliveries
    connection.execute(delete(c).where(*(c.c[name] == value for name, value in _key(delivery).items())))


def produced_at(connection: Connection, delivery_id: str) -> datetime | None:
    """Return when the provider last wrote these bytes: a month restated and restated back is newer than it looks."""
    f = t.delivery_fingerprints
    query = select(f.c.produced_at).where(f.c.delivery_id == delivery_id)
    return max(connection.execute(query).scalars(), default=None)


def current(
    connection: Connection, provider: Provider | None = None, period: BillingPeriod | None = None
) -> list[Delivery]:
    """Return the current deliveries with their files and totals, ordered by provider, period and source."""
    d, c = t.deliveries, t.current_deliveries
    query = select(d).join(c, c.c.delivery_id == d.c.delivery_id)
    if provider is not None:
        query = query.where(c.c.provider == provider)
    if period is not None:
        query = query.where(c.c.billing_period == str(period))
    rows = connection.execute(query.order_by(d.c.provider, d.c.billing_period, d.c.source)).all()
    return with_parts(connection, rows)


def every(
    connection: Connection, provider: Provider | None = None, period: BillingPeriod | None = None
) -> list[Delivery]:
    """Return every delivery, current or not, with files and totals, by provider, period, source and landing."""
    d = t.deliveries
    query = select(d).order_by(d.c.provider, d.c.billing_period, d.c.source, d.c.landed_at)
    if provider is not None:
        query = query.where(d.c.provider == provider)
    if period is not None:
        query = query.where(d.c.billing_period == str(period))
    return with_parts(connection, connection.execute(query).all())


def history(connection: Connection, provider: Provider, source: str, period: BillingPeriod) -> list[Delivery]:
    """Return every delivery of a period, oldest first, without files and totals."""
    d = t.deliveries
    query = select(d).where(d.c.provider == provider, d.c.source == source, d.c.billing_period == str(period))
    return [of_row(row) for row in connection.execute(query.order_by(d.c.landed_at)).all()]


def named(connection: Connection, delivery_ids: Collection[str]) -> list[Delivery]:
    """Return these deliveries, current or not, ordered by source, without files and totals."""
    d = t.deliveries
    query = select(d).where(d.c.delivery_id.in_(delivery_ids)).order_by(d.c.source, d.c.delivery_id)
    return [of_row(row) for row in connection.execute(query)]


def _key(delivery: Delivery) -> dict[str, str]:
    period = str(delivery.billing_period)
    return {"provider": delivery.provider, "source": delivery.source, "billing_period": period}


def of_row(row: Row, files: tuple[LandedFile, ...] = (), totals: tuple[Total, ...] = ()) -> Delivery:
    """Return a delivery from its row of the table."""
    values = dict(row._mapping)
    values.update(
        provider=Provider(row.provider),
        format=SourceFormat(row.format),
        billing_period=BillingPeriod.parse(row.billing_period),
        billing_accounts=tuple(row.billing_accounts),
        new_columns=tuple(row.new_columns),
    )
    return Delivery(**values, files=files, totals=totals)


def with_parts(connection: Connection, rows: Sequence[Row]) -> list[Delivery]:
    """Return deliveries from their rows, with files and totals."""
    ids = [row.delivery_id for row in rows]
    files: dict[str, list[LandedFile]] = defaultdict(list)
    totals: dict[str, list[Total]] = defaultdict(list)
    f, s = t.delivery_files, t.delivery_totals
    for row in connection.execute(select(f).where(f.c.delivery_id.in_(ids)).order_by(f.c.local_name)):
        files[row.delivery_id].append(
            LandedFile(row.local_name, row.source_key, row.byte_count, row.sha256, row.row_count, row.etag)
        )
    for row in connection.execute(select(s).where(s.c.delivery_id.in_(ids)).order_by(s.c.billing_currency)):
        totals[row.delivery_id].append(Total(row.billing_currency, row.row_count, row.source_cost, row.billed_cost))
    return [of_row(row, tuple(files[row.delivery_id]), tuple(totals[row.delivery_id])) for row in rows]
