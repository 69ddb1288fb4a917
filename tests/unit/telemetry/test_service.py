"""Telemetry lands day by day, whole, once, and rolled up to the hour; what is bad holds back itself alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from pkgutil import resolve_name

import pytest
from tests.unit.telemetry.delivered_files import (
    DAY,
    GOOD,
    a_row,
    a_source,
    at,
    landed,
    landed_files,
    moment,
    refusals,
    write,
)

from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.policy.telemetry import TelemetrySource
from finops.stores.state import telemetry as ledger
from finops.stores.state.store import open_state
from finops.telemetry import landing, staging
from finops.telemetry.models import OfferedFile
from finops.telemetry.service import ingest, status


@pytest.mark.parametrize("kind", TelemetryKind)
def test_a_file_of_each_kind_lands(settings: Settings, folder: Path, kind: TelemetryKind) -> None:
    source = a_source(folder, kind)
    write(folder / "one.csv", [a_row(kind)])
    report = ingest(settings, source)

    assert (report.rejections, report.rows, [each.day for each in report.landed]) == ((), 1, [DAY])
    [row] = landed(settings, source)
    renamed = {"bucket_minutes": "minutes_covered"}
    assert list(row) == [renamed.get(name, name) for name in GOOD[kind]]


def test_five_minutes_become_an_hour(settings: Settings, folder: Path, source: TelemetrySource) -> None:
    rows = [at(0, average=10, maximum=20, p95=15), at(5, average=40, maximum=90, p95=80)]
    write(folder / "one.csv", [*rows, at(10, bucket_minutes=10, average=70, maximum="", p95=""), at(60)])
    ingest(settings, source)

    first, second = landed(settings, source)
    assert first["bucket_start"] == moment(10)
    assert (first["minutes_covered"], first["average"]) == (20, Decimal("47.5"))
    assert (first["maximum"], first["p95"]) == (90, 80)
    assert (second["bucket_start"], second["minutes_covered"]) == (moment(11), 5)


def test_counts_are_added_up_and_what_nobody_counts_stays_empty(settings: Settings, folder: Path) -> None:
    kind = TelemetryKind.INFERENCE_COUNTS
    source = a_source(folder, kind)
    rows = [a_row(kind, bucket_start=f"2025-01-31T10:0{minute}:00Z", tokens_out="") for minute in (0, 5)]
    write(folder / "one.csv", rows)
    ingest(settings, source)

    [row] = landed(settings, source)
    assert (row["requests"], row["successes"], row["tokens_in"], row["tokens_out"]) == (200, 196, 2000, None)


def test_a_time_without_an_offset_is_utc_and_one_with_an_offset_is_converted(settings: Settings, folder: Path) -> None:
    kind = TelemetryKind.CHECKPOINTS
    source = a_source(folder, kind)
    times = ("2025-01-31 23:30:00", "2025-02-01T01:30:00+02:00", "2025-01-31T23:30:00Z")
    write(folder / "one.csv", [a_row(kind, uri=str(n), created_at=time) for n, time in enumerate(times)])
    report = ingest(settings, source)

    assert [each.day for each in report.landed] == [DAY]
    assert {row["created_at"] for row in landed(settings, source)} == {moment(23, 30)}


def test_a_second_run_reads_no_file_again(
    settings: Settings, folder: Path, source: TelemetrySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "one.csv", [at(0)])
    ingest(settings, source)
    monkeypatch.setattr("finops.telemetry.service.stage", lambda *_: pytest.fail("a known file was read"))
    report = ingest(settings, source)

    assert (report.landed, report.unchanged, report.known_files) == ((), 0, 1)


def test_the_same_bytes_written_again_are_unchanged(settings: Settings, folder: Path, source: TelemetrySource) -> None:
    path = write(folder / "one.csv", [at(0)])
    [first] = ingest(settings, source).landed
    os.utime(path, (1, 1))
    report = ingest(settings, source)

    assert (report.landed, report.unchanged, report.read_files) == ((), 1, 1)
    assert [each.name for each in landed_files(settings)] == [f"{first.delivery_id}.parquet"]


def test_exact_duplicates_are_dropped_and_counted(settings: Settings, folder: Path, source: TelemetrySource) -> None:
    write(folder / "one.csv", [at(0), at(5, average=50), at(0), at(0)])
    report = ingest(settings, source)

    assert (report.rows, report.repeated) == (4, 2)
    assert [row["average"] for row in landed(settings, source)] == [45]


def test_what_lies_in_the_future_is_set_apart_and_the_rest_lands(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    now = datetime.now(UTC)
    soon, later = (a_row(bucket_start=(now + timedelta(minutes=m)).isoformat(), resource_id=str(m)) for m in (13, 17))
    write(folder / "one.csv", [at(0), soon, later])
    report = ingest(settings, source)

    assert report.set_apart == 1
    assert {row["resource_id"] for row in landed(settings, source)} == {"i-1", "13"}


def test_a_bad_file_refuses_itself_alone(settings: Settings, folder: Path, source: TelemetrySource) -> None:
    write(folder / "bad.csv", [at(0), at(5, average=101)])
    write(folder / "good.csv", [at(60)])
    report = ingest(settings, source)

    assert refusals(report) == ["gpu: bad.csv, line 3: average '101' is above 100; a utilization is 0 to 100 percent"]
    assert [row["bucket_start"].hour for row in landed(settings, source)] == [11]
    assert not report.rejections[0].is_waiting


def test_a_bad_file_is_read_again_and_lands_when_it_is_mended(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    write(folder / "one.csv", [at(0, average=-1)])
    assert len(refusals(ingest(settings, source))) == len(refusals(ingest(settings, source))) == 1
    write(folder / "one.csv", [at(0)])

    assert ingest(settings, source).rejections == ()
    assert ingest(settings, source).rejections == ()


def test_a_dry_run_says_what_is_new_and_lands_nothing(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    write(folder / "one.csv", [at(0)])
    report = ingest(settings, source, dry_run=True)

    assert [(each.day, each.row_count) for each in report.landed] == [(DAY, 1)]
    assert (landed_files(settings), landed(settings, source)) == ([], [])
    assert not any(each.days for each in status(settings))
    assert len(ingest(settings, source).landed) == 1


def test_a_landed_file_that_was_lost_is_landed_again(settings: Settings, folder: Path, source: TelemetrySource) -> None:
    write(folder / "one.csv", [at(0)])
    [first] = ingest(settings, source).landed
    (settings.landing_dir / first.relative_path).unlink()
    [second] = ingest(settings, source).landed

    assert second.delivery_id == first.delivery_id
    assert len(landed(settings, source)) == 1


@pytest.mark.parametrize(
    "step",
    [
        "finops.telemetry.landing.sync_file",
        "finops.telemetry.landing.os.rename",
        "finops.telemetry.landing.sync_folder",
        "finops.telemetry.service.ledger.record",
    ],
)
@pytest.mark.parametrize("number", [1, 2])
def test_a_run_that_is_killed_is_repeated_to_the_same_result(
    settings: Settings, folder: Path, source: TelemetrySource, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    write(folder / "one.csv", [at(0), a_row(bucket_start="2025-02-01")])
    as_before, calls = resolve_name(step), []

    def killed_in_time(*arguments):
        calls.append(arguments)
        if len(calls) == number:
            raise KeyboardInterrupt
        return as_before(*arguments)

    with monkeypatch.context() as killed:
        killed.setattr(step, killed_in_time)
        with pytest.raises(KeyboardInterrupt):
            ingest(settings, source)
    ingest(settings, source)

    assert [row["bucket_start"].day for row in landed(settings, source)] == [31, 1]
    assert len(landed_files(settings)) == 2
    assert not list((settings.landing_dir / ".incoming").rglob("*.parquet"))
    assert ingest(settings, source).known_files == 1


def test_a_file_that_may_not_be_read_or_is_gone_refuses_itself_alone(
    settings: Settings, folder: Path, source: TelemetrySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        write(folder / f"{name}.csv", [at(0, resource_id=name)])
    as_before = staging.tables.sha256_of_whole

    def hindered(file: OfferedFile) -> str:
        if file.name == "a.csv":
            raise PermissionError(13, "Permission denied", str(file.path))
        if file.name == "b.csv":
            file.path.unlink()
        return as_before(file)

    monkeypatch.setattr(staging.tables, "sha256_of_whole", hindered)
    report = ingest(settings, source)

    assert [(each.reason, each.is_waiting) for each in report.rejections] == [
        ("gpu: a.csv: may not be read; permit it", False),
        ("gpu: b.csv: is gone; the next run looks again", True),
    ]
    assert [row["resource_id"] for row in landed(settings, source)] == ["c"]


def test_a_file_that_changes_while_it_is_read_waits(
    settings: Settings, folder: Path, source: TelemetrySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(folder / "one.csv", [at(0)])
    as_before = staging._write

    def written_meanwhile(*arguments) -> None:
        as_before(*arguments)
        os.utime(path, (1, 1))

    monkeypatch.setattr(staging, "_write", written_meanwhile)
    report = ingest(settings, source)

    assert [each.is_waiting for each in report.rejections] == [True]
    assert all(each.is_waiting for each in report.rejections)
    monkeypatch.undo()
    assert len(ingest(settings, source).landed) == 1


def test_two_sources_of_a_kind_keep_to_themselves(settings: Settings, folder: Path, tmp_path: Path) -> None:
    one, other = a_source(folder), a_source(tmp_path / "other", name="cpu")
    write(folder / "a.csv", [at(0)])
    write(tmp_path / "other" / "a.csv", [at(0, average=20)])
    ingest(settings, one)
    ingest(settings, other)

    assert [landed(settings, each)[0]["average"] for each in (one, other)] == [40, 20]
    # The sources of the shipped telemetry.yml are there too, and nothing has landed of them.
    found = [each for each in status(settings) if each.days]
    assert [(each.source, each.days, each.newest_day, each.row_count) for each in found] == [
        ("cpu", 1, DAY, 1),
        ("gpu", 1, DAY, 1),
    ]


def test_a_header_without_rows_lands_nothing_and_is_no_error(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    (folder / "one.csv").write_text(",".join(GOOD[TelemetryKind.RESOURCE_METRICS]) + "\n", encoding="utf-8")
    report = ingest(settings, source)

    assert (report.landed, report.rejections, ingest(settings, source).known_files) == ((), (), 1)


def test_the_ledger_says_what_was_current_before(settings: Settings, folder: Path, source: TelemetrySource) -> None:
    write(folder / "one.csv", [at(0)])
    ingest(settings, source)
    write(folder / "one.csv", [at(0, average=41)])
    [second] = ingest(settings, source).landed

    with open_state(settings).connect() as connection:
        assert ledger.all_current(connection) == [second]
    assert landing.is_whole(settings, second)
    assert second.files == (("one.csv", second.files[0][1]),)
