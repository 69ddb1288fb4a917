"""How much of an open month is there: the days that its bills have charges of, from ``mart_bill_completeness``."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal

from finops.chargeback.statement.facts import BillCompleteness
from finops.chargeback.statement.models import Section, Statement
from finops.chargeback.statement.scope import Scope
from finops.pages.figures import Cell, Row, Table

NAME = "completeness"


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield the days of an open month, of the bills that the scope's charges of this month and the last are from."""
    if scope.month.closing is not None:
        return
    mine = {each.provider for each in (*scope.charges, *(scope.previous or ()))}
    bills = [b for b in scope.month.completeness if b.billing_currency == scope.currency and b.provider in mine]
    rows = [_row(each) for each in sorted(bills, key=lambda each: each.provider)]
    if rows:
        counted = _cells(sum(b.days_with_charges for b in bills), sum(b.days_in_month for b in bills))
        total = Row("All bills", (*counted, Cell.text(None)), "provisional")
        yield Table(
            NAME,
            "How complete the month is",
            "the month is open: days that the bills have charges of, and may still change",
            ("Bill", "There", "Days", "Days expected", "Up to (UTC)"),
            tuple(rows),
            total,
        )


def _row(bill: BillCompleteness) -> Row:
    last = bill.last_charge_date
    cells = (*_cells(bill.days_with_charges, bill.days_in_month), Cell.text(last.isoformat() if last else None))
    return Row(bill.provider, cells, "provisional" if last else "provisional: nothing of it is there yet")


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
