"""The way from billed to effective cost: what commitments move between months."""

from __future__ import annotations

from decimal import Decimal

from finops.chargeback.statement.facts import DailyCost
from finops.chargeback.statement.models import ROUNDING, BridgeStep
from finops.chargeback.statement.scope import Key, Scope, sums
from finops.core.money import exact_sum, rounded

_NOTHING = Decimal(0)
_STEPS = {
    "purchase": ("Commitments bought", "invoiced in full this month, charged over their term"),
    "used": ("Commitments used", "this month's share of commitments that covered usage"),
    "unused": ("Commitments unused", "this month's share of commitments that covered nothing"),
    "other": ("Other differences", "charges whose amortised cost is not their invoiced cost"),
}


def of(scope: Scope) -> tuple[BridgeStep, ...]:
    """Return the steps that have an amount; with the billed cost they add up to the effective cost.

    Each is rounded on its own: what cents leave to the total is a step called rounding, and no commitment's.
    """
    effective, billed = (sums(scope.daily, _step, measure) for measure in ("effective_cost", "billed_cost"))
    steps = []
    for name, words in _STEPS.items():
        moved = exact_sum((effective.get((name,), _NOTHING), billed.get((name,), _NOTHING).copy_negate()))
        if units := rounded(moved, scope.digits):
            steps.append(BridgeStep(*words, units))
    if rest := scope.total.effective - scope.total.billed - sum(step.amount for step in steps):
        steps.append(BridgeStep(ROUNDING, "each row is rounded on its own", rest))
    return tuple(steps)


def _step(daily: DailyCost) -> Key:
    if daily.charge_category == "Purchase":
        return ("purchase",)
    status = daily.commitment_discount_status.lower()
    return (status,) if status in ("used", "unused") else ("other",)
