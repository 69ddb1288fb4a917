"""What a unit of each driver costs, as ``mart_unit_costs`` has it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from finops.chargeback.statement.models import Section
from finops.chargeback.statement.scope import Scope
from finops.pages.figures import Cell, Kind, Row, Table


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield the cost per unit of the drivers that are measured of the owner, or of the whole company."""
    mine = [e for e in scope.month.unit_costs if (e.cost_center, e.billing_currency) == (scope.owner, scope.currency)]
    cost = Cell.money(section.total_with_shared, section.digits)
    rows = [
        Row(
            each.unit,
            (
                Cell(Kind.MONEY, each.unit_cost.quantize(Decimal("0.0001")), 4),
                Cell.quantity(_plain(each.quantity)),
                cost,
            ),
            f"as measured by {each.driver}",
        )
        for each in sorted(mine, key=lambda each: (each.driver, each.unit))
    ]
    if rows:
        yield Table(
            "units",
            "Cost per unit",
            "direct and shared cost over the month's quantity",
            ("Unit", "Per unit", "Quantity", "Cost"),
            tuple(rows),
        )


def _plain(quantity: Decimal) -> Decimal:
    """Return the quantity without the zeros that the mart's twelve decimals end in."""
    return Decimal(f"{quantity.normalize():f}")
