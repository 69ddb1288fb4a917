"""The bills against the statements, by provider: the whole company's alone."""

from __future__ import annotations

from decimal import Decimal

from finops.chargeback.statement import rounding
from finops.chargeback.statement.facts import BILL
from finops.chargeback.statement.models import Shown, TieOut
from finops.chargeback.statement.scope import Scope, sums
from finops.chargeback.statement.sections.breakdowns import PROVIDERS


def of(scope: Scope) -> tuple[TieOut, ...]:
    """Return one line for each bill; the exact difference is of amounts before they are rounded."""
    if scope.owner is not None:
        return ()
    bills = [t for t in scope.month.control_totals if t.stage == BILL and t.billing_currency == scope.currency]
    amounts = {(t.provider,): t.billed_cost for t in bills}
    shown = rounding.apportion_amounts(amounts, scope.total.billed, scope.digits)
    stated, exact = PROVIDERS.split(scope), sums(scope.charges, PROVIDERS.key, "billed_cost")
    return tuple(
        TieOut(
            provider=bill.provider,
            bill_rows=bill.row_count,
            bill=shown[(bill.provider,)],
            statements=stated.get((bill.provider,), Shown(0, 0, None)).billed,
            difference=exact.get((bill.provider,), Decimal(0)) - bill.billed_cost,
        )
        for bill in bills
    )
