"""Endpoints that nobody asks, or that are larger than what is asked of them."""

from __future__ import annotations

from decimal import Decimal
from math import ceil
from typing import Any

from finops.core.providers import Provider
from finops.rightsizing.models import Change, Finding, Level, ResourceType
from finops.rightsizing.proposing import change, finding
from finops.rightsizing.resource import Known, Resource, Usage


def idle_endpoint(resource: Resource, known: Known) -> Finding | None:
    """Find an endpoint that nobody asks: requests counted each day, and none; or, uncounted, all measurements low."""
    if resource.type is not ResourceType.ENDPOINT:
        return None
    asked = known.asked.get((resource.target.provider, resource.target.resource_id))
    quiet = known.measured(resource, "network_bytes_per_second")
    limit = known.rules.idle.bytes_per_second
    unused = 0 if resource.last_used is None else (known.run_date - resource.last_used).days
    if (asked is not None and asked.requests) or (quiet and quiet[0].p95 >= limit):
        return None
    facts: dict[str, Any]
    if asked is not None and asked.days >= known.rules.window_days:
        evidence = f"Its requests were counted on {asked.days} days, and there was none."
        facts = {"days": asked.days, "requests": 0}
    elif unused >= known.rules.window_days:
        evidence = f"Nobody has called it for {unused} days, since {resource.last_used}."
        facts = {"days": unused}
    else:
        most = busiest(resource, known)
        if asked is not None or not quiet or most is None or most.p95 >= known.rules.idle.utilization:
            return None
        evidence = (
            f"In {known.rules.window_days} days 95 % of its hours used at most {most.p95:.1f} % and "
            f"{quiet[0].p95 / 1000:.1f} kB/s of the network; its requests are not counted."
        )
        facts = {"p95": most.p95, "network_p95": quiet[0].p95}
    return finding(
        "idle_endpoint",
        resource,
        known,
        Decimal(1),
        evidence,
        facts,
        confidence=0.9 if asked is not None else 0.75,
        risk=Level.MEDIUM,
        note="delete it, and keep its configuration to create it again",
    )


def capacity(resource: Resource) -> tuple[int, int, int] | None:
    """Return least, present and most machines of an endpoint or group, as far as the inventory tells; else None."""
    least, desired, most = (whole(resource.details.get(each)) for each in ("minimum", "desired", "maximum"))
    present = desired or whole(resource.details.get("instances")) or most or least
    return (least or present, present, most or present) if present else None


def variant_of(resource: Resource) -> str:
    """Return what is deployed at an endpoint; on AWS the only variant is called so unless somebody has named it."""
    usual = "AllTraffic" if resource.target.provider == Provider.AWS else ""
    return str(resource.details.get("variant") or usual)


def scaled(resource: Resource, minimum: int, maximum: int) -> Change | None:
    """Return the change of an endpoint's bounds; None where the inventory does not tell what is deployed there."""
    variant = variant_of(resource)
    return change(resource, "scale_endpoint", variant=variant, minimum=minimum, maximum=maximum) if variant else None


def whole(value: object) -> int:
    """Return a count of the inventory; 0 for what is none."""
    text = str(value)
    return int(text) if text.isdecimal() else 0


def busiest(resource: Resource, known: Known) -> Usage | None:
    """Return the usage of what an endpoint runs out of first: GPU where it has any, else processor."""
    for metric in ("gpu_utilization", "cpu_utilization"):
        if metric in resource.usage:
            found = known.measured(resource, metric)
            return found[0] if found else None
    return None


def _instances(present: int, utilization: float, known: Known) -> int:
    return max(1, ceil(round(present * utilization / max(known.rules.endpoint_target, 1), 6)))


def oversized_endpoint(resource: Resource, known: Known) -> Finding | None:
    """Find an endpoint with more instances than its busiest hours need."""
    sizes, usage = capacity(resource), busiest(resource, known)
    if resource.type is not ResourceType.ENDPOINT or sizes is None or usage is None:
        return None
    least, present, most = sizes
    # At p99.5, not p95: what is asked above that waits. Where scaling may go lower already, it does so by itself.
    needed = _instances(present, usage.p995, known)
    if needed >= present or least <= needed:
        return None
    return finding(
        "oversized_endpoint",
        resource,
        known,
        1 - Decimal(needed) / present,
        f"{present} instances were used {usage.p995:.1f} % at p99.5 in {known.rules.window_days} days, which {needed} "
        f"{'does' if needed == 1 else 'do'} at {known.rules.endpoint_target:g} %; its scaling keeps at least {least}.",
        {"p995": usage.p995, "instances": present, "needed": needed, "least": least},
        confidence=0.8,
        risk=Level.MEDIUM,
        proposed=scaled(resource, needed, max(most, present)),
    )
