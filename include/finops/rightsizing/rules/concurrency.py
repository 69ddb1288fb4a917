"""Serverless endpoints that keep more ready for requests than ever come at once."""

from __future__ import annotations

from decimal import Decimal
from math import ceil
from typing import Any

from finops.rightsizing.models import Change, Finding, Level, ResourceType
from finops.rightsizing.proposing import change, finding, money
from finops.rightsizing.resource import Known, Resource, Usage
from finops.rightsizing.rules.endpoints import variant_of, whole

_LEAST = 1
"""SageMaker sets no fewer than one; to have none takes another configuration of the endpoint."""


def oversized_concurrency(resource: Resource, known: Known) -> Finding | None:
    """Find provisioned concurrency beyond what the busiest hours need. What requests take of it is paid all the same.

    Requests beyond what is provisioned are answered too, by what starts for them.
    """
    present = whole(resource.details.get("concurrency"))
    used = known.measured(resource, "concurrency_utilization")
    cost = resource.cost
    is_paid = min(cost.provisioned, cost.effective) > 0
    if resource.type is not ResourceType.ENDPOINT or not present or not used or not is_paid:
        return None
    needed = _needed(present, used[0], known)
    kept = resource.details.get("minimum_concurrency")
    # Where scaling may go as low already, it does so by itself.
    if needed >= present or (kept is not None and whole(kept) <= max(needed, _LEAST)):
        return None
    proposed, note = _change(resource, present, needed, kept)
    left = proposed.parameters["concurrency"] if proposed else needed
    share = cost.provisioned / cost.effective * (1 - Decimal(left) / present)
    paid = cost.monthly * cost.provisioned / cost.effective
    return finding(
        "oversized_concurrency",
        resource,
        known,
        share,
        f"Of {present} provisioned {used[0].p995:.1f} % were in use at p99.5 and {used[0].maximum:.1f} % at most in "
        f"{known.rules.window_days} days: {_enough(needed, known)}. To keep them ready costs "
        f"{money(paid, resource.currency)} a month.",
        {
            "p995": used[0].p995,
            "maximum": used[0].maximum,
            "concurrency": present,
            "needed": needed,
            "provisioned_monthly_cost": f"{paid:.2f}",
        },
        confidence=0.8,
        proposed=proposed,
        note=note,
        risk=Level.LOW,
    )


def _needed(present: int, used: Usage, known: Known) -> int:
    """Return how many are in use at p99.5, with headroom; none where none ever was."""
    if used.maximum <= 0:
        return 0
    return max(_LEAST, ceil(round(present * used.p995 / max(known.rules.endpoint_target, 1), 6)))


def _change(resource: Resource, present: int, needed: int, kept: Any) -> tuple[Change | None, str]:
    """Return what can be done by itself, and what a person has to know or do."""
    if kept is not None:
        return None, f"its scaling keeps at least {kept}: lower that to {max(needed, _LEAST)}"
    if present == _LEAST:
        return None, "take it out of the endpoint's configuration: SageMaker sets no fewer than one"
    wanted = {"variant": variant_of(resource), "concurrency": max(needed, _LEAST), "from_concurrency": present}
    note = "" if needed else "the last one goes with another configuration of the endpoint alone"
    return change(resource, "set_concurrency", **wanted), note


def _enough(needed: int, known: Known) -> str:
    if not needed:
        return "none is needed"
    return f"{needed} {'do' if needed > 1 else 'does'} at {known.rules.endpoint_target:g} %"
