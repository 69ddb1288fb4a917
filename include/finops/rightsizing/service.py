"""Finds waste as of a run date, from what is published. Nothing is changed on any cloud here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.atomic import write_whole
from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings
from finops.core.sql import compose
from finops.policy import rightsizing, rightsizing_rules
from finops.rightsizing import evaluating, judging, page, read, rows, rule_rows, surroundings
from finops.rightsizing.judging import Judged
from finops.rightsizing.tables import FINDINGS
from finops.stores import published

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops.stores.published import Publication
    from finops.stores.results import Results
    from finops.stores.state.suppressions import SetAside

PAGE = "rightsizing/index.html"


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run found as of its run date, the first day that was not known."""

    run_date: date
    found: tuple[Judged, ...]


def plan(settings: Settings, run_date: date | None = None, suppressed: Mapping[str, str] | None = None) -> Planned:
    """Apply every rule as of a run date; without one, of the day after the last whose costs are known.

    ``suppressed`` has why a finding is left alone, by its key. Nothing is written. Raise NotReady before the costs of
    resources are published, BadInput for an invalid ``rightsizing.yml`` or a run date before the first known day.
    """
    rules = rightsizing_rules.load(settings)
    version = published.latest(settings)
    with version.connect() as connection:
        connection.execute(compose("set memory_limit = {limit}", limit=settings.memory_limit))
        connection.execute(f"set threads = {settings.threads}")
        day = _run_date(connection, version, run_date)
        known, around = surroundings.read(connection, version, rules, day)
        found = evaluating.everything(read.resources(connection, version, rules, day), known, around)
    seen = rows.seen_before(version, day)
    judged = judging.statuses(found, seen, suppressed or {}, day, rules.consecutive_findings)
    return Planned(day, tuple(judged))


def run_date_of(settings: Settings, asked: date | None = None) -> date:
    """Return the run date of a plan: the one that is asked for, at most the day after the last whose costs are known.

    Raise what ``plan`` raises.
    """
    version = published.latest(settings)
    with version.connect() as connection:
        return _run_date(connection, version, asked)


def _run_date(connection: DuckDBPyConnection, version: Publication, asked: date | None) -> date:
    last = read.run_date_of(connection, version)
    if last is None:
        raise NotReady("no costs of resources are published yet; `finops kpis build` makes them of bills and telemetry")
    day = last if asked is None else min(asked, last)
    if day <= version.billing_periods[0].start.date():
        raise BadInput(f"run date {day} is before the first published day is over; name a later one")
    return day


def findings(settings: Settings, run_date: date | None = None) -> list[dict[str, Any]]:
    """Return what is found now, as rows of ``mart_findings``, the largest saving first. Nothing is written."""
    planned = plan(settings, run_date)
    found = [rows.of_finding(planned.run_date, each) for each in planned.found]
    return sorted(found, key=lambda row: (row["billing_currency"], -row["monthly_saving"], row["finding_key"]))


def published_findings(settings: Settings) -> list[dict[str, Any]]:
    """Return the rows of the newest run date in ``mart_findings``. Raise NotReady before any is published."""
    version = published.latest(settings)
    if FINDINGS.name not in version.marts:
        raise NotReady("no findings are published yet; the DAG rightsize_resources publishes them")
    return rows.newest(version)


def results(settings: Settings, planned: Planned, set_aside: Mapping[str, SetAside] | None = None) -> Results:
    """Return the rows of the tables of findings and rules, of the month of the run date."""
    version, policy = published.latest(settings), rightsizing.load(settings)
    of_rules = rule_rows.of_run(version, planned.run_date, planned.found, policy, set_aside or {})
    return {**rows.of_run(version, planned.run_date, planned.found), **of_rules}


def write_page(settings: Settings) -> Path:
    """Write the page of the findings that are published last; return where it is. Raise NotReady before any are."""
    found = published_findings(settings)
    path = settings.root / PAGE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page.write(settings, published.latest(settings).build_id, found))
    return path
