"""What the groups of ``cost_centers.yml`` are charged: all that is below each of them. The company's alone."""

from __future__ import annotations

from collections.abc import Iterator

from finops.chargeback.statement.models import Section
from finops.chargeback.statement.scope import Scope
from finops.chargeback.statement.sections import total_charged
from finops.pages.figures import Cell, Row, Table


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield a row for each group with anything charged, a group before those it holds; nothing without groups."""
    known = scope.month.cost_centers
    if scope.owner is not None:
        return
    charged = {owner: parts.total for owner, parts in total_charged.by_owner(section).items()}
    rows = []
    for group in known.groups():
        mine = [owner for owner in charged if owner == group or group in known.above(owner)]
        if mine:
            amount = Cell.money(sum(charged[owner] for owner in mine), section.digits)
            path = [known.name_of(each) or each for each in (group, *known.above(group))]
            listed = ", ".join(known.name_of(each) or each for each in mine)
            rows.append(Row(group, (amount, Cell.quantity(len(mine))), f"{' in '.join(path)}: {listed}"))
    if rows:
        yield Table(
            "groups",
            "Groups of cost centres",
            "all that is below each; a group is part of the one above it",
            ("Group", total_charged.LABEL, "Cost centres"),
            tuple(rows),
        )
