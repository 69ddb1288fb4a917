"""What pods, network and callers did, by the hour; and runs that landed before their pipeline was asked for."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.unit.telemetry.delivered_files import (
    GOOD,
    a_row,
    a_source,
    landed,
    landed_files,
    moment,
    refusals,
    write,
)

from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.telemetry.service import ingest

PODS = TelemetryKind.KUBERNETES_USAGE


@pytest.mark.parametrize("kind", TelemetryKind)
def test_a_row_of_every_kind_lands(settings: Settings, folder: Path, kind: TelemetryKind) -> None:
    source = a_source(folder, kind)
    write(folder / "one.csv", [a_row(kind)])

    assert refusals(ingest(settings, source)) == []
    [row] = landed(settings, source)
    assert set(row) == {"minutes_covered" if name == "bucket_minutes" else name for name in GOOD[kind]}


def test_a_pod_is_averaged_over_the_minutes_that_it_ran(settings: Settings, folder: Path) -> None:
    """Two minutes at 0.5 of a GPU and one at 0.25 are 0.416667 of it while the pod ran, which is three minutes."""
    source = a_source(folder, PODS)
    second = {"bucket_start": "2025-01-31T10:05:00Z", "bucket_minutes": 1}
    rows = [
        a_row(PODS, bucket_minutes=2, gpu_used=0.5, memory_used_bytes=10),
        a_row(PODS, **second, gpu_used=0.25, memory_used_bytes=15),
    ]
    write(folder / "one.csv", rows)
    ingest(settings, source)

    [row] = landed(settings, source)
    assert (row["bucket_start"], row["minutes_covered"]) == (moment(10), 3)
    assert row["gpu_used"] == Decimal("0.416667")
    assert row["memory_used_bytes"] == 12, "a whole number: 35 / 3"
    assert row["memory_requested_bytes"] == 2**34


def test_memory_of_more_than_a_terabyte_is_held(settings: Settings, folder: Path) -> None:
    """A GPU node has two: more than a number of six decimals can hold."""
    source = a_source(folder, PODS)
    write(folder / "one.csv", [a_row(PODS, memory_requested_bytes=2**41, memory_used_bytes=2**41 - 1)])
    ingest(settings, source)

    [row] = landed(settings, source)
    assert (row["memory_requested_bytes"], row["memory_used_bytes"]) == (2**41, 2**41 - 1)
    assert row["node_memory_bytes"] == 2**41


def test_the_size_of_a_node_may_be_left_out_and_is_then_unknown(settings: Settings, folder: Path) -> None:
    source = a_source(folder, PODS)
    write(folder / "one.csv", [a_row(PODS, node_gpus="", node_cpus="", node_memory_bytes="")])
    ingest(settings, source)

    [row] = landed(settings, source)
    assert row["node_gpus"] is row["node_cpus"] is row["node_memory_bytes"] is None


def test_bytes_and_requests_of_an_hour_are_added_up(settings: Settings, folder: Path) -> None:
    for kind, column in ((TelemetryKind.NETWORK_FLOWS, "bytes"), (TelemetryKind.ENDPOINT_TRAFFIC, "requests")):
        source = a_source(folder / kind, kind)
        later = {"bucket_start": "2025-01-31T10:55:00Z", column: 3}
        write(folder / kind / "one.csv", [a_row(kind), a_row(kind, **later)])
        ingest(settings, source)

        [row] = landed(settings, source)
        assert (row[column], row["minutes_covered"]) == (GOOD[kind][column] + 3, 10)


def test_runs_that_landed_without_a_pipeline_are_read_beside_those_that_have_one(
    settings: Settings, folder: Path
) -> None:
    """The column came later; nobody lands the older days again for it."""
    source = a_source(folder, TelemetryKind.TRAINING_RUNS)
    write(folder / "old.csv", [a_row(source.kind, run_id="old", started_at="2025-01-30T10:00:00Z")])
    ingest(settings, source)
    [old] = landed_files(settings)
    duckdb.read_parquet(str(old), hive_partitioning=False).project("* exclude (pipeline)").write_parquet(
        str(old.with_name("before.parquet"))
    )
    old.unlink()
    write(folder / "new.csv", [a_row(source.kind, run_id="new")])
    ingest(settings, source)

    found = duckdb.read_parquet([*map(str, landed_files(settings))], union_by_name=True, hive_partitioning=False)
    pipelines = dict(found.project("run_id, pipeline").fetchall())
    assert pipelines == {"old": None, "new": "nightly"}
