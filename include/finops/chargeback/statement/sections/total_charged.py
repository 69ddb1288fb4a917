"""What a statement charges in all: direct cost, shared cost and adjustments to closed months, as the journal posts it.

It is said where there is more than direct cost, and by every format from the same table.
"""

from __future__ import annotations

from typing import NamedTuple

from finops.chargeback.statement.models import Section, Statement
from finops.core.dimensions import UNALLOCATED
from finops.pages.figures import Cell, Row, Table

LABEL = "Total charged"
NAME = "total_charged"
"""What the table is called in ``schedules.csv``, and the figure in ``manifest.json``."""


class Parts(NamedTuple):
    """What a total charged is made of, in smallest units; None where there is nothing of the kind."""

    direct: int
    shared: int | None
    adjustments: int | None

    @property
    def total(self) -> int:
        """All of it."""
        return self.direct + (self.shared or 0) + (self.adjustments or 0)


def parts_of(section: Section) -> Parts:
    """Return what a section charges; its total is ``section.total_charged``."""
    shared = section.shared.effective if section.shared and section.shared.lines else None
    return Parts(section.total.effective, shared, section.adjustments.effective if section.adjustments else None)


def not_allocated(company: Section) -> Parts:
    """Return what nobody is charged: with all cost centres' it is the company's."""
    shared = company.shared.of_owner(UNALLOCATED) if company.shared else None
    lines = (
        [n for n in company.adjustments.lines if n.adjustment.cost_center == UNALLOCATED] if company.adjustments else []
    )
    return Parts(
        company.unallocated.shown.effective if company.unallocated else 0,
        shared.effective if shared and shared.lines else None,
        sum(line.effective for line in lines) if lines else None,
    )


def beyond_direct(section: Section) -> bool:
    """Tell whether a rule allocated cost to or from it, or a closed month was adjusted."""
    return parts_of(section)[1:] != (None, None)


def says_more(statement: Statement) -> bool:
    """Tell whether any of its sections charges more than direct cost."""
    return any(map(beyond_direct, statement.sections))


def label_of_total(statement: Statement) -> str:
    """Return what the total in the reporting currency is called."""
    return LABEL if says_more(statement) else "Total"


def table(section: Section, *, is_company: bool) -> Table | None:
    """Return how the total charged comes about, or None where it is the direct cost alone."""
    if not beyond_direct(section):
        return None
    parts, digits = parts_of(section), section.digits
    rows = [Row("Direct cost", (Cell.money(parts.direct, digits),), "effective cost of the month")]
    if parts.shared is not None:
        allocated = "moves between cost centres and adds nothing" if is_company else "what rules added and took away"
        rows.append(Row("Shared cost", (Cell.signed(parts.shared, digits),), allocated))
    if parts.adjustments is not None:
        restated = "what providers restated after a month was closed"
        rows.append(Row("Adjustments to closed months", (Cell.signed(parts.adjustments, digits),), restated))
    note = "of all cost centres and what is not allocated" if is_company else "what the cost centre is charged in all"
    total = Row(LABEL, (Cell.money(section.total_charged, digits),))
    return Table(NAME, LABEL, note, ("", "Amount"), tuple(rows), total)
