"""Evaluates the budgets as of a run date, from what is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.budgets import burndown, covering, evaluate, kpis, outlook, read
from finops.budgets.models import Day, Evaluation, Task
from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings
from finops.policy import budgets
from finops.policy.budgets import Line
from finops.stores import published

if TYPE_CHECKING:
    from finops.stores.published import Publication


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a run found: an evaluation per budget and period, burn-downs, and what is worth a look."""

    run_date: date
    evaluations: tuple[Evaluation, ...]
    burndowns: Mapping[tuple[str, date], Sequence[Day]]
    warnings: tuple[str, ...]
    others: Mapping[str, tuple[str, ...]]


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
    return Evaluated(day, (*found, *of_kpis), days, configured.warnings, others)


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
