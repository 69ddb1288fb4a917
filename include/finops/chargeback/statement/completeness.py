"""How much of an open month is there: of each bill, the days that have charges among the days of the month.

A bill is expected where its provider charged in this month or the one before: one that has not come counts with no day.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import ROUND_DOWN, Decimal

from finops.chargeback.statement.facts import Charge, PublishedMonth
from finops.chargeback.statement.models import Statement
from finops.chargeback.statement.schedules import Cell, Item, Kind, Schedule

NAME = "completeness"
Days = Mapping[tuple[str, str], set[date]]


def days_of(month: PublishedMonth) -> Days:
    """Return the days of the calendar month that the bills have charges of, by provider and currency."""
    found: dict[tuple[str, str], set[date]] = defaultdict(set)
    year, number = month.billing_period.year, month.billing_period.month
    for each in month.daily:
        if (each.charge_date.year, each.charge_date.month) == (year, number):
            found[each.provider, each.billing_currency].add(each.charge_date)
    return found


def schedules(month: PublishedMonth, days: Days, currency: str, charges: Iterable[Charge]) -> Iterator[Schedule]:
    """Yield the schedule of an open month, of the bills that ``charges`` of this month and the last one are from."""
    if month.closing is not None:
        return
    length = calendar.monthrange(month.billing_period.year, month.billing_period.month)[1]
    items, there = [], 0
    for provider in sorted({each.provider for each in charges}):
        mine = days.get((provider, currency), set())
        there += len(mine)
        cells = (*_cells(len(mine), length), Cell(Kind.TEXT, max(mine).isoformat() if mine else None))
        items.append(Item(provider, cells, "provisional" if mine else "provisional: nothing of it is there yet"))
    if items:
        total = Item("All bills", (*_cells(there, length * len(items)), Cell(Kind.TEXT, None)), "provisional")
        yield Schedule(
            NAME,
            "How complete the month is",
            "the month is open: days that the bills have charges of, and may still change",
            ("Bill", "There", "Days", "Days expected", "Up to (UTC)"),
            tuple(items),
            total,
        )


def _cells(there: int, expected: int) -> tuple[Cell, ...]:
    # Rounded down: a month that lacks a day is never shown as whole.
    share = (Decimal(there) / Decimal(expected)).quantize(Decimal("0.001"), ROUND_DOWN)
    return Cell(Kind.SHARE, share), Cell(Kind.QUANTITY, Decimal(there)), Cell(Kind.QUANTITY, Decimal(expected))


def remark(statement: Statement) -> str:
    """Return how complete an open month's statement is, in words; nothing of a final one."""
    totals = [each.total for section in statement.sections for each in section.schedules if each.name == NAME]
    counted = [(Decimal(t.cells[1].value or 0), Decimal(t.cells[2].value or 0)) for t in totals if t]
    if not counted:
        return ""
    share = _cells(int(sum(there for there, _ in counted)), int(sum(of for _, of in counted)))[0].value
    return f"{Decimal(share or 0) * 100:.1f} % of the days of its bills are there"
