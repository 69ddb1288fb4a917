"""The bills against the statements, by provider: the whole company's alone.

Each figure is the bill's own, rounded on its own, so it is what the provider's bill and `finops reconcile` say. What
these cents leave to the total stands in a row of its own, `Section.rounding_of_bills`.
"""

from __future__ import annotations

from decimal import Decimal

from finops.chargeback.statement.facts import BILL
from finops.chargeback.statement.models import TieOut
from finops.chargeback.statement.scope import Scope, sums
from finops.chargeback.statement.sections.breakdowns import PROVIDERS
from finops.core.money import rounded


def of(scope: Scope) -> tuple[TieOut, ...]:
    """Return one line for each bill; the exact difference is of amounts before they are rounded."""
    if scope.owner is not None:
        return ()
    bills = [t for t in scope.month.control_totals if t.stage == BILL and t.billing_currency == scope.currency]
    exact = sums(scope.charges, PROVIDERS.key, "billed_cost")
    return tuple(
        TieOut(
            provider=bill.provider,
            bill_rows=bill.row_count,
            bill=rounded(bill.billed_cost, scope.digits),
            statements=rounded(exact.get((bill.provider,), Decimal(0)), scope.digits),
            difference=exact.get((bill.provider,), Decimal(0)) - bill.billed_cost,
        )
        for bill in bills
    )
