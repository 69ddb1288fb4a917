"""A file cut anywhere is refused, and the month that was there stays."""

from __future__ import annotations

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

from finops.core.formats import SourceFormat
from finops.core.providers import Provider

COSTS = [str(number) for number in range(40)]
FRACTIONS = [0, 1, 7, 100, 250, 400, 500, 600, 750, 900, 990, 999]
"""Where to cut, in thousandths of the file; the last byte alone is cut as well."""


def cuts(content: bytes) -> list[bytes]:
    return [content[: len(content) * each // 1000] for each in FRACTIONS] + [content[:-1], content[:-8]]


def kept(take, current, provider: Provider, put_back) -> None:
    for cut in put_back:
        cut()
        report = take(provider)
        assert not report.landed
        assert len(report.rejections) == 1
        assert [d.totals[0].source_cost for d in current()] == [Decimal(1)]


@pytest.mark.parametrize("kind", ["parquet", "csv.gz"])
def test_a_cut_file_is_refused_where_the_manifest_gives_no_size(
    take, current, origin: Path, tmp_path: Path, kind: str
) -> None:
    """AWS's manifests name files only: the file itself must show that it is cut."""

    def whole(costs: list[str]) -> bytes:
        lines = rows(SourceFormat.AWS_CUR2, costs)
        return gz_bytes(lines) if kind == "csv.gz" else parquet_bytes(SourceFormat.AWS_CUR2, lines, tmp_path)

    age(aws_export(origin, "2025-01", {f"bill.{kind}": whole(["1"])}), "2025-02-01")
    take()

    def cutter(content: bytes):
        return lambda: aws_export(origin, "2025-01", {f"bill.{kind}": content})

    kept(take, current, Provider.AWS, map(cutter, cuts(whole(COSTS))))


def test_a_cut_csv_is_refused_at_any_byte_where_the_manifest_gives_its_size(take, current, origin: Path) -> None:
    """At the end of a line a plain CSV does not show that it is cut; its size does."""
    azure_export(origin, "2025-01", {"p.csv": (csv_bytes(rows(SourceFormat.AZURE_ACTUAL, ["1"])), 1)})
    take(Provider.AZURE)
    content = csv_bytes(rows(SourceFormat.AZURE_ACTUAL, COSTS))
    manifest = azure_export(origin, "2025-01", {"p.csv": (content, len(COSTS))}, run="202502020500")
    line_ends = [content[: position + 1] for position, byte in enumerate(content) if byte == ord("\n")][:-1]

    def cutter(cut: bytes):
        return lambda: put(manifest.parent / "p.csv", cut)

    kept(take, current, Provider.AZURE, map(cutter, cuts(content) + line_ends[::8]))


def test_a_cut_parquet_is_refused_where_the_manifest_gives_its_size(
    take, current, origin: Path, tmp_path: Path
) -> None:
    def whole(costs: list[str]) -> bytes:
        return parquet_bytes(SourceFormat.GCP_DETAILED, rows(SourceFormat.GCP_DETAILED, costs), tmp_path)

    gcp_export(origin, "2025-01", {"p.parquet": (whole(["1"]), 1)})
    take(Provider.GCP)
    content = whole(COSTS)
    manifest = gcp_export(origin, "2025-01", {"p.parquet": (content, len(COSTS))})

    def cutter(cut: bytes):
        return lambda: put(manifest.parent / "p.parquet", cut)

    kept(take, current, Provider.GCP, map(cutter, cuts(content)))


def test_a_plain_csv_by_hand_is_refused_when_cut_inside_a_line(take, current, origin: Path) -> None:
    content = csv_bytes(rows(SourceFormat.FOCUS, COSTS))
    for cut in cuts(content):
        if cut.endswith(b"\n") or not cut:
            continue
        put(origin / "bill.csv", cut)
        assert take(no_manifest=True).rejections
    assert current() == []
