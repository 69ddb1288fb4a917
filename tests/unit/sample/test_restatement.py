"""A month that is delivered twice: too high at first, then as the sample has it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from finops.core.atomic import sha256_of
from finops.core.errors import BadInput
from finops.core.providers import Provider
from finops.sample.service import generate

SMALL = {"months": 1, "lines_per_month": 2_000, "providers": (Provider.GCP,), "with_telemetry": False}


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the month as it is without a restatement, and the sample with one."""
    plain, twice = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("twice")
    generate(plain, **SMALL)
    generate(twice, **SMALL, with_restatement=True)
    return plain, twice


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_corrected_bill_is_that_of_the_sample_to_the_byte(bills):
    plain, twice = bills
    assert files(twice / "restated" / "gcp") == files(plain / "gcp")


def test_the_first_delivery_charges_one_project_three_times_and_is_older(bills):
    _, twice = bills
    (first,), (right,) = (list(twice.glob(f"{each}gcp/**/*.parquet")) for each in ("", "restated/"))
    assert pq.read_schema(first) == pq.read_schema(right)
    rows, corrected = (pq.read_table(path).to_pylist() for path in (first, right))
    assert len(rows) == len(corrected)
    factors = set()
    for row, other in zip(rows, corrected, strict=True):
        is_atlas = "atlas" in {each["value"] for each in row["labels"] or ()}
        assert row["cost"] == other["cost"] * (3 if is_atlas else 1)
        assert row["export_time"] < other["export_time"]
        same = {"cost", "cost_at_list", "export_time"}
        assert {k: v for k, v in row.items() if k not in same} == {k: v for k, v in other.items() if k not in same}
        factors.add(is_atlas)
    assert factors == {True, False}
    manifest, newer = (json.loads((each.parent / "manifest.json").read_text()) for each in (first, right))
    assert manifest["max_export_time"] < newer["max_export_time"]
    (listed,) = manifest["files"]
    assert (listed["sha256"], listed["byte_count"]) == (sha256_of(first), first.stat().st_size)


def test_another_sample_in_the_same_folder_leaves_nothing_of_it(bills, tmp_path):
    generate(tmp_path, **SMALL, with_restatement=True)
    generate(tmp_path, **SMALL)
    assert not (tmp_path / "restated").exists()
    assert files(tmp_path / "gcp") == files(bills[0] / "gcp")


def test_without_google_there_is_no_restatement(tmp_path):
    with pytest.raises(BadInput, match="--restatement is of Google's bill"):
        generate(tmp_path, **{**SMALL, "providers": (Provider.AWS,)}, with_restatement=True)
