"""Files of telemetry as somebody delivers them, and what has landed of them."""

from __future__ import annotations

import csv
import gzip
import io
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.policy.telemetry import FileSource, TelemetrySource
from finops.stores.state import telemetry as ledger
from finops.stores.state.store import open_state
from finops.telemetry.models import IngestReport
from finops.telemetry.schemas import SCHEMAS

DAY = date(2025, 1, 31)

GOOD: dict[TelemetryKind, dict[str, Any]] = {
    TelemetryKind.RESOURCE_METRICS: {
        "provider": "aws",
        "resource_id": "i-1",
        "metric": "gpu_utilization",
        "bucket_start": "2025-01-31T10:00:00Z",
        "bucket_minutes": 5,
        "average": 40,
        "maximum": 60,
        "p95": 55,
    },
    TelemetryKind.INFERENCE_COUNTS: {
        "provider": "gcp",
        "endpoint_id": "chat",
        "model": "atlas",
        "model_version": "2.1",
        "stage": "production",
        "bucket_start": "2025-01-31T10:00:00Z",
        "bucket_minutes": 5,
        "requests": 100,
        "successes": 98,
        "tokens_in": 1000,
        "tokens_out": 2000,
        "latency_p95_ms": 120.5,
    },
    TelemetryKind.TRAINING_RUNS: {
        "run_id": "r-1",
        "experiment": "wide",
        "model": "atlas",
        "model_version": "2.1",
        "stage": "training",
        "provider": "aws",
        "resource_id": "i-1",
        "gpu_count": 8,
        "started_at": "2025-01-31T10:00:00Z",
        "ended_at": "2025-02-01T10:00:00Z",
        "epochs": 12,
        "status": "finished",
        "pipeline": "nightly",
    },
    TelemetryKind.CHECKPOINTS: {
        "run_id": "r-1",
        "created_at": "2025-01-31T10:00:00Z",
        "size_bytes": 10**9,
        "uri": "s3://checkpoints/r-1/1",
        "last_read_at": "",
    },
    TelemetryKind.SPOT_INTERRUPTIONS: {
        "provider": "aws",
        "resource_id": "i-1",
        "instance_type": "p4d.24xlarge",
        "zone": "us-east-1a",
        "job_id": "r-1",
        "interrupted_at": "2025-01-31T10:00:00Z",
        "restarted_at": "",
    },
    TelemetryKind.NETWORK_FLOWS: {
        "provider": "aws",
        "resource_id": "i-1",
        "source_zone": "us-east-1a",
        "destination_zone": "internet",
        "bucket_start": "2025-01-31T10:00:00Z",
        "bucket_minutes": 5,
        "bytes": 10**12,
    },
    TelemetryKind.ENDPOINT_TRAFFIC: {
        "provider": "gcp",
        "endpoint_id": "chat",
        "traffic_source": "web",
        "bucket_start": "2025-01-31T10:00:00Z",
        "bucket_minutes": 5,
        "requests": 60,
    },
    TelemetryKind.KUBERNETES_USAGE: {
        "provider": "aws",
        "cluster": "meridian",
        "node_resource_id": "i-1",
        "namespace": "research",
        "workload": "trainer",
        "pod": "trainer-0",
        "bucket_start": "2025-01-31T10:00:00Z",
        "bucket_minutes": 5,
        "gpu_requested": 0.25,
        "gpu_used": 0.2,
        "cpu_requested": 4,
        "cpu_used": 2.5,
        "memory_requested_bytes": 2**34,
        "memory_used_bytes": 2**33,
        "node_gpus": 8,
        "node_cpus": 96,
        "node_memory_bytes": 2**41,
    },
    TelemetryKind.RESOURCE_INVENTORY: {
        "provider": "aws",
        "resource_id": "vol-1",
        "resource_type": "disk",
        "observed_at": "2025-01-31T10:00:00Z",
        "account_id": "210000000002",
        "region": "us-east-1",
        "zone": "us-east-1a",
        "instance_type": "",
        "state": "in_use",
        "size_gb": 500,
        "attached_to": "i-1",
        "created_at": "2024-06-01T00:00:00Z",
        "last_used_at": "2025-01-31T09:55:00Z",
        "group_id": "",
        "is_spot": "",
        "has_local_disk": "false",
        "tags": '{"ai-model": "atlas"}',
        "details": '{"volume_type": "gp2", "iops": 1500}',
    },
    TelemetryKind.RECOMMENDATIONS: {
        "provider": "aws",
        "recommendation_id": "r-1",
        "resource_id": "i-1",
        "resource_type": "machine",
        "account_id": "210000000002",
        "region": "us-east-1",
        "observed_at": "2025-01-31T10:00:00Z",
        "recommended_by": "compute_optimizer",
        "action": "resize",
        "current_instance_type": "m5.4xlarge",
        "recommended_instance_type": "m5.2xlarge",
        "monthly_saving": 280.32,
        "currency": "USD",
        "title": "Change: m5.4xlarge to m5.2xlarge",
        "details": '{"saving_percent": 50}',
    },
    TelemetryKind.MACHINE_PRICES: {
        "provider": "aws",
        "instance_type": "m5.large",
        "region": "us-east-1",
        "price_per_hour": 0.096,
        "currency": "USD",
        "vcpus": 2,
        "memory_gib": 8,
        "gpus": 0,
        "price_source": "AWS price list: on demand Linux us-east-1",
        "priced_at": "2025-01-31T10:00:00Z",
    },
}
"""A row of each kind that holds."""


def a_row(kind: TelemetryKind = TelemetryKind.RESOURCE_METRICS, **values: Any) -> dict[str, Any]:
    """Return a row that holds, with these values instead."""
    return GOOD[kind] | values


def at(minute: int, **values: Any) -> dict[str, Any]:
    """Return a row of resource metrics of that minute after ten o'clock."""
    return a_row(**{"bucket_start": f"2025-01-31T{10 + minute // 60:02}:{minute % 60:02}:00Z"} | values)


def a_source(folder: Path, kind: TelemetryKind = TelemetryKind.RESOURCE_METRICS, name: str = "gpu") -> FileSource:
    folder.mkdir(parents=True, exist_ok=True)
    return FileSource.model_validate({"name": name, "kind": kind, "from": str(folder)})


def write(path: Path, rows: list[dict[str, Any]], *, written_at: int | None = None) -> Path:
    """Write a CSV, packed when its name says so; ``written_at`` sets when, in seconds since 1970."""
    text = io.StringIO()
    lines = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)
    whole = text.getvalue().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(whole) if path.name.endswith(".gz") else whole)
    if written_at is not None:
        os.utime(path, (written_at, written_at))
    return path


def write_parquet(path: Path, select: str) -> Path:
    """Write the rows of a query as Parquet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"set timezone = 'UTC'; copy ({select}) to '{path}' (format parquet)")
    return path


def landed(settings: Settings, source: TelemetrySource) -> list[dict[str, Any]]:
    """Return the rows of a source's current days, in the order of their key."""
    with open_state(settings).connect() as connection:
        current = ledger.current(connection, source.name, source.kind)
    if not current:
        return []
    paths = [str(settings.landing_dir / each.relative_path) for each in current.values()]
    found = duckdb.read_parquet(paths, hive_partitioning=False)
    ordered = found.order(", ".join(SCHEMAS[source.kind].key))
    return [dict(zip(ordered.columns, row, strict=True)) for row in ordered.fetchall()]


def moment(hour: int, minute: int = 0) -> datetime:
    """Return a moment of the day as landed files have it: UTC, without saying so."""
    return datetime(2025, 1, 31, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def refusals(report: IngestReport) -> list[str]:
    return [each.reason for each in report.rejections]


def landed_files(settings: Settings) -> list[Path]:
    return sorted((settings.landing_dir / "telemetry").rglob("*.parquet"))
