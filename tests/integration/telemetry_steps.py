"""What tests of telemetry share that ask a monitoring system: a configured source, and what has landed of it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from finops.core.settings import Settings
from finops.policy.telemetry import TelemetrySource, load
from finops.stores.state import telemetry as ledger
from finops.stores.state.store import open_state

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
YESTERDAY = TODAY - timedelta(days=1)
DAY = YESTERDAY.date()


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def configure(settings: Settings, *sources: dict[str, Any]) -> TelemetrySource:
    """Write telemetry.yml (JSON is YAML) with these sources; return the first."""
    settings.config_dir = settings.config_dir or settings.root / "config"
    settings.config_dir.mkdir(parents=True, exist_ok=True)
    (settings.config_dir / "telemetry.yml").write_text(json.dumps({"sources": sources}), encoding="utf-8")
    return load(settings)[0]


def landed(settings: Settings, source: TelemetrySource, day: date = DAY) -> list[dict[str, Any]]:
    """Return the rows of a source's day that have landed, in their order."""
    with open_state(settings).connect() as connection:
        delivery = ledger.current(connection, source.name, source.kind).get(day)
    if delivery is None:
        return []
    found = duckdb.read_parquet(str(settings.landing_dir / delivery.relative_path), hive_partitioning=False)
    return [dict(zip(found.columns, row, strict=True)) for row in found.order("all").fetchall()]


def answer_of(settings: Settings, source: TelemetrySource, day: date = DAY) -> Path:
    return settings.answers_dir / source.name / source.kind / f"{day}.parquet"


def hour(row: dict[str, Any]) -> int:
    return int(row["bucket_start"].hour)
