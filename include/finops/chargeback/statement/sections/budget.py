"""How much of its budget a cost centre has used, as ``mart_budget_use`` has it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from finops.chargeback.statement.models import Section
from finops.chargeback.statement.scope import Scope
from finops.core.money import rounded
from finops.pages.figures import Cell, Row, Table


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield the month's budget of a cost centre that has one in this currency."""
    mine = [b for b in scope.month.budgets if (b.cost_center, b.billing_currency) == (scope.owner, scope.currency)]
    if not mine:
        return
    digits, spent = section.digits, section.total_with_shared
    budget = rounded(mine[0].budget, digits)
    amounts = (Cell.money(units, digits) for units in (budget - spent, budget, spent))
    yield Table(
        "budget",
        "Budget",
        "direct and shared cost against what the cost centre may spend in the month",
        ("", "Left", "Budget", "Spent", "Used"),
        (Row("This month", (*amounts, Cell.share(mine[0].used_share.quantize(Decimal("0.001"))))),),
    )
