"""What every test of delivery begins with."""

from __future__ import annotations

from pathlib import Path

import pytest
from delivery_steps import restate

from finops.core.settings import Settings


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """A home with January's statements of two cost centres, one of them hostile, and an empty configuration."""
    settings.config_dir = tmp_path / "config"
    settings.config_dir.mkdir()
    restate(settings, "10.10")
    return settings
