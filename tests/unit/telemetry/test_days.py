"""A day is all files of its source that have rows of it: it is replaced whole, and never shrinks in silence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.unit.telemetry.delivered_files import DAY, a_row, a_source, at, landed, landed_files, refusals, write

from finops.core.errors import NotReady
from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind
from finops.policy.telemetry import TelemetrySource
from finops.telemetry import staging
from finops.telemetry.models import OfferedFile
from finops.telemetry.service import ingest


def test_a_day_is_replaced_whole_and_what_it_was_stays_as_it_was(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    write(folder / "one.csv", [at(0), at(60)])
    [first] = ingest(settings, source).landed
    before = (settings.landing_dir / first.relative_path).read_bytes()
    write(folder / "one.csv", [at(0, average=41)])
    [second] = ingest(settings, source).landed

    assert [row["average"] for row in landed(settings, source)] == [41]
    assert first.delivery_id != second.delivery_id
    assert (settings.landing_dir / first.relative_path).read_bytes() == before


def test_going_back_to_what_a_day_was_makes_that_delivery_current_again(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    write(folder / "one.csv", [at(0)])
    [first] = ingest(settings, source).landed
    write(folder / "one.csv", [at(0, average=41)], written_at=2)
    ingest(settings, source)
    write(folder / "one.csv", [at(0)], written_at=3)
    [third] = ingest(settings, source).landed

    assert third.delivery_id == first.delivery_id
    assert [row["average"] for row in landed(settings, source)] == [40]
    assert len(landed_files(settings)) == 2


def test_files_of_one_day_are_that_day_together(settings: Settings, folder: Path, source: TelemetrySource) -> None:
    write(folder / "10.csv", [at(0)])
    ingest(settings, source)
    write(folder / "deep" / "11.csv.gz", [at(60)])
    report = ingest(settings, source)

    assert [row["bucket_start"].hour for row in landed(settings, source)] == [10, 11]
    assert (report.read_files, report.known_files) == (1, 1)


def test_of_two_files_the_one_written_later_counts_whatever_they_are_called(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    write(folder / "a.csv", [at(0, average=50), at(5, average=30)], written_at=2_000)
    write(folder / "b.csv", [at(0, average=10), at(5, average=30)], written_at=1_000)
    report = ingest(settings, source)

    assert [row["average"] for row in landed(settings, source)] == [40]
    assert report.overlapping == 2


def test_a_run_that_went_on_is_one_run(settings: Settings, folder: Path) -> None:
    kind = TelemetryKind.TRAINING_RUNS
    source = a_source(folder, kind)
    write(folder / "31.csv", [a_row(kind, ended_at="", status="running")], written_at=1_000)
    write(folder / "01.csv", [a_row(kind)], written_at=2_000)
    ingest(settings, source)

    assert [row["status"] for row in landed(settings, source)] == ["finished"]


def test_a_day_stays_as_it_was_while_a_file_that_it_was_made_from_is_refused(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    write(folder / "a.csv", [at(0)])
    write(folder / "b.csv", [at(60)])
    ingest(settings, source)
    write(folder / "a.csv", [at(0, average="many")])
    write(folder / "b.csv", [at(60, average=20)])
    report = ingest(settings, source)

    assert report.landed == ()
    assert "gpu: 2025-01-31: is left as it was, since a.csv, which it was made from, is refused" in refusals(report)[1]
    assert [row["average"] for row in landed(settings, source)] == [40, 40]
    write(folder / "a.csv", [at(0)])
    assert len(ingest(settings, source).landed) == 1
    assert [row["average"] for row in landed(settings, source)] == [40, 20]


def test_a_day_does_not_shrink_because_a_file_is_gone(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    write(folder / "a.csv", [at(0)])
    write(folder / "b.csv", [at(60)])
    ingest(settings, source)
    (folder / "a.csv").unlink()
    assert ingest(settings, source).rejections == ()
    write(folder / "b.csv", [at(60, average=20)])
    report = ingest(settings, source)

    assert "a.csv, which it was made from, is gone; put it back, or use --accept-smaller" in refusals(report)[0]
    assert len(landed(settings, source)) == 2
    assert ingest(settings, source, accept_smaller=True).rejections == ()
    assert [row["average"] for row in landed(settings, source)] == [20]


def test_a_file_may_be_renamed(settings: Settings, folder: Path, source: TelemetrySource) -> None:
    write(folder / "a.csv", [at(0)]).rename(folder / "b.csv")
    ingest(settings, source)
    (folder / "b.csv").rename(folder / "c.csv")
    report = ingest(settings, source)

    assert (report.rejections, report.landed, report.unchanged) == ((), (), 1)


def test_rows_that_a_file_no_longer_has_are_gone_from_their_day(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    tomorrow = a_row(bucket_start="2025-02-01T00:00:00Z")
    write(folder / "a.csv", [at(0), tomorrow])
    write(folder / "b.csv", [at(60)])
    ingest(settings, source)
    write(folder / "a.csv", [tomorrow])
    report = ingest(settings, source)

    assert [each.day for each in report.landed] == [DAY]
    assert [row["bucket_start"].hour for row in landed(settings, source)] == [11, 0]
    write(folder / "b.csv", [at(60, average=20)])
    assert ingest(settings, source).rejections == ()


def test_buckets_that_overlap_refuse_their_day_alone(settings: Settings, folder: Path, source: TelemetrySource) -> None:
    write(folder / "short.csv", [at(5), a_row(bucket_start="2025-02-01T00:00:00Z")])
    write(folder / "long.csv", [at(0, bucket_minutes=60)])
    report = ingest(settings, source)

    assert [each.day for each in report.landed] == [date(2025, 2, 1)]
    assert refusals(report) == [
        "gpu: 2025-01-31: 65 minutes are measured within one hour of provider aws, resource_id i-1, metric "
        "gpu_utilization, bucket_start 2025-01-31 10:00:00: buckets overlap; deliver either the short ones or the "
        "long ones"
    ]
    assert ingest(settings, source).rejections == report.rejections


def test_only_the_days_that_are_asked_for_land_and_the_others_later(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    write(folder / "one.csv", [at(0), a_row(bucket_start="2025-02-01T00:00:00Z")])
    first = ingest(settings, source, days=[DAY])
    second = ingest(settings, source)

    assert [each.day for each in first.landed] == [DAY]
    assert ([each.day for each in second.landed], second.unchanged) == ([date(2025, 2, 1)], 1)
    assert ingest(settings, source).known_files == 1


def test_rows_that_a_file_no_longer_has_leave_their_day_when_that_is_asked_for(
    settings: Settings, folder: Path, source: TelemetrySource
) -> None:
    tomorrow = a_row(bucket_start="2025-02-01T00:00:00Z")
    write(folder / "a.csv", [at(0), tomorrow])
    write(folder / "b.csv", [at(60)])
    ingest(settings, source)
    write(folder / "a.csv", [tomorrow])
    ingest(settings, source, days=[date(2025, 2, 1)])
    ingest(settings, source)

    assert [row["bucket_start"].hour for row in landed(settings, source)] == [11, 0]


def test_a_day_waits_for_a_file_of_it_that_is_still_being_written(
    settings: Settings, folder: Path, source: TelemetrySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "a.csv", [at(0)])
    ingest(settings, source)
    write(folder / "a.csv", [at(0), at(5)])
    write(folder / "b.csv", [at(60)])
    as_before = staging._require_unchanged

    def written_on(file: OfferedFile) -> None:
        if file.name == "a.csv":
            raise NotReady("a.csv: changed while it was read")
        as_before(file)

    with monkeypatch.context() as writing:
        writing.setattr(staging, "_require_unchanged", written_on)
        report = ingest(settings, source)
    assert [each.is_waiting for each in report.rejections] == [True, True]
    assert all(each.is_waiting for each in report.rejections)
    assert len(landed(settings, source)) == 1
    ingest(settings, source)

    assert [row["minutes_covered"] for row in landed(settings, source)] == [10, 5]
