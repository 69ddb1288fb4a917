"""A run killed at any moment, and run again, ends where an undisturbed run ends.

Real processes and a real SIGKILL: whatever is left of files, locks, journals and databases is what a power cut leaves.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from finops.core.providers import CLOUDS
from finops.core.settings import Settings
from finops.sample.service import generate
from tests.published_rows import published_rows

KILLS = int(os.environ.get("KILLS", "12"))
PROVIDERS = ("aws", "azure", "gcp")


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bills")
    generate(folder, months=2, lines_per_month=2_000, seed=11)
    return folder


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [Path(sys.executable).with_name("finops"), *arguments],
        env={**os.environ, "FINOPS_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(home: Path, *arguments: str) -> float:
    began = time.monotonic()
    process = start(home, *arguments)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    return time.monotonic() - began


def steps(bills: Path) -> list[tuple[str, ...]]:
    assert set(PROVIDERS) == set(CLOUDS)
    return [*(("ingest", "--provider", p, "--from", str(bills / p)) for p in PROVIDERS), ("build",)]


@pytest.mark.e2e
@pytest.mark.timeout(2400)
def test_kills_at_random_moments_change_nothing_that_is_published(bills, tmp_path):
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    durations = [finish(undisturbed, *step) for step in steps(bills)]

    chance = random.Random(2025)
    for _ in range(KILLS):
        # Three of four kills hit the build, which has the most to lose; each may hit any moment of it.
        index = chance.choice([0, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3])
        process = start(killed, *steps(bills)[index])
        try:
            process.communicate(timeout=chance.uniform(0.1, durations[index]))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    for step in steps(bills):
        finish(killed, *step)

    found = published_rows(Settings(home=killed))
    assert found == published_rows(Settings(home=undisturbed))
    assert found["history"] == found["fct_daily_costs"], "the newest snapshot of each month is what is published"
