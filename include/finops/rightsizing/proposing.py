"""From what a rule has seen to a finding: what it saves at effective price, and what commitments leave of that."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from finops.rightsizing.models import Change, Finding, Level
from finops.rightsizing.resource import Known, Machine, Resource

_TWELVE = Decimal("1e-12")


def share_saved(old: Machine | None, new: Machine) -> Decimal | None:
    """Return the part of its cost that a machine of a new type saves, 0 to 1; None where it would not be cheaper.

    Catalogue prices give the ratio alone; the level is what the resource really costs.
    """
    if old is None or not old.price or not new.price or new.price >= old.price:
        return None
    return 1 - new.price / old.price


def change(resource: Resource, action: str, /, **parameters: Any) -> Change:
    """Return an action on the resource."""
    return Change(action, resource.target, parameters)


def finding(
    rule: str,
    resource: Resource,
    known: Known,
    share: Decimal,
    evidence: str,
    facts: Mapping[str, Any],
    *,
    confidence: float,
    risk: Level = Level.LOW,
    effort: Level = Level.LOW,
    proposed: Change | None = None,
    note: str = "",
) -> Finding | None:
    """Return a finding that would save ``share`` (0 to 1) of the resource's cost; None where that is too little.

    What commitments cover of it stays in the bill: it saves nothing, and the note says so.
    """
    cost = resource.cost.monthly
    whole = cost * min(max(share, Decimal(0)), Decimal(1))
    if whole < known.rules.least_saving:
        return None
    covered = resource.cost.covered
    notes = [note] if note else []
    if covered > 0:
        named = f" ({resource.cost.commitments})" if resource.cost.commitments else ""
        ends = known.commitment_end(resource)
        when = f" on {ends}" if ends else "; the bill does not say when"
        notes.append(
            f"a commitment{named} covers {covered * 100:.0f} % of its cost, which saves nothing until that ends{when}"
        )
    return Finding(
        rule=rule,
        target=resource.target,
        resource_type=resource.type,
        currency=resource.currency,
        monthly_cost=cost.quantize(_TWELVE),
        monthly_saving=(whole * (1 - covered)).quantize(_TWELVE),
        confidence=confidence,
        risk=risk,
        effort=effort,
        evidence=evidence,
        facts={**facts, "covered_share": round(float(covered), 4), "whole_saving": f"{whole:.2f}"},
        change=proposed,
        note="; ".join(notes),
        owner=resource.owner,
        project=resource.project,
        environment=resource.environment,
    )


def money(amount: Decimal, currency: str) -> str:
    """Return an amount as evidence has it."""
    return f"{amount:,.2f} {currency}"
