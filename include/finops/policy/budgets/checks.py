"""What must hold between a budget's keys, between children and parents, and between siblings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice

from finops.core.errors import BadInput
from finops.core.money import exact_arithmetic
from finops.policy.budgets import scopes
from finops.policy.budgets.calendar import Per, Span
from finops.policy.budgets.entries import Node
from finops.policy.budgets.mirrors import Mirror
from finops.policy.budgets.models import Line
from finops.policy.located_yaml import Located, Place

_MOST_OVERLAPS = 20
"""Overlapping pairs that are named one by one."""


def of_line(line: Line, node: Node, parent: Line | None, found: Located, place: Place) -> None:
    """Raise BadInput for a budget without amounts, with a schedule that does not fit, or outside its parent's time."""
    if node.amount is None and not node.schedule:
        raise found.error(place, "missing key amount; give an amount per period, or a schedule of amounts by month")
    if node.schedule and line.per is Per.WEEK:
        raise found.error((*place, "schedule"), "gives amounts by month, and the budget is per week")
    if node.schedule and node.amount is not None and line.per is not Per.MONTH:
        says = f"has amounts by month and the budget an amount per {line.per.value}; give one of them"
        raise found.error((*place, "schedule"), says)
    of_periods(line, found, place)
    months = {f"{each:%Y-%m}" for each in _months(line)}
    for month in node.schedule:
        if str(month) not in months:
            raise found.error((*place, "schedule", str(month)), "lies outside the budget's months")
    if node.amount is None and (missing := sorted(months - set(line.schedule))):
        raise found.error((*place, "schedule"), f"has no amount for {missing[0]}, and the budget has none of its own")
    if parent is not None and (line.first < parent.first or line.last > parent.last):
        says = f"{line.id} runs {_run(line)}, outside its parent {parent.id}, which runs {_run(parent)}"
        raise found.error(place, says)


def of_periods(line: Line, found: Located, place: Place) -> None:
    """Raise BadInput for a budget that ends before it begins, or within a period."""
    if line.first > line.last:
        raise found.error(place, f"ends with {line.last:%Y-%m}, before it begins with {line.first:%Y-%m}")
    if line.per is not Per.WEEK:
        span = line.per.period_of(line.last, line.first)
        if span is None or span.last != line.last:
            says = f"{line.last:%Y-%m} is not the last month of a {line.per.value} counted from {line.first:%Y-%m}"
            raise found.error((*place, "to"), says)


def of_mirrors(mirrors: Sequence[Mirror], lines: Sequence[Line], found: Located) -> None:
    """Raise BadInput for a mirror that has another's name, or that names a budget which is not there."""
    ids, names = {each.id for each in lines}, set[str]()
    for number, mirror in enumerate(mirrors):
        if mirror.name in names:
            raise found.error(("mirrors", number, "name"), f"{mirror.name} is the name of a mirror already")
        names.add(mirror.name)
        for place, each in enumerate(mirror.budgets if mirror.budgets != "all" else ()):
            if each not in ids:
                raise found.error(("mirrors", number, "budgets", place), f"there is no budget {each!r} in this file")


def of_tree(lines: Sequence[Line], *, is_strict: bool) -> Iterator[str]:
    """Yield what is worth a look: children that have more than their parent, and siblings that count the same charges.

    Raise BadInput for the first of the former where the file is strict.
    """
    costs = [each for each in lines if each.kpi is None and not each.is_allocated]
    children: dict[str, list[Line]] = {}
    for line in costs:
        children.setdefault(line.parent, []).append(line)
    for line in costs:
        for says in _above_parent(line, children.get(line.id, [])):
            if is_strict:
                raise BadInput(says)
            yield says
    yield from _overlaps(children)


@exact_arithmetic()
def _above_parent(parent: Line, children: Sequence[Line]) -> list[str]:
    """Return the first period in which children of the parent's currency have more than it.

    A child's amount counts by days where its period is not of the parent's.
    """
    mine = [each for each in children if each.currency == parent.currency]
    if not mine:
        return []
    for span in parent.per.periods(parent.first, parent.last):
        total, limit = sum((_share(each, span) for each in mine), Decimal(0)), parent.amount_of(span)
        if round(total, 2) > limit:
            return [
                f"{parent.where}: the children of {parent.id} have {round(total, 2):,f} {parent.currency} from "
                f"{span.first} to {span.last}, more than its own {limit:,f}"
            ]
    return []


def _share(line: Line, span: Span) -> Decimal:
    """Return the part of a budget's amounts that belongs to some days."""
    total, day = Decimal(0), max(span.first, line.first)
    while day <= min(span.last, line.last):
        own = line.per.period_of(day, line.first)
        if own is None:
            break
        if line.period_of(day) is not None:
            total += line.amount_of(own) * own.overlap(span) / own.days
        day = date.fromordinal(own.last.toordinal() + 1)
    return total


def _overlaps(children: dict[str, list[Line]]) -> Iterator[str]:
    def pairs() -> Iterator[tuple[Line, Line]]:
        for siblings in children.values():
            for one, other in scopes.overlapping(siblings):
                if one.currency == other.currency and one.first <= other.last and other.first <= one.last:
                    yield one, other

    found = pairs()
    for one, other in islice(found, _MOST_OVERLAPS):
        yield (
            f"{other.where}: {other.id} ({other.scope_text}) and {one.id} ({one.scope_text}) may count the same "
            "charges: no dimension that both name tells them apart; each counts them in full"
        )
    if next(found, None) is not None:
        yield f"more than {_MOST_OVERLAPS} pairs of budgets may count the same charges; the others are not named"


def _months(line: Line) -> Iterator[date]:
    for span in Per.MONTH.periods(line.first, line.last):
        yield span.first


def _run(line: Line) -> str:
    return f"{line.first:%Y-%m} to {line.last:%Y-%m}"
