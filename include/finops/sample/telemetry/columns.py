"""Telemetry as Parquet: one file for each kind and month, with the columns that its kind documents."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from finops.core.atomic import replacing
from finops.core.periods import BillingPeriod
from finops.core.telemetry import TelemetryKind

_MOMENTS = frozenset(
    {"bucket_start", "started_at", "ended_at", "created_at", "last_read_at", "interrupted_at", "restarted_at"}
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
        *("cpu_requested", "cpu_used", "node_gpus", "node_cpus"),
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
    """Return columns as a table of ``count`` rows; one that is no array is the same in every row."""
    made = {}
    for name, value in columns.items():
        of = type_of(name)
        made[name] = pa.array(value, of) if isinstance(value, np.ndarray) else pa.repeat(pa.scalar(value, of), count)
    return pa.table(made)


def write(folder: Path, kind: TelemetryKind, period: BillingPeriod, tables: Sequence[pa.Table]) -> Path:
    """Write a month's file and return it.

    Its time is the end of its month, whenever it is written: a sample that is made again is known to have landed.
    """
    path = folder / kind / f"{period}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        pq.write_table(pa.concat_tables(tables), temporary, compression="zstd")
        os.utime(temporary, (period.end.timestamp(), period.end.timestamp()))
    return path
