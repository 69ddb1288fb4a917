"""Adjustments in cents: a block of a statement, beside the month's own costs and never among them."""

from __future__ import annotations

from collections.abc import Sequence

from finops.chargeback.close.models import Adjustment, AdjustmentBlock, AdjustmentLine
from finops.chargeback.statement import rounding
from finops.chargeback.statement.facts import exact_sum


def of_company(adjustments: Sequence[Adjustment], currency: str, digits: int) -> AdjustmentBlock | None:
    """Return a month's adjustments in one currency: the total is rounded once, its owners and lines within it."""
    mine = [each for each in adjustments if each.billing_currency == currency]
    if not mine:
        return None
    exact = {m: exact_sum(getattr(each, m) for each in mine) for m in ("effective_cost", "billed_cost")}
    shown = {
        measure: rounding.apportion_nested(
            {each.key: getattr(each, measure) for each in mine}, rounding.rounded(total, digits), digits, level=1
        )
        for measure, total in exact.items()
    }
    return _block(
        [AdjustmentLine(each, shown["effective_cost"][each.key], shown["billed_cost"][each.key]) for each in mine]
    )


def of_owner(company: AdjustmentBlock | None, owner: str) -> AdjustmentBlock | None:
    """Return the company's lines that are an owner's: what owners show sums to what the company shows."""
    lines = [line for line in company.lines if line.adjustment.cost_center == owner] if company else []
    return _block(lines) if lines else None


def _block(lines: Sequence[AdjustmentLine]) -> AdjustmentBlock:
    return AdjustmentBlock(
        tuple(sorted(lines, key=lambda line: line.adjustment.key)),
        sum(line.effective for line in lines),
        sum(line.billed for line in lines),
        exact_sum(line.adjustment.effective_cost for line in lines),
        exact_sum(line.adjustment.billed_cost for line in lines),
    )
