"""One day of one source: make its rows, and put them into the landing folder under the digest of what they say."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.atomic import sha256_of, sync_file, sync_folder
from finops.core.database import limits
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.core.sql import compose, identifier
from finops.core.text import shown
from finops.policy.telemetry import TelemetrySource
from finops.stores.state.telemetry import TelemetryDelivery
from finops.telemetry import rollup
from finops.telemetry.models import RollUp, Schema, StagedFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_INCOMING = ".incoming"
_MINUTES = 60


@contextmanager
def incoming(settings: Settings, source: TelemetrySource) -> Iterator[Path]:
    """Yield a temporary folder on the landing folder's own disk, so that a rename from it is one step.

    First remove the leftovers of a killed run; the caller holds the source's lock.
    """
    home = settings.landing_dir / _INCOMING / "telemetry" / source.name
    shutil.rmtree(home, ignore_errors=True)
    folder = home / uuid.uuid4().hex
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def engine(settings: Settings, folder: Path) -> Iterator[DuckDBPyConnection]:
    """Yield a DuckDB in memory with the memory limit of the settings, which spills into ``folder``."""
    import duckdb

    with duckdb.connect(config=limits(settings, folder)) as connection:
        connection.execute("set preserve_insertion_order = false")
        # Each open file of a day holds rows back: as many as a month has days would not fit beside the rest.
        connection.execute("set partitioned_write_max_open_files = 4")
        connection.execute("set partitioned_write_flush_threshold = 131072")
        connection.execute("set timezone = 'UTC'")
        yield connection


def make(
    connection: DuckDBPyConnection, source: TelemetrySource, schema: Schema, day: date, files: Sequence[StagedFile]
) -> tuple[TelemetryDelivery, int]:
    """Make a day's rows (table ``day_rows``) of the files that have some; return what would land.

    Also return how many rows gave way to a file written later. The delivery's sha256 and size are known when it is
    written. Raise BadInput when buckets overlap within an hour.
    """
    newest = rollup.newest(schema, files, day)
    query = compose("create or replace temp table day_rows as {rows}", rows=rollup.landed(schema, newest))
    connection.execute(query)
    _require_one_bucket_at_a_time(connection, schema, day)
    query = compose("select count(*), bit_xor(md5_number(cast(day_rows as varchar))) from day_rows")
    rows, content = connection.execute(query).fetchall()[0]
    text = "\n".join([source.name, schema.kind, str(day), str(rows), str(content)])
    delivery_id = hashlib.sha256(text.encode()).hexdigest()[:32]
    delivery = TelemetryDelivery(
        delivery_id=delivery_id,
        source=source.name,
        kind=schema.kind,
        day=day,
        relative_path=f"telemetry/kind={schema.kind}/source={source.name}/day={day}/{delivery_id}.parquet",
        sha256="",
        byte_count=0,
        row_count=rows,
        files=tuple(sorted((each.offered.name, each.sha256) for each in files)),
        landed_at=datetime.now(UTC),
    )
    return delivery, _overlapping(connection, schema, day, files)


def write(connection: DuckDBPyConnection, target: Path, folder: Path) -> tuple[str, int]:
    """Write the day's rows to ``target``, flushed to disk and by one rename; return its sha256 and its bytes."""
    temporary = folder / target.name
    connection.execute(compose("copy (from day_rows) to {path} (format parquet, compression zstd)", path=temporary))
    _require_all(connection, temporary)
    sync_file(temporary)
    target.parent.mkdir(parents=True, exist_ok=True)
    found = sha256_of(temporary), temporary.stat().st_size
    os.rename(temporary, target)
    sync_folder(target.parent)
    return found


def is_whole(settings: Settings, delivery: TelemetryDelivery) -> bool:
    """Tell whether a delivery lies in its place with its size."""
    path = settings.landing_dir / delivery.relative_path
    return path.is_file() and path.stat().st_size == delivery.byte_count


def _overlapping(connection: DuckDBPyConnection, schema: Schema, day: date, files: Sequence[StagedFile]) -> int:
    if len(files) == 1:
        return 0
    query = compose("select count(*) from ({rows})", rows=rollup.newest(schema, files, day))
    kept = connection.execute(query).fetchall()[0][0]
    parts = [each.parts[day] for each in files]
    return sum(part.row_count - part.repeated for part in parts) - int(kept)


def _require_one_bucket_at_a_time(connection: DuckDBPyConnection, schema: Schema, day: date) -> None:
    if not schema.has_buckets:
        return
    minutes = next(each for each in schema.columns if each.roll_up is RollUp.MINUTES)
    query = compose("from day_rows where {minutes} > ? limit 1", minutes=identifier(minutes.landed_name))
    found = connection.execute(query, [_MINUTES]).fetchone()
    if found is None:
        return
    row = dict(zip((each.landed_name for each in schema.columns), found, strict=True))
    what = ", ".join(f"{name} {shown(str(row[name]))}" for name in schema.key if row[name] is not None)
    raise BadInput(
        f"{day}: {row[minutes.landed_name]} minutes are measured within one hour of {what}: buckets overlap; deliver "
        "either the short ones or the long ones"
    )


def _require_all(connection: DuckDBPyConnection, path: Path) -> None:
    query = compose("select (select count(*) from read_parquet({path})), (select count(*) from day_rows)", path=path)
    written, expected = connection.execute(query).fetchall()[0]
    if written != expected:
        raise OSError(f"{path}: {written:,} rows were written of {expected:,}")
