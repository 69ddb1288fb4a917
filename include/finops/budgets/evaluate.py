"""Hold budgets against what was charged: pure, all budgets at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.budgets import outlook
from finops.budgets.covering import Covering
from finops.budgets.models import Evaluation, Task
from finops.core.money import digits_of, exact_arithmetic
from finops.policy.budgets import Line
from finops.policy.budgets.calendar import Span

if TYPE_CHECKING:
    import numpy as np

    from finops.budgets.read import Charges

_Z = {"80": outlook.Z_80, "95": 1.96}
OWN, ENGINE, DONE = "run-rate", "forecast", "final"


def tasks_of(lines: Sequence[Line], run_date: date, also: Mapping[str, Sequence[date]]) -> list[Task]:
    """Return what is to be evaluated: of each budget the period that holds the run date, and the one before.

    The one before may still be restated. ``also`` names older periods by their first day, per budget: those whose
    breach was told and not yet taken back.
    """
    found: list[Task] = []
    for row, line in enumerate(lines):
        days = [run_date, *also.get(line.id, ())]
        spans = [span for day in days if (span := line.period_of(day)) is not None]
        before = line.per.period_of(run_date, line.first)
        if before is not None and (previous := line.previous(before)) is not None:
            spans.append(previous)
        found.extend(Task(row, line, span) for span in sorted(set(spans)))
    return found


def rolling_tasks(lines: Sequence[Line], tasks: Sequence[Task], first_day: date) -> list[Task]:
    """Return the periods before those of ``tasks`` whose rest rolls over into them, from the first published day on."""
    last: dict[int, date] = {}
    for task in tasks:
        if task.line.roll_over:
            last[task.row] = max(last.get(task.row, date.min), task.span.first)
    return [
        Task(row, lines[row], span)
        for row, until in last.items()
        for span in lines[row].per.periods(lines[row].first, until)
        if span.last < until and span.first >= first_day
    ]


@exact_arithmetic()
def rolled_over(tasks: Sequence[Task], exact: Sequence[Decimal]) -> dict[tuple[int, date], Decimal]:
    """Return by budget and day what is left of all periods that end before the day's period: never less than zero.

    Tasks of a budget are in the order of time. What was spent above a limit is not taken from the next period.
    """
    found: dict[tuple[int, date], Decimal] = {}
    for task, spent in zip(tasks, exact, strict=True):
        before = found.get((task.row, task.span.first), Decimal(0))
        left = max(before + task.line.amount_of(task.span) - spent, Decimal(0))
        found[task.row, task.span.last + timedelta(days=1)] = left
    return found


@dataclass(frozen=True, slots=True)
class Figures:
    """Per task: forecast, its deviation below and above, adjusted forecast, days until breach, and the path by day."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    adjusted: np.ndarray
    days_until: np.ndarray
    run_rate: np.ndarray
    path: dict[int, np.ndarray]


def figures(
    tasks: Sequence[Task], charges: Charges, run_date: date, limits: np.ndarray, covering: Mapping[int, Covering]
) -> Figures:
    """Return what is expected of each task. Tasks that end on the same day are worked out together."""
    import numpy as np

    rows = np.array([each.row for each in tasks], dtype=np.int64)
    actual, doubt = _so_far(tasks, charges, run_date)
    rate = outlook.run_rate(charges.usage)
    usual = outlook.without_odd_days(charges.usage)
    calm = outlook.run_rate(usual)
    profile = outlook.weekdays(usual, charges.since)
    mean, adjusted, low = actual.copy(), actual.copy(), doubt.copy()
    days = np.where(actual >= limits, 0, -1)
    path: dict[int, np.ndarray] = {}
    for last in sorted({each.span.last for each in tasks if each.span.last >= run_date}):
        at = np.array([number for number, each in enumerate(tasks) if each.span.last == last])
        ahead, of = (last - run_date).days + 1, rows[at]
        calendar = charges.calendar[of]
        coming = outlook.expected(rate[of], profile[of], calendar, charges.since, run_date, ahead)
        mean[at] += coming.sum(axis=1)
        calmer = outlook.expected(calm[of], profile[of], calendar, charges.since, run_date, ahead)
        adjusted[at] += calmer.sum(axis=1)
        low[at] = np.sqrt(doubt[at] ** 2 + outlook.spread(charges.usage[of], ahead) ** 2)
        coming = _led_by(at, coming, actual, mean, covering)
        days[at] = outlook.days_until(coming, limits[at] - actual[at])
        path |= dict(zip(at.tolist(), coming, strict=True))
    high = low.copy()
    for number, each in covering.items():
        adjusted[number] += each.mean - mean[number]
        mean[number], low[number], high[number] = each.mean, each.low, each.high
    return Figures(mean, low, high, adjusted, days, rate[rows], path)


def _led_by(
    at: np.ndarray, coming: np.ndarray, actual: np.ndarray, mean: np.ndarray, covering: Mapping[int, Covering]
) -> np.ndarray:
    """Return the paths, those of budgets with a covering forecast stretched so that they end with it."""
    for place, number in enumerate(at.tolist()):
        if (each := covering.get(number)) is not None and coming[place].sum() > 0:
            coming[place] *= max(each.mean - actual[number], 0.0) / coming[place].sum()
    return coming


def _so_far(tasks: Sequence[Task], charges: Charges, run_date: date) -> tuple[np.ndarray, np.ndarray]:
    """Return what each task has cost with what is still to arrive of it, and the deviation of the latter."""
    import numpy as np

    late, doubt = late_of(tasks, charges, run_date)
    return np.array([float(each) for each in charges.exact]) + late, doubt


def late_of(tasks: Sequence[Task], charges: Charges, run_date: date) -> tuple[np.ndarray, np.ndarray]:
    """Return per task what is still to arrive of its past days, and the standard deviation of that."""
    import numpy as np

    late, doubt = np.zeros(len(tasks)), np.zeros(len(tasks))
    if not charges.late.any() and not charges.late_spread.any():
        return late, doubt
    for number, task in enumerate(tasks):
        days = slice(
            max((task.span.first - charges.since).days, 0), (min(task.span.last, run_date) - charges.since).days + 1
        )
        late[number] = charges.late[task.row, days].sum()
        doubt[number] = np.sqrt((charges.late_spread[task.row, days] ** 2).sum())
    return late, doubt


def evaluations(
    tasks: Sequence[Task],
    charges: Charges,
    run_date: date,
    rolled: Mapping[tuple[int, date], Decimal],
    covering: Mapping[int, Covering],
) -> tuple[list[Evaluation], Figures]:
    """Return the evaluation of each task, and the figures behind them."""
    import numpy as np

    amounts = [each.line.amount_of(each.span) for each in tasks]
    over = [rolled.get((each.row, each.span.first), Decimal(0)) for each in tasks]
    limits = np.array([float(amount + rest) for amount, rest in zip(amounts, over, strict=True)])
    found = figures(tasks, charges, run_date, limits, covering)
    late, _ = late_of(tasks, charges, run_date)
    chance = outlook.above(limits, found.mean, found.low, found.high)
    made = []
    for number, task in enumerate(tasks):
        digits = digits_of(task.line.currency)
        so_far = charges.exact[number]
        missing = amount_of(late[number], digits)
        is_done = task.span.last < run_date and not missing
        mean = so_far if is_done else amount_of(found.mean[number], digits)
        low, high = (0.0, 0.0) if is_done else (found.low[number], found.high[number])
        until = int(found.days_until[number])
        made.append(
            Evaluation(
                line=task.line,
                span=task.span,
                run_date=run_date,
                amount=amounts[number],
                rolled_over=over[number],
                actual=so_far,
                late=missing,
                forecast=mean,
                lo_80=mean - amount_of(_Z["80"] * low, digits),
                hi_80=mean + amount_of(_Z["80"] * high, digits),
                lo_95=mean - amount_of(_Z["95"] * low, digits),
                hi_95=mean + amount_of(_Z["95"] * high, digits),
                adjusted=mean if is_done else amount_of(found.adjusted[number], digits),
                run_rate=amount_of(found.run_rate[number], digits),
                even=even(amounts[number] + over[number], task.span, run_date, digits),
                probability=float(so_far >= amounts[number] + over[number]) if is_done else float(chance[number]),
                days_until_breach=None if until < 0 else until,
                method=DONE if is_done else ENGINE if number in covering else OWN,
            )
        )
    return made, found


@exact_arithmetic()
def even(limit: Decimal, span: Span, run_date: date, digits: int) -> Decimal:
    """Return what an even spend of a limit would have cost on the days before the run date."""
    known = span.overlap(Span(span.first, min(run_date - timedelta(days=1), span.last))) if run_date > span.first else 0
    return round(limit * known / span.days, digits)


def amount_of(number: float, digits: int) -> Decimal:
    """Return an estimate as an amount of whole smallest units."""
    return Decimal(repr(round(float(number), digits))).quantize(Decimal(1).scaleb(-digits))
