"""Telemetry as Parquet: one file for each kind and month, with the columns that its kind documents."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from finops.core.atomic import replacing
from finops.core.periods import BillingPeriod
from finops.core.telemetry import TelemetryKind
from finops.sample.files import ROW_GROUP

_MOMENTS = frozenset(
    {
        *("bucket_start", "started_at", "ended_at", "created_at", "last_read_at", "interrupted_at", "restarted_at"),
        *("observed_at", "last_used_at"),
    }
)
_WHOLE = frozenset(
    {
        *("bucket_minutes", "requests", "successes", "tokens_in", "tokens_out", "size_bytes", "bytes"),
        *("memory_requested_bytes", "memory_used_bytes", "node_memory_bytes"),
    }
)
_NUMBERS = frozenset(
    {
        *("average", "maximum", "p95", "latency_p95_ms", "gpu_count", "epochs", "gpu_requested", "gpu_used"),
        *("cpu_requested", "cpu_used", "node_gpus", "node_cpus", "size_gb", "monthly_saving"),
    }
)


def type_of(name: str) -> pa.DataType:
    """Return the type of a column by its name."""
    if name in _MOMENTS:
        return pa.timestamp("us", "UTC")
    return pa.int64() if name in _WHOLE else pa.float64() if name in _NUMBERS else pa.string()


def of_rows(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return rows as a table."""
    return pa.table({name: pa.array([row[name] for row in rows], type_of(name)) for name in rows[0]})


def of_arrays(count: int, columns: dict[str, Any]) -> pa.Table:
    """Return columns as a table of ``count`` rows; one that is no array is the same in every row, and held once."""
    return pa.table({name: _column(count, type_of(name), value) for name, value in columns.items()})


def _column(count: int, of: pa.DataType, value: Any) -> pa.Array:
    if isinstance(value, np.ndarray):
        return pa.array(value, of)
    if value is None:
        return pa.nulls(count, of)
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([value], of))


def write(folder: Path, kind: TelemetryKind, period: BillingPeriod, tables: Sequence[pa.Table]) -> Path:
    """Write a month's file and return it.

    Its time is the end of its month, whenever it is written: a sample that is made again is known to have landed.
    """
    path = folder / kind / f"{period}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([(name, type_of(name)) for name in tables[0].column_names])
    with replacing(path) as temporary:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for lot in _lots(tables):
                writer.write_table(pa.concat_tables(each.cast(schema) for each in lot))
        os.utime(temporary, (period.end.timestamp(), period.end.timestamp()))
    return path


def _lots(tables: Sequence[pa.Table]) -> Iterator[list[pa.Table]]:
    """Yield the tables in lots of about ``ROW_GROUP`` rows, in their order."""
    lot: list[pa.Table] = []
    for each in tables:
        lot.append(each)
        if sum(table.num_rows for table in lot) >= ROW_GROUP:
            yield lot
            lot = []
    if lot:
        yield lot
