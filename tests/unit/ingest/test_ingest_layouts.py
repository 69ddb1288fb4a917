"""How each cloud lays out its exports: which run is taken, what waits, and what a manifest cannot reach."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.ingest.native_bills import (
    age,
    aws_export,
    azure_export,
    csv_bytes,
    gcp_export,
    gz_bytes,
    parquet_bytes,
    put,
    rows,
)

from finops.core.errors import BadInput
from finops.core.formats import SourceFormat
from finops.core.providers import CLOUDS, Provider
from finops.ingest.models import Outcome
from finops.ingest.service import problem

CUR2 = SourceFormat.AWS_CUR2
ACTUAL = SourceFormat.AZURE_ACTUAL


def cur2(*costs: object) -> dict[str, bytes]:
    return {"bill-00001.csv.gz": gz_bytes(rows(CUR2, costs))}


def half(*costs: object) -> dict[str, tuple[bytes, int]]:
    return {"part_0.csv": (csv_bytes(rows(ACTUAL, costs)), len(costs))}


def costs(report) -> list[Decimal]:
    return [total.source_cost for delivery in report.landed for total in delivery.totals]


def reasons(report, outcome: Outcome = Outcome.WAITING) -> list[str]:
    assert {each.outcome for each in report.rejections} <= {outcome}
    return [each.reason for each in report.rejections]


def test_of_the_executions_of_an_aws_export_the_newest_is_taken_whatever_the_file_times_say(take, origin: Path) -> None:
    newer = aws_export(origin, "2025-01", cur2("2"), run="2025-02-02T06:00:00.000Z-b")
    older = aws_export(origin, "2025-01", cur2("1"), run="2025-02-01T06:00:00.000Z-a")
    age(newer, "2025-02-02")
    age(older, "2025-02-09")
    assert costs(take()) == [Decimal(2)]


def test_an_execution_still_without_its_manifest_leaves_the_older_one_in_place_and_waits(take, origin: Path) -> None:
    aws_export(origin, "2025-01", cur2("1"), run="2025-02-01T06:00:00.000Z-a")
    aws_export(origin, "2025-01", cur2("2"), run="2025-02-02T06:00:00.000Z-b").unlink()
    report = take()
    assert costs(report) == [Decimal(1)]
    assert "2025-02-02T06:00:00.000Z-b" in reasons(report)[0]


def test_an_abandoned_execution_is_forgotten_once_a_newer_one_is_complete(take, origin: Path) -> None:
    aws_export(origin, "2025-01", cur2("2"), run="2025-02-02T06:00:00.000Z-b").unlink()
    for part in (origin / "bill/data").rglob("*.gz"):
        age(part, "2025-02-02")
    aws_export(origin, "2025-01", cur2("3"), run="2025-02-03T06:00:00.000Z-c")
    report = take()
    assert (costs(report), reasons(report)) == ([Decimal(3)], [])


def test_a_manifest_that_is_missing_is_waited_for_which_a_retry_can_mend(take, origin: Path) -> None:
    aws_export(origin, "2025-01", cur2("1")).unlink()
    report = take()
    assert "no manifest" in reasons(report)[0]
    error = problem(report)
    assert error is not None
    assert error.is_retryable


def test_a_file_that_the_manifest_names_and_nobody_wrote_is_waited_for(take, origin: Path) -> None:
    aws_export(origin, "2025-01", {**cur2("1"), "bill-00002.csv.gz": gz_bytes(rows(CUR2, ["2"]))})
    (origin / "bill/data/BILLING_PERIOD=2025-01/bill-00002.csv.gz").unlink()
    assert "bill-00002.csv.gz" in reasons(take())[0]


def test_a_cut_manifest_is_named_and_the_older_run_taken(take, origin: Path) -> None:
    aws_export(origin, "2025-01", cur2("1"), run="2025-02-01T06:00:00.000Z-a")
    cut = aws_export(origin, "2025-01", cur2("2"), run="2025-02-02T06:00:00.000Z-b")
    put(cut, cut.read_bytes()[:20])
    report = take()
    assert costs(report) == [Decimal(1)]
    assert "not readable JSON" in reasons(report, Outcome.QUARANTINED)[0]


@pytest.mark.parametrize("named", ["/etc/hostname", "s3://bucket/../../secret.csv.gz", "../secret.csv.gz"])
def test_a_manifest_reaches_nothing_outside_its_own_export(take, origin: Path, named: str) -> None:
    put(origin.parent / "secret.csv.gz", gz_bytes(rows(CUR2, ["1"])))
    put(origin / "secret.csv.gz", gz_bytes(rows(CUR2, ["1"])))
    put(aws_export(origin, "2025-01", cur2("1")), json.dumps({"dataFiles": [named]}).encode())
    assert reasons(take())


def test_two_exports_of_one_name_below_one_origin_are_both_refused(take, origin: Path) -> None:
    aws_export(origin / "payer-a", "2025-01", cur2("1"))
    aws_export(origin / "payer-b", "2025-01", cur2("2"))
    assert "2 exports named 'bill'" in reasons(take(), Outcome.REFUSED)[0]
    assert costs(take(uri=origin / "payer-a")) == [Decimal(1)]


def test_the_origin_may_be_the_export_itself(take, origin: Path) -> None:
    aws_export(origin, "2025-01", cur2("1"))
    assert take(uri=origin / "bill").landed[0].source == "bill"


def test_an_origin_without_any_manifest_says_how_to_take_files_by_hand(take, origin: Path) -> None:
    put(origin / "bill.csv", csv_bytes(rows(CUR2, ["1"])))
    with pytest.raises(BadInput, match="--no-manifest"):
        take()


@pytest.mark.parametrize("kind", ["csv.gz", "parquet"])
def test_a_legacy_report_is_taken_from_its_upper_manifest(take, origin: Path, tmp_path: Path, kind: str) -> None:
    lines = rows(SourceFormat.AWS_CUR_LEGACY, ["1.5"])
    content = gz_bytes(lines)
    if kind == "parquet":
        renamed = [{alias_of_legacy(name): value for name, value in line.items()} for line in lines]
        content = parquet_bytes(SourceFormat.AWS_CUR_LEGACY, renamed, tmp_path, types=LEGACY_TYPES)
    folder = origin / "reports/hourly/20250101-20250201"
    put(folder / f"assembly-2/hourly-1.{kind}", content)
    manifest = {
        "assemblyId": "assembly-2",
        "reportKeys": [f"reports/hourly/20250101-20250201/assembly-2/hourly-1.{kind}"],
    }
    put(folder / "assembly-2/hourly-Manifest.json", json.dumps(manifest).encode())
    put(folder / "hourly-Manifest.json", json.dumps(manifest).encode())
    report = take()
    assert [(d.source, d.format, str(d.billing_period)) for d in report.landed] == [
        ("hourly", SourceFormat.AWS_CUR_LEGACY, "2025-01")
    ]
    assert costs(report) == [Decimal("1.5")]


def alias_of_legacy(name: str) -> str:
    from finops.core.formats import columns_of

    return next(c.aliases[0] for c in columns_of(SourceFormat.AWS_CUR_LEGACY) if c.name == name)


LEGACY_TYPES = {"line_item_unblended_cost": "DOUBLE", "line_item_usage_amount": "DOUBLE"}


@pytest.mark.parametrize("provider", list(CLOUDS))
def test_a_native_focus_export_comes_through_every_clouds_own_layout(
    take, origin: Path, tmp_path: Path, provider: Provider
) -> None:
    lines = rows(SourceFormat.FOCUS, ["1.5", "2"])
    if provider == Provider.AWS:
        aws_export(origin, "2025-01", {"focus-1.csv.gz": gz_bytes(lines)})
    elif provider == Provider.AZURE:
        azure_export(origin, "2025-01", {"p.csv": (csv_bytes(lines), 2)}, kind="FocusCost")
    else:
        gcp_export(origin, "2025-01", {"p.parquet": (parquet_bytes(SourceFormat.FOCUS, lines, tmp_path), 2)})
    report = take(provider)
    assert [d.format for d in report.landed] == [SourceFormat.FOCUS]
    assert costs(report) == [Decimal("3.5")]


def test_of_azures_runs_of_a_month_the_newest_complete_one_is_taken(take, origin: Path) -> None:
    azure_export(origin, "2025-01", half("1"), run="202502010500")
    azure_export(origin, "2025-01", half("2"), run="202502020500")
    newest = azure_export(origin, "2025-01", half("3"), run="202502030500")
    (newest.parent / "part_0.csv").unlink()
    report = take(Provider.AZURE)
    assert costs(report) == [Decimal(2)]
    assert "202502030500" in reasons(report)[0]


def test_a_part_of_another_size_than_azures_manifest_says_is_waited_for(take, origin: Path) -> None:
    manifest = azure_export(origin, "2025-01", half("1", "2"))
    part = manifest.parent / "part_0.csv"
    put(part, part.read_bytes()[:-5])
    assert "its manifest says" in reasons(take(Provider.AZURE))[0]


def test_a_run_that_is_not_one_calendar_month_is_refused_since_a_month_is_replaced_whole(take, origin: Path) -> None:
    azure_export(origin, "2025-01", half("1"), end="2025-02-15T00:00:00")
    assert "one calendar month" in reasons(take(Provider.AZURE), Outcome.QUARANTINED)[0]


def test_rows_fewer_than_azures_manifest_says_are_not_taken(take, origin: Path) -> None:
    azure_export(origin, "2025-01", {"p.csv": (csv_bytes(rows(ACTUAL, ["1", "2"])), 3)})
    assert "holds 2 rows, the manifest says 3" in reasons(take(Provider.AZURE), Outcome.QUARANTINED)[0]


def test_a_gcp_month_is_held_to_its_checksums(take, origin: Path, tmp_path: Path) -> None:
    content = parquet_bytes(SourceFormat.GCP_DETAILED, rows(SourceFormat.GCP_DETAILED, ["1.5"]), tmp_path)
    manifest = gcp_export(origin, "2025-01", {"p.parquet": (content, 1)})
    assert costs(take(Provider.GCP)) == [Decimal("1.5")]
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    put(manifest.parent / "p.parquet", bytes(flipped))
    assert "sha256" in reasons(take(Provider.GCP), Outcome.QUARANTINED)[0]


def test_a_gcp_month_without_its_manifest_waits(take, origin: Path, tmp_path: Path) -> None:
    content = parquet_bytes(SourceFormat.GCP_DETAILED, rows(SourceFormat.GCP_DETAILED, ["1"]), tmp_path)
    gcp_export(origin, "2025-01", {"p.parquet": (content, 1)}).unlink()
    assert "invoice_month=202501" in reasons(take(Provider.GCP))[0]


def test_an_export_that_moves_to_parquet_stays_the_same_source(take, origin: Path, tmp_path: Path) -> None:
    aws_export(origin, "2025-01", cur2("1"))
    take()
    shutil.rmtree(origin / "bill")
    aws_export(origin, "2025-01", {"bill-00001.snappy.parquet": parquet_bytes(CUR2, rows(CUR2, ["1", "2"]), tmp_path)})
    assert costs(take()) == [Decimal(3)]
