"""Write a snapshot of every publication: the scope's rows of the daily mart, one file per (provider, period).

Files are written after the version is visible and before the state store learns of them. A publication that is killed
in between is repeated, or, when another build comes first, caught up with: what is current is recorded before
another version takes its place. So every version that a reader could see is in the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from finops.core.atomic import sha256_of, sync_file, sync_folder
from finops.core.errors import Finding
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier
from finops.stores import snapshots
from finops.stores.candidate import BuiltPeriod
from finops.stores.published import Publication
from finops.stores.snapshots import DAILY, RESOLUTION, Snapshot, SnapshotDelivery, SnapshotTotal
from finops.stores.state import builds, ledger
from finops.stores.state.store import open_state

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class _Due:
    """A snapshot that is still to be recorded: what was built, and when which build published it."""

    built: BuiltPeriod
    build_id: str
    published_at: datetime


def keep(settings: Settings, version: Publication, scope: Iterable[BuiltPeriod]) -> list[Snapshot]:
    """Write the files of the scope's rows in a published version; return the snapshots that are still to be recorded.

    What is recorded already is left out: the same version again writes nothing. Raise Finding when a file does not
    read back as what was published.
    """
    return _keep(settings, version, [_due(version, built) for built in scope])


def catch_up(settings: Settings, current: Publication, scope: Iterable[BuiltPeriod]) -> None:
    """Record what the current version holds and the history lacks, before ``scope`` of it is replaced.

    That is the version's own scope when it was killed before it was recorded, and months of ``scope`` that were
    last published by a version of the platform that kept no history.
    """
    own = [BuiltPeriod.from_json(each) for each in current.manifest["scope"] if "input_digest" in each]
    pairs = {(each.provider, each.billing_period) for each in own}
    held = current.manifest["fact"]["partitions"]
    others = [
        each
        for each in scope
        if (each.provider, each.billing_period) not in pairs and f"{each.provider}/{each.billing_period}" in held
    ]
    found = _keep(settings, current, [*(_due(current, built) for built in own), *_without_history(settings, others)])
    with open_state(settings).begin() as connection:
        for snapshot in found:
            snapshots.record(connection, snapshot)


def _due(version: Publication, built: BuiltPeriod) -> _Due:
    return _Due(built, version.build_id, datetime.fromisoformat(version.manifest["published_at"]))


def _without_history(settings: Settings, scope: Sequence[BuiltPeriod]) -> Iterator[_Due]:
    with open_state(settings).connect() as state:
        for each in scope:
            built = builds.last_built(state, each.provider, each.billing_period)
            if built is not None and not snapshots.of_period(state, each.billing_period, each.provider):
                # Its deliveries' digest was noted, their names were not.
                unnamed = BuiltPeriod(each.provider, each.billing_period, built.input_digest)
                yield _Due(unnamed, built.build_id, built.published_at)


def _keep(settings: Settings, version: Publication, due: Sequence[_Due]) -> list[Snapshot]:
    missing = []
    with open_state(settings).connect() as state:
        for each in due:
            before = snapshots.of_period(state, each.built.billing_period, each.built.provider)
            if not any(snapshot.build_id == each.build_id for snapshot in before):
                missing.append((each, _deliveries(state, each.built), before[-1] if before else None))
    if not missing:
        return []
    with version.connect() as rows:
        rows.execute(compose("set memory_limit = {limit}", limit=settings.memory_limit))
        rows.execute(compose("set threads = {threads}", threads=Sql(settings.threads)))
        rows.execute(compose("set temp_directory = {folder}", folder=settings.warehouse_dir / "spill"))
        return [_take(settings, rows, each, deliveries, last) for each, deliveries, last in missing]


def _deliveries(state: Connection, built: BuiltPeriod) -> tuple[SnapshotDelivery, ...]:
    found = ledger.named(state, built.deliveries)
    # Bytes that were restated and restated back were written more than once: the last time counts.
    written = {d.delivery_id: ledger.produced_at(state, d.delivery_id) or d.produced_at for d in found}
    return tuple(SnapshotDelivery(d.delivery_id, d.source, written[d.delivery_id], d.row_count) for d in found)


def _take(
    settings: Settings,
    rows: DuckDBPyConnection,
    due: _Due,
    deliveries: tuple[SnapshotDelivery, ...],
    last: Snapshot | None,
) -> Snapshot:
    totals = _totals(rows, _rows(due.built))
    relative_path, sha256 = _write(settings, rows, due, totals, last)
    moment = due.published_at.replace(microsecond=due.published_at.microsecond // 1000 * 1000)
    if last is not None:
        # A clock that was set back must not put a snapshot before an earlier one.
        moment = max(moment, last.published_at + RESOLUTION)
    return Snapshot(
        provider=due.built.provider,
        billing_period=due.built.billing_period,
        build_id=due.build_id,
        published_at=moment,
        input_digest=due.built.input_digest,
        deliveries=deliveries,
        relative_path=relative_path,
        sha256=sha256,
        row_count=sum(total.row_count for total in totals),
        totals=totals,
    )


def _write(
    settings: Settings, rows: DuckDBPyConnection, due: _Due, totals: tuple[SnapshotTotal, ...], last: Snapshot | None
) -> tuple[str, str]:
    """Write the rows' file, verified, and return its path and digest; those of ``last`` when its bytes are the same."""
    folder = Path(DAILY, f"provider={due.built.provider}", f"billing_period={due.built.billing_period}")
    path = settings.history_dir / folder / f"{due.build_id}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    # The warehouse's lock is held: what is unfinished here belongs to a run that was killed.
    for left in path.parent.glob(".*.tmp"):
        left.unlink()
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        # Sorted, so that equal rows are equal bytes; without the columns that the path holds, as Hive has it.
        copy = """
            copy (select * exclude (provider, billing_period) from ({rows}) order by all)
            to {file} (format parquet, compression zstd)
        """
        rows.execute(compose(copy, rows=_rows(due.built), file=temporary))
        found = _totals(rows, compose("select * from read_parquet({file}, hive_partitioning = false)", file=temporary))
        if found != totals:
            raise Finding(f"{path} reads back as {found}, not as {totals}; the snapshot was not recorded")
        sha256 = sha256_of(temporary)
        if last is not None and last.sha256 == sha256 and last.path(settings).exists():
            return last.relative_path, sha256
        sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
    return str(folder / path.name), sha256


def _rows(built: BuiltPeriod) -> Sql:
    query = "select * from {mart} where provider = {provider} and billing_period = {period}"
    provider, period = built.provider, str(built.billing_period)
    return compose(query, mart=identifier(DAILY), provider=provider, period=period)


def _totals(rows: DuckDBPyConnection, query: Sql) -> tuple[SnapshotTotal, ...]:
    summed = """
        select billing_currency, count(*), sum(billed_cost), sum(effective_cost) from ({query})
        group by billing_currency order by billing_currency
    """
    return tuple(SnapshotTotal(*row) for row in rows.execute(compose(summed, query=query)).fetchall())
