"""How much of its budget a cost centre has used, as ``mart_budget_use`` has it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from finops.chargeback.statement.facts import BudgetUse, PublishedMonth
from finops.chargeback.statement.models import Section
from finops.chargeback.statement.scope import Scope
from finops.core.money import digits_of, rounded
from finops.pages.figures import Cell, Row, Table

_NOTE = "direct and shared cost against what the cost centre may spend in the month"


def tables(scope: Scope, section: Section) -> Iterator[Table]:
    """Yield the month's budget of a cost centre that has one in this currency; with a reporting currency see below."""
    for each in scope.month.budgets:
        is_mine = (each.cost_center, each.billing_currency) == (scope.owner, scope.currency)
        if is_mine and scope.month.exchange is None:
            yield _table(each, section.total_with_shared, section.digits, _NOTE)


def in_reporting_currency(month: PublishedMonth, owner: str | None) -> Iterator[tuple[str, Table]]:
    """Yield the reporting currency, and in it a cost centre's budget against its cost of all currencies."""
    for each in month.budgets:
        if month.exchange is not None and each.cost_center == owner:
            digits = digits_of(each.billing_currency)
            note = f"{_NOTE}, all currencies in {each.billing_currency} at the month's rates"
            yield each.billing_currency, _table(each, rounded(each.effective_cost, digits), digits, note)


def _table(use: BudgetUse, spent: int, digits: int, note: str) -> Table:
    budget = rounded(use.budget, digits)
    amounts = (Cell.money(units, digits) for units in (budget - spent, budget, spent))
    used = Cell.share(use.used_share.quantize(Decimal("0.001")))
    return Table(
        "budget", "Budget", note, ("", "Left", "Budget", "Spent", "Used"), (Row("This month", (*amounts, used)),)
    )
