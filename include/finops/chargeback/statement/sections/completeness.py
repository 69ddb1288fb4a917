"""How much of an open month is there: of each bill, the days that have charges among the days of the month.

A bill is expected where its provider charged in this month or the one before: one that has not come counts with no day.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal

from finops.chargeback.statement.models import Section, Statement
from finops.chargeback.statement.scope import Scope
from finops.pages.figures import Cell, Row, Table

NAME = "completeness"


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield the days of an open month, of the bills that the scope's charges of this month and the last are from."""
    if scope.month.closing is not None:
        return
    period = scope.month.billing_period
    length = calendar.monthrange(period.year, period.month)[1]
    rows, there = [], 0
    for provider in sorted({each.provider for each in (*scope.charges, *(scope.previous or ()))}):
        days = scope.bill_days.get((provider, scope.currency), set())
        there += len(days)
        cells = (*_cells(len(days), length), Cell.text(max(days).isoformat() if days else None))
        rows.append(Row(provider, cells, "provisional" if days else "provisional: nothing of it is there yet"))
    if rows:
        total = Row("All bills", (*_cells(there, length * len(rows)), Cell.text(None)), "provisional")
        yield Table(
            NAME,
            "How complete the month is",
            "the month is open: days that the bills have charges of, and may still change",
            ("Bill", "There", "Days", "Days expected", "Up to (UTC)"),
            tuple(rows),
            total,
        )


def _cells(there: int, expected: int) -> tuple[Cell, ...]:
    # Rounded down: a month that lacks a day is never shown as whole.
    share = (Decimal(there) / Decimal(expected)).quantize(Decimal("0.001"), ROUND_DOWN)
    return Cell.share(share), Cell.quantity(there), Cell.quantity(expected)


def remark(statement: Statement) -> str:
    """Return how complete an open month's statement is, in words; nothing of a final one."""
    totals = [each.total for section in statement.sections for each in section.schedules if each.name == NAME]
    counted = [(Decimal(t.cells[1].value or 0), Decimal(t.cells[2].value or 0)) for t in totals if t]
    if not counted:
        return ""
    share = _cells(int(sum(there for there, _ in counted)), int(sum(of for _, of in counted)))[0].value
    return f"{Decimal(share or 0) * 100:.1f} % of the days of its bills are there"
