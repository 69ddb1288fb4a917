"""Watches what is published: finds incidents, updates the register of them, and writes their pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from finops.anomalies import (
    cause,
    detecting,
    feedback,
    grouping,
    hours,
    incidents,
    lines,
    pages,
    read,
    register,
    rules,
    series,
    traffic,
)
from finops.anomalies.detecting import Detect
from finops.anomalies.episodes import BEFORE, Gates
from finops.anomalies.incidents import Row, Seen
from finops.anomalies.models import Ending, Episode, Explained, Group, Key, Kind, State
from finops.anomalies.series import Cube
from finops.anomalies.tables import CAUSES, INCIDENTS, POINTS
from finops.core.database import limits
from finops.core.errors import BadInput, NotReady
from finops.core.progress import Progress
from finops.core.settings import Settings
from finops.policy import anomalies as policies
from finops.policy.anomalies import AnomalyPolicy, Dimension
from finops.stores import published
from finops.stores.published import Publication
from finops.stores.results import Results
from finops.stores.state.incident_feedback import Said

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

    from finops.timeseries.panel import Panel

NOWCASTS = "mart_nowcasts"
_WHOLE = 0.95
"""A day of which less has arrived, by the nowcast, still arrives."""
_STEPS = 6


@dataclass(frozen=True, slots=True)
class _Run:
    """What a run works with. Incidents that began before ``since`` are left as they are."""

    settings: Settings
    version: Publication
    policy: AnomalyPolicy
    connection: DuckDBPyConnection
    cube: Cube
    months: tuple[str, ...]
    since: date
    detect: Detect


def run(
    settings: Settings,
    *,
    run_date: date | None = None,
    progress: Progress | None = None,
    detect: Detect | None = None,
    now: datetime | None = None,
) -> Results:
    """Return the register of incidents as of a run date, or of the last day that has bills, by table and month.

    Raise NotReady before any bills are published, BadInput for an invalid ``anomalies.yml`` or a run date before them.
    """
    policy = policies.load(settings)
    version = published.latest(settings)
    tell = progress or (lambda *_: None)
    with _opened(settings) as connection:
        tell("reading costs", 0, _STEPS)
        rows = read.incidents(version)
        work = _begun(settings, version, policy, connection, run_date, rows, detect)
        said = feedback.said(settings, policy)
        tell("looking for anomalies", 1, _STEPS)
        groups = _found(work)
        tell("comparing with the register", 3, _STEPS)
        matched = register.matched(groups, rows)
        answers = feedback.answers(said, rows)
        kept = [
            (group, before)
            for group, before in matched.found
            if before is not None or not feedback.is_silenced(group.lead, answers, policy)
        ]
        tell("finding causes", 4, _STEPS)
        seen = list(_explained(work, kept, said))
        tell("writing the register", 5, _STEPS)
        return _results(work, seen, _left(work, matched.left, said), now or datetime.now(UTC))


@contextmanager
def _opened(settings: Settings) -> Iterator[DuckDBPyConnection]:
    import duckdb

    with (
        TemporaryDirectory(prefix="finops-") as folder,
        duckdb.connect(config=limits(settings, Path(folder))) as connection,
    ):
        connection.execute("set timezone = 'UTC'")
        yield connection


def _begun(
    settings: Settings,
    version: Publication,
    policy: AnomalyPolicy,
    connection: DuckDBPyConnection,
    run_date: date | None,
    rows: Sequence[Row],
    detect: Detect | None,
) -> _Run:
    newest = version.billing_periods[-1].end.date()
    last = run_date or newest
    first = last - timedelta(days=policy.history_days - 1)
    reached = [each for each in version.billing_periods if first < each.end.date() and each.start.date() <= last]
    if not reached:
        begins = version.billing_periods[0].start.date()
        raise BadInput(f"nothing is published of {last} or before; name a run date from {begins} on")
    months = tuple(map(str, reached))
    since = register.judged_since(rows, first, last)
    hourly = last - timedelta(days=policy.hourly_days - 1)
    window = lines.Window(first, last, since - timedelta(days=BEFORE), hourly)
    lines.load(connection, version, months, window, leave_out_runs=policy.leave_out_training_runs)
    series.load(connection, version, months, first, last)
    cube = Cube.read(connection)
    if not cube.length:
        raise NotReady("no usage is published yet; run `finops build` first")
    if detect is None:
        detect = _engine(policy.alert.probability)
    return _Run(settings, version, policy, connection, cube, months, since, detect)


def _engine(probability: float) -> Detect:
    """Return the detector, which says anomaly where the policy does."""
    from finops.timeseries.detection import Options
    from finops.timeseries.detection import detect as engine

    def detect(panel: Panel) -> DataFrame:
        return engine(panel, options=Options(alarm=probability))

    return detect


def _found(work: _Run) -> list[Group]:
    """Return the incidents that detector and rules find."""
    cube, policy, connection = work.cube, work.policy, work.connection
    alert = policy.alert
    gates = Gates(alert.probability, float(alert.amount), float(alert.percent))
    watched = series.watched(cube, policy.levels, gates.amount)
    said = detecting.judged(watched, cube, work.detect, policy)
    odd = detecting.by_detector(watched, said, cube, policy, gates, _arriving(work))
    found: list[Episode] = [e for e in odd if e.first < work.since or not lines.has_moved(connection, e)]
    found += detecting.by_rules(watched, cube, policy)
    wanted = policy.rules
    if wanted.gpu_hour is not None:
        quiet = policy.episodes.quiet_days
        found += rules.gpu_hours(connection, work.version, work.months, wanted.gpu_hour, quiet, cube.last)
    if wanted.unit_price is not None:
        found += rules.unit_prices(connection, wanted.unit_price, policy, cube.last)
    found += hours.found(connection, work.detect, policy)
    # An older cause explains newer episodes too, and stays as it was published.
    older = work.since - timedelta(days=policy.episodes.longest_days)
    groups = grouping.grouped([each for each in found if each.first >= older], cube)
    return [group for group in groups if group.lead.first >= work.since]


def _arriving(work: _Run) -> Callable[[Key], date]:
    """Return what tells the last whole day of a series: by the newest nowcast, else by how many days still arrive."""
    cube, days = work.cube, work.policy.episodes.arriving_days
    whole = {provider: end - timedelta(days=days) for provider, end in cube.ends.items()}
    if NOWCASTS in work.version.marts:
        query = f"""
            select provider, min(charge_date) from ({work.version.mart_sql(NOWCASTS)})
            where completeness < ? and run_date = (
                select max(run_date) from ({work.version.mart_sql(NOWCASTS)}) where run_date <= ?
            ) group by provider
        """  # noqa: S608 - composed
        rows = work.connection.execute(query, [_WHOLE, cube.last + timedelta(days=1)]).fetchall()
        arriving = {provider: first - timedelta(days=1) for provider, first in rows}
        whole = {provider: arriving.get(provider, end) for provider, end in cube.ends.items()}

    def last_whole(key: Key) -> date:
        provider = dict(key.values).get(Dimension.PROVIDER)
        return whole[provider] if provider in whole else min(whole.values())

    return last_whole


def _explained(work: _Run, found: Sequence[tuple[Group, Row | None]], said: dict[str, Said]) -> Iterator[Seen]:
    """Yield the incidents with their causes and traffic."""
    if not found:
        return
    firsts = [group.lead.first for group, _ in found]
    traffic.load(work.connection, work.settings, work.version, min(firsts), work.cube.last)
    names = _account_names(work)
    taken = {str(before["incident_id"]) for _, before in found if before is not None}
    for group, before in found:
        why: Explained = cause.explained(work.connection, group.lead)
        surge = traffic.surge_of(work.connection, group.lead, why.resources, work.policy.traffic)
        ident = register.ident(group, before, taken)
        taken.add(ident)
        name = names.get(group.lead.key.value(Dimension.SUB_ACCOUNT), "")
        yield Seen(ident, group, why, surge, said.get(ident), before, name)


def _account_names(work: _Run) -> dict[str, str]:
    """Return what accounts are called last."""
    query = f"""
        select sub_account_id, arg_max(sub_account_name, charge_date)
        from ({work.version.mart_sql("fct_daily_costs", work.months)}) group by sub_account_id
    """  # noqa: S608 - composed
    return dict(work.connection.execute(query).fetchall())


def _left(work: _Run, rows: Sequence[Row], said: dict[str, Said]) -> list[Row]:
    """Return the published incidents that were not found again: restated where the data changed, else as they were."""
    cube = work.cube
    found = []
    for row in rows:
        changed = row
        if work.since <= row["first_day"] and row["last_day"] <= cube.last:
            start, last = ((row[name] - cube.first).days for name in ("first_day", "last_day"))
            is_of_key = row["kind"] not in (Kind.LIMIT, Kind.PRICE)
            costs = cube.daily(cube.mask(feedback.key_of(row)))[start : last + 1]
            actual = float(costs.sum()) if is_of_key else float(row["expected_cost"])
            if row["ending"] != Ending.RESTATED and incidents.money(actual) != row["actual_cost"]:
                changed = incidents.restated(row, actual, cube.last)
            elif row["state"] == State.OPEN:
                changed = {**row, "state": State.CLOSED.value, "ending": Ending.USUAL.value, "run_date": cube.last}
        found.append(incidents.answered(changed, said.get(row["incident_id"])))
    return found


def _results(work: _Run, seen: Sequence[Seen], left: Sequence[Row], now: datetime) -> Results:
    """Return the whole content of each month that has incidents, and of that of the last day."""
    months = {each.ident: f"{each.group.lead.first:%Y-%m}" for each in seen}
    months |= {row["incident_id"]: row["billing_period"] for row in left}
    touched = {f"{work.cube.last:%Y-%m}", *months.values()}
    touched |= {each.before["billing_period"] for each in seen if each.before is not None}
    run_date = work.cube.last
    rows = [incidents.row(each, work.policy, run_date, now) for each in seen]
    rows += [{name: value for name, value in row.items() if name != "billing_period"} for row in left]
    found: dict[str, dict[str, list[Row]]] = {INCIDENTS: incidents.filed(rows, months)}
    kept = {row["incident_id"] for row in left}
    for name, made in ((CAUSES, incidents.causes), (POINTS, incidents.points)):
        parts = [row for each in seen for row in made(each)]
        there = read.rows(work.version, name, touched)
        parts += [
            {key: value for key, value in row.items() if key != "billing_period"}
            for row in there
            if row["incident_id"] in kept
        ]
        found[name] = incidents.filed(parts, months)
    return {name: {month: by_month.get(month, []) for month in sorted(touched)} for name, by_month in found.items()}


def write_pages(settings: Settings) -> Path:
    """Write the index of incidents and a page for each from the published tables; return where the index is.

    Raise NotReady before any are published.
    """
    version = read.version_of(settings)
    return pages.write(settings, version, read.incidents(version), read.causes(version), read.points(version))
