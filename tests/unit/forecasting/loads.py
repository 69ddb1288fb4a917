"""Published versions of a month whose newest day has only partly arrived, one a day, each with its snapshot."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import duckdb

from finops.core.atomic import replace_link
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.stores import snapshots
from finops.stores.candidate import BuiltPeriod
from finops.stores.published import Publication, open_version
from finops.stores.state.store import open_state
from finops.transform import published_snapshots

COLUMNS = {
    **dict.fromkeys(("billing_period", "provider", "billing_currency"), "varchar"),
    "charge_date": "date",
    **dict.fromkeys(("service_name", "charge_category", "charge_class"), "varchar"),
    **dict.fromkeys(("cost_center", "ai_project", "ai_model"), "varchar"),
    **dict.fromkeys(("billed_cost", "effective_cost"), "decimal(38,12)"),
}
LEVEL, ARRIVED = 100, 0.6
FIRST = date(2026, 5, 1)


def load(settings: Settings, written: date) -> Publication:
    """Publish what a bill says that was written on a day: 100 a day from May on, of its newest day 60."""
    open_state(settings)
    months = sorted({f"{FIRST:%Y-%m}", f"{written - timedelta(days=1):%Y-%m}"})
    build_id = f"build-{written}"
    version = settings.published_dir / "versions" / build_id
    with duckdb.connect() as connection:
        named = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        connection.execute(f"create table daily ({named})")
        day = FIRST
        while day < written:
            amount = LEVEL * (ARRIVED if day == written - timedelta(days=1) else 1)
            key = [f"{day:%Y-%m}", "aws", "USD", day, "Compute", "Usage", "(none)", "research", "vision", "net"]
            connection.execute(f"insert into daily values ({', '.join('?' * len(COLUMNS))})", [*key, amount, amount])
            day += timedelta(days=1)
        for month in months:
            folder = version / "fct_daily_costs" / f"billing_period={month}"
            folder.mkdir(parents=True)
            rows = f"select * exclude (billing_period) from daily where billing_period = '{month}'"
            connection.execute(f"copy ({rows}) to '{folder / 'part.parquet'}' (format parquet)")
    manifest = {
        "published_at": datetime(written.year, written.month, written.day, 6, tzinfo=UTC).isoformat(),
        "scope": [],
        "columns": {"fct_daily_costs": list(COLUMNS)},
        "marts": {"fct_daily_costs": {"billing_periods": {month: {} for month in months}}},
        "billing_periods": months,
        "fact": {"partitions": {}},
    }
    (version / "manifest.json").write_text(json.dumps(manifest))
    replace_link(settings.published_dir / "current", f"versions/{build_id}")
    published = open_version(version)
    built = [BuiltPeriod(Provider("aws"), BillingPeriod.parse(month), "0" * 64) for month in months]
    kept = published_snapshots.keep(settings, published, built)
    with open_state(settings).begin() as state:
        for snapshot in kept:
            snapshots.record(state, snapshot)
    return published
