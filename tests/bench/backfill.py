"""A backfill through the real scheduler, one month at a time and two: ``python -m tests.bench.backfill [MONTHS]``.

Bills of three clouds, 2,000 lines a month each. Half-way through the backfill of two at a time one more month lands and
is built, as on any day. Prints wall times; the machine must be quiet.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from finops.core.errors import NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.pipelines import landing
from finops.sample.service import generate
from finops.stores import published
from finops_airflow.local.headless import LocalAirflow, running
from tests.e2e.observed import quiet, runs

FIRST = BillingPeriod(2023, 1)
LINES = 2_000
PATIENCE = 3 * 3600.0


def main() -> None:
    """Measure and print."""
    months = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    with tempfile.TemporaryDirectory(prefix="finops-backfill-") as folder:
        sample = Path(folder) / "sample"
        periods = generate(sample, months=months + 1, lines_per_month=LINES, first_period=FIRST).periods
        cache = Path(folder) / "cache"
        took = {}
        for at_once in (1, 2):
            settings = Settings(home=Path(folder) / f"home-{at_once}", cache_dir=cache)
            settings.root.mkdir()
            (settings.root / "sample").symlink_to(sample)
            took[at_once] = _backfill(settings, list(periods[:-1]), at_once, periods[-1] if at_once == 2 else None)
            _say(f"{months} months, {at_once} at a time: {took[at_once]:,.0f} s")
        _say(f"one at a time / two at a time: {took[1] / took[2]:.2f}")


def _backfill(settings: Settings, periods: list[BillingPeriod], at_once: int, day: BillingPeriod | None) -> float:
    """Backfill the periods, land and build ``day`` when half of them are published; return seconds of wall time."""
    with running(settings) as airflow:
        for dag_id in ("build_marts", "backfill_billing"):
            airflow.rest.unpause(dag_id)
        # The DAG's own schedule begins with the month that has just ended.
        airflow.wait(
            "the scheduled run", lambda: bool(runs(airflow, "backfill_billing")) and quiet(airflow), seconds=600
        )
        began = time.monotonic()
        airflow.command(
            *("backfill", "create", "--dag-id", "backfill_billing", "--reprocess-behavior", "none"),
            *("--from-date", f"{periods[0]}-01", "--to-date", f"{periods[-1]}-01", "--max-active-runs", str(at_once)),
        )
        if day is not None:
            airflow.wait("half of the months", lambda: len(_published(settings)) >= len(periods) // 2, seconds=PATIENCE)
            _say(f"a day's run in its midst: {_day(settings, airflow, day):,.0f} s")
        wanted = {str(each) for each in periods}
        airflow.wait("the last month", lambda: wanted <= _published(settings), seconds=PATIENCE)
        return time.monotonic() - began


def _day(settings: Settings, airflow: LocalAirflow, day: BillingPeriod) -> float:
    began = time.monotonic()
    for name in landing.sources_of(settings):
        landing.land(settings, name, day, client_for=lambda _: None)
    airflow.rest.trigger("build_marts", partition_key=str(day))
    airflow.wait("the day's month", lambda: str(day) in _published(settings), seconds=PATIENCE)
    return time.monotonic() - began


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _published(settings: Settings) -> set[str]:
    with suppress(NotReady):
        return set(map(str, published.latest(settings).billing_periods))
    return set()


if __name__ == "__main__":
    main()
