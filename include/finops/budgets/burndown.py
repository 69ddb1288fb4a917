"""Burn-down of budgets: what was spent up to each day of a period, and what is expected, beside an even spend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from finops.budgets.evaluate import Figures, amount_of
from finops.budgets.models import Day, Evaluation, Task
from finops.core.money import digits_of

if TYPE_CHECKING:
    import numpy as np

    from finops.budgets.read import Charges

_LONG = 92
"""Periods with more days have a point a week, so that a year of ten thousand budgets stays a table."""


def of_tasks(
    tasks: Sequence[Task], found: Sequence[Evaluation], figures: Figures, charges: Charges
) -> dict[tuple[str, date], Sequence[Day]]:
    """Return the burn-down per budget and first day of its newest period.

    Where nothing of that is known yet, since it begins with the run date, that of the one before is there, too.
    """
    newest: dict[str, list[int]] = {}
    for number in sorted(range(len(tasks)), key=lambda each: tasks[each].span, reverse=True):
        newest.setdefault(tasks[number].line.id, []).append(number)
    made: dict[tuple[str, date], Sequence[Day]] = {}
    for numbers in newest.values():
        is_new = tasks[numbers[0]].span.first >= found[numbers[0]].run_date
        for number in numbers[: 2 if is_new else 1]:
            task = tasks[number]
            made[task.line.id, task.span.first] = _days(task, found[number], figures, number, charges)
    return made


def _days(task: Task, found: Evaluation, figures: Figures, number: int, charges: Charges) -> list[Day]:
    """Return a budget's points. The last actual one is exact; those before are rounded to whole smallest units."""
    import numpy as np

    digits = digits_of(task.line.currency)
    known = min((found.run_date - task.span.first).days, task.span.days)
    start = (task.span.first - charges.since).days
    of_days = charges.usage[task.row] + charges.calendar[task.row]
    so_far = of_days[max(start, 0) : max(start + known, 0)].cumsum() if known > 0 else np.zeros(0)
    if known > 0 and len(so_far):
        # Days before the first that was read count as one sum.
        so_far = so_far + (float((found.actual or 0) + found.late) - so_far[-1])
    offset = known - len(so_far)
    coming = _coming(task, found, figures, number)
    days = []
    for place in _places(task.span.days, known):
        ds = task.span.first + timedelta(days=place)
        even = amount_of(float(found.limit) * (place + 1) / task.span.days, digits)
        if place < known:
            actual = amount_of(so_far[place - offset], digits) if place >= offset else None
            days.append(Day(ds, actual, None, None, None, even))
        elif coming is not None:
            mean, width_low, width_high = (each[place - max(known, 0)] for each in coming)
            bounds = (amount_of(mean - width_low, digits), amount_of(mean + width_high, digits))
            days.append(Day(ds, None, amount_of(mean, digits), *bounds, even))
    return days


def _coming(task: Task, found: Evaluation, figures: Figures, number: int) -> tuple[np.ndarray, ...] | None:
    """Return the expected sum up to each day to come, and how far its bounds of 80 % lie below and above it.

    Doubt grows with the root of the days, up to what it is at the period's end.
    """
    import numpy as np

    path = figures.path.get(number)
    if path is None:
        return None
    mean = float((found.actual or 0) + found.late) + path.cumsum()
    grown = np.sqrt(np.arange(1, len(path) + 1) / len(path))
    return mean, 1.2816 * figures.low[number] * grown, 1.2816 * figures.high[number] * grown


def _places(days: int, known: int) -> list[int]:
    if days <= _LONG:
        return list(range(days))
    return sorted({*range(6, days, 7), days - 1, max(known - 1, 0), min(max(known, 0), days - 1)})
