"""A source of GPU metrics, whose files a test writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.telemetry.delivered_files import a_source

from finops.policy.telemetry import TelemetrySource


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "delivered"


@pytest.fixture
def source(folder: Path) -> TelemetrySource:
    return a_source(folder)
