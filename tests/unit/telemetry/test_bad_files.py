"""What is wrong with a file is one line that names the file, the line or row, the column, the value and the remedy."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from tests.unit.telemetry.delivered_files import GOOD, a_row, a_source, at, landed, write, write_parquet

from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.telemetry.service import ingest

HEADER = ",".join(GOOD[TelemetryKind.RESOURCE_METRICS])
LINE = ",".join(map(str, GOOD[TelemetryKind.RESOURCE_METRICS].values()))
WHOLE = f"{HEADER}\n{LINE}\n"
PARQUET = (
    "select 'aws' as provider, 'i-1' as resource_id, 'gpu_utilization' as metric, "
    "{time} as bucket_start, 5 as bucket_minutes, {average} as average"
)


def refusal_of(settings: Settings, folder: Path, kind: TelemetryKind = TelemetryKind.RESOURCE_METRICS) -> str:
    report = ingest(settings, a_source(folder, kind))
    assert report.landed == ()
    [rejection] = report.rejections
    return rejection.reason.removeprefix("gpu: ")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"average": "40x"}, "average '40x' is no number below 10^12; write it as 12.5"),
        ({"average": "nan"}, "average 'nan' is no number"),
        ({"average": ""}, "average is empty; give it a value"),
        ({"average": -1}, "average '-1' is below 0"),
        ({"maximum": 39}, "maximum '39' is below average of the same row; correct one of them"),
        ({"p95": 61}, "p95 '61' is above maximum of the same row"),
        ({"resource_id": "  "}, "resource_id is empty"),
        ({"resource_id": "i" * 501}, "is longer than 500 characters"),
        ({"metric": "gpu"}, "metric 'gpu' is not one of gpu_utilization, gpu_memory_utilization"),
        ({"metric": "gpu_utilisation"}, "disk_bytes_per_second; is 'gpu_utilization' meant?"),
        ({"bucket_minutes": 5.5}, "bucket_minutes '5.5' is no whole number; write it as 12"),
        ({"bucket_minutes": 61}, "bucket_minutes '61' is above 60"),
        ({"bucket_minutes": 0}, "bucket_minutes '0' is below 1"),
        ({"bucket_start": "31.01.2025 10:00"}, "is no time; write it as 2025-01-31T13:05:00Z"),
        ({"bucket_start": "1738317600"}, "bucket_start '1738317600' is no time"),
        ({"bucket_start": "infinity"}, "bucket_start 'infinity' is no time"),
        ({"bucket_start": "1970-01-01"}, "is before 2010; correct the clock, or the unit of the time"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_line(
    settings: Settings, tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    write(tmp_path / "in" / "one.csv", [at(0), at(5), at(10, **values), at(15, average="later")])
    found = refusal_of(settings, tmp_path / "in")

    assert found.startswith("one.csv, line 4: ")
    assert said in found
    assert found.endswith("(the first of 2 rows with a fault)")


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        (TelemetryKind.INFERENCE_COUNTS, {"successes": 101}, "successes '101' is above requests of the same row"),
        (TelemetryKind.TRAINING_RUNS, {"ended_at": "2025-01-30"}, "is below started_at of the same row"),
        (TelemetryKind.TRAINING_RUNS, {"status": "done"}, "'done' is not one of running, finished, failed, killed"),
        (TelemetryKind.CHECKPOINTS, {"size_bytes": "1 GB"}, "size_bytes '1 GB' is no whole number"),
        (TelemetryKind.SPOT_INTERRUPTIONS, {"restarted_at": "2025-01-30"}, "is below interrupted_at of the same row"),
    ],
)
def test_each_kind_has_bounds_of_its_own(
    settings: Settings, tmp_path: Path, kind: TelemetryKind, values: dict[str, Any], said: str
) -> None:
    write(tmp_path / "in" / "one.csv", [a_row(kind, **values)])
    assert said in refusal_of(settings, tmp_path / "in", kind)


def test_a_rate_may_be_more_than_a_hundred(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path / "in" / "one.csv", [at(0, metric="network_bytes_per_second", average=9e8, maximum=1e9, p95="")])
    assert len(ingest(settings, a_source(tmp_path / "in")).landed) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WHOLE.replace("average", "Averge"), ", line 1: unknown column 'Averge'; is 'average' meant?"),
        (WHOLE.replace("p95", "colour"), ", line 1: unknown column 'colour'; known are provider, resource_id"),
        (WHOLE.replace(",average", ""), ", line 1: column 'average' is missing; resource_metrics has provider"),
        (f"{HEADER},p95\n{LINE},1\n", ", line 1: column 'p95' is there twice; leave one"),
        (f"{WHOLE}{LINE},9\n", ", line 3: has 9 fields, the header has 8; correct the file"),
        (f"{WHOLE}aws,i-2\n", ", line 3: has 2 fields, the header has 8"),
        (WHOLE.replace("i-1", '"i-1'), ", line 2: a quoted value does not end"),
        (WHOLE.rstrip("\n"), ": the last line does not end, so the file may be truncated; write it again"),
        ("", ": is empty, not even a header; write it again, or remove it"),
        (f'{WHOLE}"aws\n",{LINE[4:]}\n\n{LINE.replace("40", "x")}\n', ", line 6: average 'x' is no number"),
    ],
)
def test_a_file_that_is_no_table_of_its_kind_is_named(settings: Settings, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.csv").write_text(text, encoding="utf-8")
    assert refusal_of(settings, tmp_path / "in").startswith(f"one.csv{said}")


def test_text_of_another_encoding_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.csv").write_bytes(WHOLE.replace("i-1", "é").encode("latin-1"))
    assert refusal_of(settings, tmp_path / "in") == "one.csv: holds bytes that are not UTF-8; write it as UTF-8"


@pytest.mark.parametrize("damage", [lambda b: b[:-6], lambda b: b"xx" + b, lambda b: b[:-8] + b"0000" + b[-4:]])
def test_a_damaged_gzip_is_refused(settings: Settings, tmp_path: Path, damage) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.csv.gz").write_bytes(damage(gzip.compress(WHOLE.encode())))
    assert "one.csv.gz: not readable to the end of its gzip stream" in refusal_of(settings, tmp_path / "in")


def test_two_values_for_one_key_are_refused_by_name_and_line(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path / "in" / "one.csv", [at(0), at(5), at(0, average=41)])
    assert refusal_of(settings, tmp_path / "in") == (
        "one.csv, line 4: has other values than line 2 for provider aws, resource_id i-1, metric gpu_utilization, "
        "bucket_start 2025-01-31 10:00:00; leave one of them"
    )


def test_the_lines_that_contradict_each_other_are_named_and_not_repeated_ones(
    settings: Settings, tmp_path: Path
) -> None:
    write(tmp_path / "in" / "one.csv", [at(0), at(0), at(5), at(0, average=41)])
    assert "one.csv, line 5: has other values than line 2 for" in refusal_of(settings, tmp_path / "in")


def test_an_empty_value_beside_a_number_is_another_value(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path / "in" / "one.csv", [at(0), at(0, p95="")])
    assert "has other values than line 2" in refusal_of(settings, tmp_path / "in")


@pytest.mark.parametrize(
    ("time", "average", "said"),
    [
        ("timestamp '2025-01-31 10:00'", "'nan'::double", "row 1: average 'nan' is no number"),
        ("timestamp '2025-01-31 10:00'", "[1]", "row 1: average '[1]' is no number"),
        ("timestamp '2025-01-31 10:00'", "101::float", "row 1: average '101.0' is above 100"),
        ("1738317600", "1", "row 1: bucket_start '1738317600' is no time"),
    ],
)
def test_a_row_of_parquet_is_named_by_its_number(
    settings: Settings, tmp_path: Path, time: str, average: str, said: str
) -> None:
    write_parquet(tmp_path / "in" / "one.parquet", PARQUET.format(time=time, average=average))
    assert said in refusal_of(settings, tmp_path / "in")


@pytest.mark.parametrize(
    ("time", "hour"),
    [
        ("timestamp '2025-01-31 10:00'", 10),
        ("timestamptz '2025-01-31 10:00+02'", 8),
        ("timestamp_ns '2025-01-31 10:00:00.123456789'", 10),
        ("date '2025-01-31'", 0),
        ("'2025-01-31T10:00:00+01:00'", 9),
    ],
)
def test_parquet_has_times_of_any_type(settings: Settings, tmp_path: Path, time: str, hour: int) -> None:
    source = a_source(tmp_path / "in")
    write_parquet(tmp_path / "in" / "one.parquet", PARQUET.format(time=time, average="40.5::float"))
    ingest(settings, source)

    assert [row["bucket_start"].hour for row in landed(settings, source)] == [hour]


def test_a_file_that_is_no_parquet_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.parquet").write_bytes(b"PAR1 no more PAR1")
    assert refusal_of(settings, tmp_path / "in").startswith("one.parquet: not readable to the end")


@pytest.mark.parametrize(
    "whole",
    [WHOLE.replace("\n", "\r\n"), f"\ufeff{WHOLE}", WHOLE.replace(",40,", ",4e1,"), WHOLE.replace(",5,", ",5.0,")],
)
def test_common_ways_to_write_a_table_are_read(settings: Settings, tmp_path: Path, whole: str) -> None:
    source = a_source(tmp_path / "in")
    (tmp_path / "in" / "it's [1] *.csv").write_bytes(whole.encode())

    assert ingest(settings, source).rejections == ()
    assert [(row["average"], row["minutes_covered"]) for row in landed(settings, source)] == [(40, 5)]
