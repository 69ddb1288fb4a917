"""Run one measurement in a process of its own: ``python -m tests.bench.measure NAME HOME [BILLING_PERIOD]``.

Prints CPU seconds (user and system), seconds without those of starting Python, and peak resident memory, as JSON.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from ast import literal_eval
from collections.abc import Callable
from pathlib import Path

from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS
from finops.core.settings import Settings

STAGING = Path(__file__).parents[2] / "dbt_project" / "models" / "staging" / "aws" / "stg_aws_cur2.sql"
MAPS = ("cost_category", "resource_tags")


def staged(*names: str) -> list[str]:
    """Return the columns that the staging model lists under these names, but for split-cost lines, which are few."""
    return [column for name in names for column in _listed(name) if not column.startswith("split_line_item_")]


def _listed(name: str) -> list[str]:
    found = re.search(rf"{{% set {name} = ([\[{{].*?[\]}}]) %}}", STAGING.read_text(encoding="utf-8"), re.DOTALL)
    if found is None:
        raise SystemExit(f"{STAGING} sets no {name}")
    return list(literal_eval(found[1]))


def decode(settings: Settings, period: str) -> None:
    """Read every column that the mapping needs and the bill has; statistics cannot answer these aggregates."""
    import duckdb

    wanted = {name: f"sum(strlen({name}))" for name in staged("text_columns", "account_ids", "counts")}
    wanted |= {name: f"sum({name})" for name in staged("amounts")}
    wanted |= {name: f"sum(epoch_us({name}))" for name in staged("moments")}
    wanted |= {name: f"sum(cardinality({name}))" for name in MAPS}
    files = settings.landing_dir / "provider=aws" / "source=*" / f"billing_period={period}" / "*" / "*.parquet"
    with duckdb.connect(config={"threads": settings.threads, "memory_limit": settings.memory_limit}) as connection:
        lines = connection.sql(f"select * from read_parquet('{files}')")
        there = [wanted[name] for name in lines.columns if name in wanted]
        lines.aggregate(", ".join(there)).fetchall()


def ingest(settings: Settings, period: str) -> None:
    """Land the sample of a home once more, into a landing folder of its own."""
    from finops.ingest.service import ingest as land_all

    provider = next(each for each in CLOUDS if (settings.root / "sample" / each).exists())
    with tempfile.TemporaryDirectory(dir=settings.root) as again:
        found = land_all(Settings(home=Path(again)), provider, str(settings.root / "sample" / provider))
    if found.rejections or not found.landed:
        raise SystemExit(f"not landed: {found.rejections}")


def build(settings: Settings, period: str) -> None:
    """Build one month: inputs, dbt, fact and marts."""
    from finops.transform import service

    if service.build(settings, [BillingPeriod.parse(period)]) is None:
        raise SystemExit("nothing was built")


def whole(settings: Settings, period: str) -> int:
    """Build one month, check it and publish it, as `finops build` does; return the bytes that the version wrote."""
    from finops.core.progress import Progress
    from finops.pipelines import marts

    def silent(*_: object) -> None:
        pass

    progress: Progress = silent
    done = marts.run(settings, [BillingPeriod.parse(period)], progress)
    if done is None:
        raise SystemExit("nothing was built")
    files = (path.stat() for path in done.publication.path.rglob("*") if path.is_file())
    # What is linked lay there before; the fact is linked from the warehouse, whose size is the month's own.
    return sum(file.st_size for file in files if file.st_nlink == 1)


def publish_all(settings: Settings, period: str) -> None:
    """Build, check and publish all that is pending."""
    from finops.pipelines import marts

    marts.run(settings, None, lambda *_: None)


def land_telemetry(settings: Settings, period: str) -> int:
    """Land what is new of every source of telemetry in the home's own ``config``; return how many days."""
    from finops.pipelines import telemetry

    settings = Settings(home=settings.root, config_dir=settings.root / "config")
    reports = [telemetry.take(settings, source) for source in telemetry.sources_of(settings)]
    if rejections := [each.reason for report in reports for each in report.rejections]:
        raise SystemExit("; ".join(rejections))
    return sum(len(report.landed) for report in reports)


def kpis(settings: Settings, period: str) -> None:
    """Build, check and publish the KPIs of one month, as `finops kpis build` does."""
    from finops.pipelines import kpis

    [report] = kpis.run(settings, [BillingPeriod.parse(period)])
    if report.fault:
        raise SystemExit(report.fault)


def budgets(settings: Settings, period: str) -> int:
    """Evaluate a home's own budgets, make the rows of their tables and what is told of them; return how many."""
    from datetime import date

    from finops.budgets import service
    from finops.stores.state.store import begin_state

    settings = Settings(home=settings.root, config_dir=settings.root / "config")
    found = service.evaluate_all(settings, date(2025, 6, 20))
    service.results(settings, found)
    with tempfile.TemporaryDirectory() as folder, begin_state(Settings(home=Path(folder))).begin() as connection:
        service.settle(connection, found)
    return len(found.ids)


def rightsizing(settings: Settings, period: str) -> int:
    """Find what could be saved of a home's own resources and make the rows of it; return how many findings."""
    from finops.rightsizing import service

    settings = Settings(home=settings.root, config_dir=settings.root / "config")
    planned = service.plan(settings)
    service.results(settings, planned)
    return len(planned.found)


def release(settings: Settings, period: str) -> None:
    """Judge the build and publish it."""
    from finops.quality.service import check
    from finops.transform.publish import publish

    check(settings)
    publish(settings)


def statements(settings: Settings, period: str) -> int:
    """Write the statements of a published month in all formats; return how many there are."""
    from finops.chargeback.service import publish

    return len(publish(settings, BillingPeriod.parse(period)).statements)


def nothing(settings: Settings, period: str) -> None:
    """Ask for what is pending, where nothing is."""
    from finops.transform import service

    if service.build(settings) is not None:
        raise SystemExit("something was pending")


def land(report: Settings, period: str) -> None:
    """Land a legacy report, which is named in the place of a home, as one downloaded by hand, into a home beside it."""
    from finops.core.providers import Provider
    from finops.ingest.service import ingest as land_all

    home = report.root.with_name(f"{report.root.name}-home")
    found = land_all(Settings(home=home), Provider.AWS, str(report.root), no_manifest=True, source="legacy")
    if found.rejections:
        raise SystemExit(str(found.rejections))


def convert(report: Settings, period: str) -> None:
    """Have focus-converter convert a legacy report, which is named in the place of a home, as it does by default."""
    _convert(report.root)


def convert_bare(report: Settings, period: str) -> None:
    """Have it leave out the native columns, which its rows carry by default."""
    _convert(report.root, "--no-export-include-source-columns")


def _convert(report: Path, *options: str) -> None:
    """Run the converter; its own processes are what is measured."""
    from tests.bench.rival import ENVIRONMENT

    form = ["csv"] if report.suffix == ".csv" else ["parquet", "--parquet-data-format", "file"]
    with tempfile.TemporaryDirectory(dir=report.parent) as out:
        command = [ENVIRONMENT / "bin" / "focus-converter", "convert", "--provider", "aws-cur"]
        command += ["--data-format", *form, "--data-path", report]
        command += ["--export-path", out, "--export-format", "parquet", *options]
        # Where it fails it waits for its own writers for ever.
        subprocess.run(command, check=True, capture_output=True, timeout=900)


MEASUREMENTS: dict[str, Callable[[Settings, str], int | None]] = {
    each.__name__: each
    for each in (
        *(ingest, decode, build, whole, publish_all, land_telemetry, kpis, release, statements, nothing),
        *(land, convert, convert_bare, budgets, rightsizing),
    )
}


def main() -> None:
    """Run the named measurement and print what it cost."""
    name, home, period = sys.argv[1:4]
    measured = MEASUREMENTS[name]
    started = time.perf_counter()
    made = measured(Settings(home=Path(home)), period)
    wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN if name.startswith("convert") else resource.RUSAGE_SELF)
    found = {"cpu": used.ru_utime + used.ru_stime, "wall": wall, "peak_mb": used.ru_maxrss / 1024, "made": made or 0}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
