"""What a statement charges in all: direct cost, shared cost and adjustments to closed months, as the journal posts it.

It is every statement's headline. Where there is more than direct cost, every format shows the same table of its parts.
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
    return by_owner(company).get(UNALLOCATED, Parts(0, None, None))


def by_owner(company: Section) -> dict[str, Parts]:
    """Return what each cost centre is charged, and what nobody is, in the cents of their own statements."""
    owners = next(each for each in company.breakdowns if each.name == "cost_center")
    found = {line.labels[0]: Parts(line.shown.effective, None, None) for line in owners.lines}
    nothing = Parts(0, None, None)
    for shared in company.shared.lines if company.shared else ():
        parts = found.get(shared.entry.cost_center, nothing)
        found[shared.entry.cost_center] = parts._replace(shared=(parts.shared or 0) + shared.effective)
    for line in company.adjustments.lines if company.adjustments else ():
        parts = found.get(line.adjustment.cost_center, nothing)
        found[line.adjustment.cost_center] = parts._replace(adjustments=(parts.adjustments or 0) + line.effective)
    return found


def beyond_direct(section: Section) -> bool:
    """Tell whether a rule allocated cost to or from it, or a closed month was adjusted."""
    return parts_of(section)[1:] != (None, None)


def says_more(statement: Statement) -> bool:
    """Tell whether any of its sections charges more than direct cost."""
    return any(map(beyond_direct, statement.sections))


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
