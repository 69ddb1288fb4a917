"""Benchmarks and stored results compare across runs and machines only if a seed and a size mean the same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.sample.service import generate


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_another_process_with_another_hash_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    generate(tmp_path / "here", months=2, lines_per_month=2_500, seed=3)
    arguments = [
        "sample",
        "--out",
        str(tmp_path / "there"),
        "--months",
        "2",
        "--lines-per-month",
        "2500",
        "--seed",
        "3",
    ]
    program = "import sys; from finops.cli import main; sys.argv = ['finops', *sys.argv[1:]]; main()"
    environment = os.environ | {"PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo", "ARROW_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, env=environment, capture_output=True)
    assert digests(tmp_path / "here") == digests(tmp_path / "there")


def test_another_seed_writes_another_bill_under_the_same_names(tmp_path: Path) -> None:
    for seed in (1, 2):
        generate(tmp_path / str(seed), months=1, lines_per_month=2_000, seed=seed, providers=[Provider.AWS])
    one, two = digests(tmp_path / "1"), digests(tmp_path / "2")
    assert one.keys() == two.keys()
    # A month that is open has no invoices, whatever the seed.
    assert all(one[name] != two[name] for name in one if name != "invoices.csv")


def test_a_longer_horizon_adds_months_and_leaves_closed_ones_alone(tmp_path: Path) -> None:
    # Otherwise a backfill of more history would look like a restatement of every month.
    generate(tmp_path / "short", months=2, lines_per_month=2_000)
    generate(tmp_path / "long", months=3, lines_per_month=2_000)
    short, long = digests(tmp_path / "short"), digests(tmp_path / "long")
    closed = [name for name in short if "2025-01" in name or "20250101" in name or "202501" in name]
    assert len(closed) >= 7
    assert {name: short[name] for name in closed} == {name: long[name] for name in closed}


def test_a_month_is_the_same_whichever_month_the_horizon_begins_with(tmp_path: Path) -> None:
    generate(tmp_path / "all", months=3, lines_per_month=2_000, providers=[Provider.AWS])
    generate(
        tmp_path / "late",
        months=2,
        lines_per_month=2_000,
        first_period=BillingPeriod(2025, 2),
        providers=[Provider.AWS],
    )
    everything, late = digests(tmp_path / "all"), digests(tmp_path / "late")
    bills = [name for name in late if name.startswith("aws/")]
    assert bills
    assert all(late[name] == everything[name] for name in bills)


def test_writing_again_replaces_an_earlier_sample_whole(tmp_path: Path) -> None:
    generate(tmp_path / "out", months=3, lines_per_month=2_000)
    generate(tmp_path / "out", months=1, lines_per_month=2_000)
    generate(tmp_path / "fresh", months=1, lines_per_month=2_000)
    assert digests(tmp_path / "out") == digests(tmp_path / "fresh")
