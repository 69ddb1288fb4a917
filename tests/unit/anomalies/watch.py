"""Runs the feature on bills that a test lists, with a simple detector, and publishes what it returns."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from tests.unit.anomalies.bills import add_table
from tests.unit.anomalies.standin import detect

from finops.anomalies import service
from finops.anomalies.tables import BY_NAME, INCIDENTS, TABLES
from finops.core.settings import Settings

NOW = datetime(2025, 7, 1, 6, tzinfo=UTC)


def run(settings: Settings, run_date: date | None = None, now: datetime = NOW) -> list[dict[str, Any]]:
    """Run, publish the tables into the current version and return the register."""
    found = service.run(settings, run_date=run_date, detect=detect, now=now)
    assert set(found) == {each.name for each in TABLES}
    for name, by_month in found.items():
        add_table(settings, BY_NAME[name], {month: list(rows) for month, rows in by_month.items()})  # type: ignore[arg-type]
    return [row for rows in found[INCIDENTS].values() for row in rows]  # type: ignore[union-attr]


def configure(settings: Settings, text: str) -> Settings:
    """Return the settings with an ``anomalies.yml`` of their own."""
    folder = settings.root / "config"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "anomalies.yml").write_text(text, encoding="utf-8")
    return Settings(home=settings.root, config_dir=folder)
