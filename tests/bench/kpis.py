"""Measure the KPIs of a month: ``python -m tests.bench.kpis HOME PERIOD`` writes telemetry of 5,000 billed resources.

A third of them train, a third serve, all of them have their utilization measured, by the hour, for the whole month.
What looks random is the same each time. The bill of the month must have been published.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import duckdb

from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.sql import Sql, compose
from finops.core.telemetry import TelemetryKind
from finops.policy.telemetry import FILE

RESOURCES = 5_000
FIGURE = "KPIs of a month, without start-up / decode"
BOUND = 0.5

_RESOURCES = """
    select resource_id, row_number() over (order by hash(resource_id)) as number
    from (
        select distinct line_item_resource_id as resource_id from read_parquet({files})
        where line_item_resource_id <> ''
    )
    order by number limit {resources}
"""
_HOURS = "select timestamp {start} + to_hours(hour) as bucket_start from range({hours}) as hours(hour)"
_ROWS = {
    TelemetryKind.RESOURCE_METRICS: """
        select 'aws' as provider, resource_id, 'gpu_utilization' as metric, bucket_start, 60 as bucket_minutes,
            hash(number, bucket_start) % 9000 / 100 as average
        from resources, hours
    """,
    TelemetryKind.INFERENCE_COUNTS: """
        select 'aws' as provider, resource_id as endpoint_id, 'model-' || number % 40 as model,
            '1.' || number % 3 as model_version, 'production' as stage, bucket_start, 60 as bucket_minutes,
            hash(number, bucket_start, 1) % 1000 as requests, requests as successes,
            requests * 100 as tokens_in, requests * 20 as tokens_out
        from resources, hours where number % 3 = 0
    """,
    TelemetryKind.TRAINING_RUNS: """
        select 'run-' || number || '-' || part as run_id, 'exp-' || number % 90 as experiment,
            'model-' || number % 40 as model, '1.' || part % 3 as model_version, 'training' as stage, 'aws' as provider,
            resource_id, 8 as gpu_count, timestamp {start} + to_hours(part * 70 + number % 50) as started_at,
            started_at + to_hours(90) as ended_at, 'finished' as status
        from resources, range(8) as parts(part) where number % 3 = 1
    """,
}


def rows(
    name: str,
    home: Path,
    decode: float,
    start_up: float,
    measure: Callable[..., dict[str, float]],
    run: Callable[..., str],
    period: BillingPeriod,
    bound: float | None,
) -> list[tuple[str, float, float | None]]:
    """Measure the KPIs of a published month, from landed telemetry to published."""
    if not (home / "telemetry").exists():
        run("tests.bench.kpis", str(home), str(period))
        measure("land_telemetry", home)
    found = min((measure("kpis", home) for _ in range(2)), key=lambda each: each["cpu"])
    return [
        (f"{name}: KPIs of a month, CPU s", found["cpu"], None),
        (f"{name}: the same, peak MB", found["peak_mb"], 1024.0),
        (f"{name}: {FIGURE}", (found["cpu"] - start_up) / decode, bound),
    ]


def main() -> None:
    """Write the files and the configuration."""
    home, period = Path(sys.argv[1]), BillingPeriod.parse(sys.argv[2])
    settings = Settings(home=home)
    files = settings.landing_dir / "provider=aws" / "source=*" / f"billing_period={period}" / "*" / "*.parquet"
    hours = int((period.end - period.start).total_seconds() // 3600)
    start = f"{period}-01 00:00:00"
    config = home / "config"
    config.mkdir(exist_ok=True)
    sources = []
    with duckdb.connect(config={"threads": 2}) as connection:
        found = compose(_RESOURCES, files=files, resources=Sql(RESOURCES))
        connection.execute(compose("create table resources as {found}", found=found))
        connection.execute(compose("create table hours as {h}", h=compose(_HOURS, start=start, hours=Sql(hours))))
        for kind, query in _ROWS.items():
            folder = home / "telemetry" / kind
            folder.mkdir(parents=True, exist_ok=True)
            composed = compose(query, start=start) if "{start}" in query else compose(query)
            to = folder / f"{period}.parquet"
            connection.execute(compose("copy ({rows}) to {to} (format parquet)", rows=composed, to=to))
            sources.append(f"  - {{name: bench-{kind.replace('_', '-')}, kind: {kind}, from: {folder}}}")
    (config / FILE).write_text("\n".join(["sources:", *sources, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
