"""The real scheduler over small bills. One sample for all tests; every test has a FINOPS_HOME of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

LINES_PER_MONTH = 2_000
PERIODS = [BillingPeriod(2025, month) for month in (1, 2, 3)]


@pytest.fixture(scope="session")
def sample(tmp_path_factory) -> Path:
    """Three months of native bills of three clouds."""
    from finops.sample.service import generate

    folder = tmp_path_factory.mktemp("sample")
    report = generate(folder, months=len(PERIODS), lines_per_month=LINES_PER_MONTH)
    assert list(report.periods) == PERIODS
    return folder


@pytest.fixture(scope="session")
def new_home(tmp_path_factory, sample) -> Callable[[str], Settings]:
    """Make a FINOPS_HOME that holds the sample and nothing else."""

    def make(name: str) -> Settings:
        home = tmp_path_factory.mktemp(name)
        shutil.copytree(sample, home / "sample")
        return Settings(home=home)

    return make


def wait_until(is_met: Callable[[], bool], seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not is_met():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.2)
