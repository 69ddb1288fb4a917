"""Adjustments to closed months: beside the month's own costs and never among them."""

from __future__ import annotations

from collections.abc import Sequence

from finops.chargeback.statement import rounding
from finops.chargeback.statement.models import AdjustmentBlock, AdjustmentLine
from finops.chargeback.statement.scope import Scope
from finops.core.money import exact_sum


def of(scope: Scope) -> AdjustmentBlock | None:
    """Return the adjustments, if there are any. The company's total is rounded once, its owners and lines within it."""
    if scope.owner is None:
        mine = [each for each in scope.month.adjustments if each.billing_currency == scope.currency]
        lines = [AdjustmentLine(*each) for each in rounding.rounded_rows(mine, scope.digits, level=1)]
    else:
        block = scope.company.adjustments if scope.company else None
        lines = [line for line in block.lines if line.adjustment.cost_center == scope.owner] if block else []
    return _block(lines) if lines else None


def _block(lines: Sequence[AdjustmentLine]) -> AdjustmentBlock:
    return AdjustmentBlock(
        tuple(lines),
        sum(line.effective for line in lines),
        sum(line.billed for line in lines),
        exact_sum(line.adjustment.effective_cost for line in lines),
        exact_sum(line.adjustment.billed_cost for line in lines),
    )
