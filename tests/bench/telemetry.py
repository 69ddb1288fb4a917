"""Measure the landing of telemetry: a month of many resources, and a day beside a long history.

``python -m tests.bench.telemetry HOME RESOURCES FIRST_DAY DAYS`` writes the files of a source, one for each day, and
its configuration. The metrics look random and are the same each time.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from finops.core.sql import Sql, compose
from finops.core.telemetry import TelemetryKind
from finops.policy.telemetry import FILE

RESOURCES, FEW_RESOURCES = 5_000, 200
FIRST_DAY, DAYS, HISTORY_DAYS = date(2025, 1, 1), 31, 3 * 365
PEAK = "a month of 5,000 resources at 5 minutes, peak MB"
HISTORY = "a day of telemetry, 36 months / 1 month"
BOUNDS = {PEAK: 1024.0, HISTORY: 1.10}

A_DAY = """
    select 'aws' as provider, 'arn:aws:ec2:us-east-1:1:instance/i-' || lpad(cast(resource as varchar), 17, '0')
        as resource_id,
        'gpu_utilization' as metric, timestamp {day} + to_minutes(5 * bucket) as bucket_start, 5 as bucket_minutes,
        hash(resource, bucket, 1) % 9000 / 100 as average, average + hash(resource, bucket, 2) % 1000 / 100 as maximum,
        average as p95
    from range({resources}) as resources(resource), range(288) as buckets(bucket)
"""

Row = tuple[str, float, float | None]
Measure = Callable[[str, Path], dict[str, float]]
Run = Callable[..., str]


def rows(cache: Path, measure: Measure, run: Run) -> list[Row]:
    """Measure the month, and the day with one month and with three years before it."""
    month = _home(cache / "telemetry-month", RESOURCES, FIRST_DAY, DAYS, run)
    found = _landed_anew(month, measure)
    days = []
    for name, count in (("month", DAYS), ("years", HISTORY_DAYS)):
        home = _home(cache / f"telemetry-day-after-a-{name}", FEW_RESOURCES, FIRST_DAY, count, run)
        measure("land_telemetry", home)
        days.append(min(_next_day(home, run, measure) for _ in range(3)))
    return [
        (f"telemetry: {PEAK}", found["peak_mb"], BOUNDS[PEAK]),
        ("telemetry: the same, CPU µs a point", 1e6 * found["cpu"] / (RESOURCES * 288 * DAYS), None),
        ("telemetry: a day after 1 month, CPU s", days[0], None),
        ("telemetry: a day after 36 months, CPU s", days[1], None),
        (f"telemetry: {HISTORY}", days[1] / days[0], BOUNDS[HISTORY]),
    ]


def _home(home: Path, resources: int, first: date, days: int, run: Run) -> Path:
    if not (home / "config" / FILE).exists():
        shutil.rmtree(home, ignore_errors=True)
        run("tests.bench.telemetry", str(home), str(resources), str(first), str(days))
    return home


def _landed_anew(home: Path, measure: Measure) -> dict[str, float]:
    for name in ("landing", "state.db"):
        path = home / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return measure("land_telemetry", home)


def _next_day(home: Path, run: Run, measure: Measure) -> float:
    """Return the CPU seconds of landing the day after those that are there."""
    day = date.fromisoformat(max(each.stem for each in (home / "telemetry").glob("*.parquet"))) + timedelta(days=1)
    run("tests.bench.telemetry", str(home), str(FEW_RESOURCES), str(day), "1")
    return measure("land_telemetry", home)["cpu"]


def main() -> None:
    """Write the files and the configuration."""
    home, resources, first, days = Path(sys.argv[1]), sys.argv[2], date.fromisoformat(sys.argv[3]), int(sys.argv[4])
    folder, config = home / "telemetry", home / "config"
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": 2}) as connection:
        for day in (str(first + timedelta(days=number)) for number in range(days)):
            points = compose(A_DAY, day=day, resources=Sql(int(resources)))
            to = folder / f"{day}.parquet"
            connection.execute(compose("copy ({points}) to {to} (format parquet)", points=points, to=to))
    config.mkdir(exist_ok=True)
    source = f"{{name: gpus, kind: {TelemetryKind.RESOURCE_METRICS}, from: {folder}}}"
    (config / FILE).write_text(f"sources: [{source}]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
