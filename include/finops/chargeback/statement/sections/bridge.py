"""The way from billed to effective cost: what commitments move between months."""

from __future__ import annotations

from finops.chargeback.statement import rounding
from finops.chargeback.statement.facts import DailyCost
from finops.chargeback.statement.models import BridgeStep
from finops.chargeback.statement.scope import Key, Scope, sums

_STEPS = {
    "purchase": ("Commitments bought", "invoiced in full this month, charged over their term"),
    "used": ("Commitments used", "this month's share of commitments that covered usage"),
    "unused": ("Commitments unused", "this month's share of commitments that covered nothing"),
    "other": ("Other differences", "charges whose amortised cost is not their invoiced cost"),
}


def of(scope: Scope) -> tuple[BridgeStep, ...]:
    """Return the steps that have an amount; with the billed cost they add up to the effective cost."""
    effective, billed = (
        rounding.apportion_amounts(sums(scope.daily, _step, measure), total, scope.digits)
        for measure, total in (("effective_cost", scope.total.effective), ("billed_cost", scope.total.billed))
    )
    steps = ((name, effective.get((name,), 0) - billed.get((name,), 0)) for name in _STEPS)
    return tuple(BridgeStep(*_STEPS[name], amount) for name, amount in steps if amount)


def _step(daily: DailyCost) -> Key:
    if daily.charge_category == "Purchase":
        return ("purchase",)
    status = daily.commitment_discount_status.lower()
    return (status,) if status in ("used", "unused") else ("other",)
