"""Endpoints that keep more machines, at some hours of the week, than the requests that are expected then need."""

from __future__ import annotations

from decimal import Decimal

from finops.rightsizing import week
from finops.rightsizing.models import Finding, Level, ResourceType
from finops.rightsizing.proposing import change, finding
from finops.rightsizing.resource import Known, Resource
from finops.rightsizing.rules.endpoints import busiest, capacity, variant_of

_LEAST_USE = 1
"""Percent: below that nothing can be told of how many requests make what use."""


def scheduled_scaling(resource: Resource, known: Known) -> Finding | None:
    """Find an endpoint whose least number of machines could be lower at some hours, by the requests expected then.

    What one machine does was measured: its requests over its use. Its least by the hour is for the requests that come
    with 80 % probability at most, its most for those with 95 %; only hours in which even the most is below what is
    kept now save anything. Without a forecast nothing is said.
    """
    sizes, per_hour = capacity(resource), requests_per_machine(resource, known)
    expected = known.expected.get((resource.target.provider, resource.target.resource_id))
    if resource.type is not ResourceType.ENDPOINT or sizes is None or expected is None or per_hour is None:
        return None
    least, present, most = sizes
    changes = week.changes(week.needed(expected.lower, expected.upper, per_hour, most))
    if not changes:
        return None
    hours = week.hours_of(changes)
    spared = sum(max(least - each.maximum, 0) for each in hours)
    fewest, top = min(each.minimum for each in hours), max(each.maximum for each in hours)
    target = known.rules.endpoint_target
    return finding(
        "scheduled_scaling",
        resource,
        known,
        Decimal(spared) / (week.HOURS * present),
        f"At least {least} of {present} instances are kept at all hours. For the requests of the next 7 days, at most "
        f"{max(expected.upper):,.0f} an hour with 95 % probability, {fewest} to {top} suffice by the hour: one does "
        f"{per_hour:,.0f} an hour at {target:g} % of use.",
        {
            "instances": present,
            "least": least,
            "changes": changes,
            "requests_per_instance_hour": round(per_hour, 3),
            "scale_out_at": target,
            "scale_in_at": target / 2,
            "forecast_of": str(expected.run_date),
        },
        confidence=0.7,
        risk=Level.MEDIUM,
        effort=Level.MEDIUM,
        proposed=change(
            resource,
            "schedule_endpoint",
            variant=variant_of(resource),
            changes=changes,
        ),
        note=f"instances from then on (UTC): {week.words(changes)}; between the bounds scale out at {target:g} % of "
        f"use, in at {target / 2:g} %",
    )


def requests_per_machine(resource: Resource, known: Known) -> float | None:
    """Return the requests an hour that one machine does at the target use; None where requests or use are unknown."""
    sizes, usage = capacity(resource), busiest(resource, known)
    asked = known.asked.get((resource.target.provider, resource.target.resource_id))
    if sizes is None or usage is None or usage.average < _LEAST_USE or asked is None or not asked.requests:
        return None
    if asked.days < known.rules.window_days:
        return None
    at_once = asked.requests / (asked.days * 24)
    return at_once / (sizes[1] * usage.average) * known.rules.endpoint_target
