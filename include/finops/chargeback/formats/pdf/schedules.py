"""Schedules on the page, from the same figures as in the other formats."""

from __future__ import annotations

from collections.abc import Iterator

from reportlab.platypus import CondPageBreak, Flowable

from finops.chargeback.formats import wording
from finops.chargeback.formats.pdf.tables import Row, Sheet, table_of
from finops.chargeback.formats.pdf.typeface import drawable, value
from finops.chargeback.statement.facts import UNALLOCATED
from finops.chargeback.statement.schedules import Item, Schedule


def table(schedule: Schedule, currency: str) -> Iterator[Flowable]:
    """Yield a schedule as a table, on a page where its beginning has room."""
    yield CondPageBreak(100)
    yield table_of(
        Sheet(
            f"{schedule.title}, {currency}",
            schedule.note,
            schedule.headings,
            [_row(each) for each in schedule.items],
            None if schedule.total is None else _row(schedule.total),
        )
    )


def _row(item: Item) -> Row:
    cells = tuple("" if each.value is None else wording.cell(each) for each in item.cells)
    return Row(value(item.label), cells, drawable(wording.short(item.also)), is_loose=item.label == UNALLOCATED)
