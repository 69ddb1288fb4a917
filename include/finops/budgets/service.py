"""Evaluates the budgets as of a run date, from what is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from finops.budgets import burndown, covering, evaluate, kpis, outlook, page, read, rows, states, told
from finops.budgets.models import Day, Evaluated, Evaluation, Task
from finops.budgets.tables import BUDGETS
from finops.core.atomic import write_whole
from finops.core.errors import BadInput, NotReady
from finops.core.events import Severity
from finops.core.settings import Settings
from finops.policy import budgets, tags
from finops.policy.budgets import Line, Threshold
from finops.stores import published
from finops.stores.state import budget_states
from finops.stores.state.budget_states import BudgetState

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from finops.core.events import Event
    from finops.stores.published import Publication
    from finops.stores.results import Results


RESTATED_FOR = timedelta(days=95)
"""How long after its end a period whose breach was told is evaluated again: bills are restated for a quarter."""


def evaluate_all(
    settings: Settings, run_date: date | None = None, also: Mapping[str, Sequence[date]] | None = None
) -> Evaluated:
    """Evaluate every budget: the period of the run date and the one before, and those that ``also`` names.

    The run date is the first day that is not known; without one, the day after the last day that has bills. Nothing is
    written. Raise NotReady before anything is published, BadInput for an invalid ``budgets.yml``, or a run date before
    the first published day.
    """
    configured = budgets.lines(settings)
    version = published.latest(settings)
    with version.connect() as connection:
        known = read.run_date_of(connection)
    if known is None:
        raise NotReady("nothing published has any usage yet; budgets wait for the first bill")
    day = known if run_date is None else min(run_date, known)
    first_day = version.billing_periods[0].start.date()
    if day <= first_day:
        raise BadInput(f"run date {day} is before the first published day is over, {first_day}; name a later one")
    costs = [each for each in configured.lines if each.kpi is None]
    found, days, others = _of_costs(settings, version, costs, day, first_day, also or {})
    of_kpis = kpis.evaluations(version, [each for each in configured.lines if each.kpi is not None], day)
    ids = frozenset(each.id for each in configured.lines)
    return Evaluated(day, (*found, *of_kpis), days, configured.warnings, others, ids)


def open_periods(connection: Connection, run_date: date) -> dict[str, list[date]]:
    """Return the first days of periods of which a reached threshold was told and not taken back, by budget.

    ``evaluate_all`` takes them as ``also``, so that a restated bill of a past period is seen.
    """
    found: dict[str, list[date]] = {}
    for each in budget_states.since(connection, run_date - RESTATED_FOR):
        if each.is_reached and each.period_first not in found.setdefault(each.budget, []):
            found[each.budget].append(each.period_first)
    return found


def settle(connection: Connection, evaluated: Evaluated, now: datetime | None = None) -> list[Event]:
    """Write which thresholds are reached now, and return what is to be told of it.

    The caller puts the events into the outbox in the same transaction. The same evaluation again returns none.
    """
    before = budget_states.since(connection, evaluated.run_date - RESTATED_FOR)
    at = now or datetime.now(UTC)
    changed, events = states.of_all(before, evaluated.evaluations, evaluated.ids, at)
    budget_states.save(connection, changed)
    return events


def lifted(connection: Connection, evaluations: Iterable[Evaluation]) -> list[BudgetState]:
    """Return the breaches of these periods that were reached and have been lifted since, by a restated bill, say."""
    periods = {(each.line.id, each.span.first) for each in evaluations}
    return [
        each
        for each in budget_states.since(connection, min((first for _, first in periods), default=date.max))
        if (each.budget, each.period_first) in periods
        and not each.is_reached
        and states.severity(Threshold.parse(each.threshold)) is Severity.CRITICAL
    ]


def results(settings: Settings, evaluated: Evaluated) -> Results:
    """Return the rows of the tables that budgets publish, of the month of the run date."""
    return rows.of_run(published.latest(settings), evaluated, _tags(settings))


def write_page(settings: Settings) -> Path:
    """Write the page of the budgets that are published last; return where it is. Raise NotReady before any are."""
    version = published.latest(settings)
    if BUDGETS.name not in version.marts:
        raise NotReady("no budgets are published yet; the DAG enforce_budgets publishes them after bills")
    path = settings.root / told.PAGE
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page.write(settings, version))
    return path


def _tags(settings: Settings) -> dict[str, str]:
    """Return the tag that fills each dimension; none without a valid tag policy."""
    try:
        return {each.dimension.value: each.name for each in tags.load(settings).keys if each.dimension}
    except BadInput:
        return {}


def _of_costs(
    settings: Settings,
    version: Publication,
    lines: Sequence[Line],
    run_date: date,
    first_day: date,
    also: Mapping[str, Sequence[date]],
) -> tuple[list[Evaluation], dict[tuple[str, date], Sequence[Day]], dict[str, tuple[str, ...]]]:
    tasks = [each for each in evaluate.tasks_of(lines, run_date, also) if each.span.last >= first_day]
    if not tasks:
        return [], {}, {}
    rolling = evaluate.rolling_tasks(lines, tasks, first_day)
    since = _since([*tasks, *rolling], run_date, first_day)
    charges = read.charges(settings, version, lines, [*tasks, *rolling], since, run_date)
    rolled: dict[tuple[int, date], Decimal] = evaluate.rolled_over(rolling, charges.exact[len(tasks) :])
    charges = replace(charges, exact=charges.exact[: len(tasks)])
    with version.connect() as connection:
        known = covering.read(connection, version, tasks, run_date)
    found, figures = evaluate.evaluations(tasks, charges, run_date, rolled, known)
    days = burndown.of_tasks(tasks, found, figures, charges)
    others = {lines[row].id: each for row, each in charges.others.items()}
    return found, days, others


def _since(tasks: Sequence[Task], run_date: date, first_day: date) -> date:
    """Return the first day that is read: the history of forecasts, and the whole of every period and its months."""
    earliest = min(each.span.first for each in tasks)
    wanted = min(earliest, run_date - timedelta(days=outlook.HISTORY))
    return max(wanted.replace(day=1), first_day)
