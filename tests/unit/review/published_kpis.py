"""Publishes KPIs that a test lists: ``mart_kpi_values`` as written, ``mart_kpi_reasons`` by the model's own SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from tests.model_sql import model_sql

from finops.core.settings import Settings

MONDAY = date(2025, 2, 3)
_COLUMNS = (
    "billing_period varchar, provider varchar, billing_currency varchar, kpi varchar, kpi_name varchar, unit varchar, "
    "better varchar, subject varchar, grain varchar, week_start date, numerator decimal(38, 12), "
    "denominator decimal(38, 12), target decimal(38, 12)"
)


@dataclass(frozen=True)
class Value:
    """One row of ``mart_kpi_values``."""

    billing_period: str
    provider: str
    billing_currency: str
    kpi: str
    kpi_name: str
    unit: str
    better: str
    subject: str
    grain: str
    week_start: date
    numerator: Decimal
    denominator: Decimal | None
    target: Decimal | None


def value(subject: str, week: date, numerator: str, denominator: str | None = "1", **changed: object) -> Value:
    """Return a row of the cost of a GPU hour in a week, unless it is changed."""
    found = Value(
        f"{week:%Y-%m}",
        "aws",
        "USD",
        "cost_per_gpu_hour",
        "Cost per GPU hour",
        "amount per GPU hour",
        "lower",
        subject,
        "week",
        week,
        Decimal(numerator),
        None if denominator is None else Decimal(denominator),
        None,
    )
    return replace(found, **changed)  # type: ignore[arg-type]


def weeks(count: int, last: date = MONDAY) -> list[date]:
    """Return the Mondays of so many weeks, the last one last."""
    return [last - timedelta(weeks=number) for number in reversed(range(count))]


def publish_kpis(
    settings: Settings, values: Iterable[Value], newest: Sequence[tuple[str, date]] = (("aws", date(2025, 2, 28)),)
) -> Path:
    """Write a version with these KPIs, whose bills reach the newest days given, and point ``current`` at it."""
    import duckdb

    rows = [astuple(each) for each in values]
    folder = settings.published_dir / "versions" / "build-1"
    folder.mkdir(parents=True)
    manifest = {
        "build_id": "build-1",
        "marts": ["fct_daily_costs", "mart_kpi_reasons", "mart_kpi_values"],
        "billing_periods": sorted({row[0] for row in rows}),
        "published_at": "2025-03-03T04:05:06.000+00:00",
        "fact": {"partitions": []},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with duckdb.connect(str(folder / "finops.duckdb")) as connection:
        connection.execute(f"create table mart_kpi_values ({_COLUMNS})")
        if rows:
            places = ", ".join(f"({', '.join('?' * 13)})" for _ in rows)
            connection.execute(f"insert into mart_kpi_values values {places}", [each for row in rows for each in row])
        connection.execute(f"create table mart_kpi_reasons as {model_sql('mart_kpi_reasons')}")
        connection.execute("create table fct_daily_costs (provider varchar, charge_date date, charge_category varchar)")
        for provider, day in newest:
            connection.execute("insert into fct_daily_costs values (?, ?, 'Usage')", [provider, day])
    link = settings.published_dir / "current"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("versions") / "build-1")
    return folder
