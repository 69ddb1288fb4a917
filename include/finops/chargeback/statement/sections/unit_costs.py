"""What a unit of each measured driver costs: direct and shared cost over the quantity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from finops.chargeback.statement.models import Section
from finops.chargeback.statement.scope import Scope
from finops.core.money import exact_arithmetic, from_units
from finops.pages.figures import Cell, Kind, Row, Table


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield the cost per unit of the drivers that are measured of the owner, or of anybody."""
    quantities: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for each in scope.month.measured:
        if scope.owner in (None, each.cost_center):
            quantities[each.driver, each.unit] += each.quantity
    cost = Cell.money(section.total_with_shared, section.digits)
    rows = []
    for (driver, unit), quantity in sorted(quantities.items()):
        with exact_arithmetic():
            per_unit = (from_units(section.total_with_shared, section.digits) / quantity).quantize(Decimal("0.0001"))
        cells = (Cell(Kind.MONEY, per_unit, 4), Cell.quantity(quantity), cost)
        rows.append(Row(unit, cells, f"as measured by {driver}"))
    if rows:
        yield Table(
            "units",
            "Cost per unit",
            "direct and shared cost over the month's quantity",
            ("Unit", "Per unit", "Quantity", "Cost"),
            tuple(rows),
        )
