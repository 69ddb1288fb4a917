"""Endpoints that nobody asks, that are larger than what is asked of them, or are as large at night as by day."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import ceil
from typing import Any

from finops.rightsizing.models import Finding, Level, ResourceType
from finops.rightsizing.proposing import change, finding
from finops.rightsizing.resource import Known, Resource, Usage

_WORKDAYS = range(5)
_DAY_HOURS, _WEEK_HOURS = 60, 168
"""Hours of a week from 07:00 to 19:00 on its workdays, and all."""


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
        busiest = _busiest(resource, known)
        if asked is not None or not quiet or busiest is None or busiest.p95 >= known.rules.idle.utilization:
            return None
        evidence = (
            f"In {known.rules.window_days} days 95 % of its hours used at most {busiest.p95:.1f} % and "
            f"{quiet[0].p95 / 1000:.1f} kB/s of the network; its requests are not counted."
        )
        facts = {"p95": busiest.p95, "network_p95": quiet[0].p95}
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
    least, desired, most = (_whole(resource.details.get(each)) for each in ("minimum", "desired", "maximum"))
    present = desired or _whole(resource.details.get("instances")) or most or least
    return (least or present, present, most or present) if present else None


def _whole(value: object) -> int:
    text = str(value)
    return int(text) if text.isdecimal() else 0


def _busiest(resource: Resource, known: Known) -> Usage | None:
    """Return the usage of what an endpoint runs out of first: GPU where it has any, else processor."""
    for metric in ("gpu_utilization", "cpu_utilization"):
        if metric in resource.usage:
            found = known.measured(resource, metric)
            return found[0] if found else None
    return None


def _instances(present: int, utilization: float, known: Known) -> int:
    return max(1, ceil(round(present * utilization / max(known.rules.endpoint_target, 1), 6)))


def oversized_endpoint(resource: Resource, known: Known) -> Finding | None:
    """Find an endpoint with more instances, or provisioned concurrency, than its busiest hours need."""
    sizes, usage = capacity(resource), _busiest(resource, known)
    if resource.type is not ResourceType.ENDPOINT or sizes is None or usage is None:
        return None
    least, present, most = sizes
    # At p99.5, not p95: what is asked above that waits. Where scaling may go lower already, it does so by itself.
    needed = _instances(present, usage.p995, known)
    if needed >= present or least <= needed:
        return None
    parameters = {"minimum": needed, "maximum": max(most, present)}
    return finding(
        "oversized_endpoint",
        resource,
        known,
        1 - Decimal(needed) / present,
        f"{present} instances were used {usage.p995:.1f} % at p99.5 in {known.rules.window_days} days, which {needed} "
        f"do at {known.rules.endpoint_target:g} %; its scaling keeps at least {least}.",
        {"p995": usage.p995, "instances": present, "needed": needed, "least": least},
        confidence=0.8,
        risk=Level.MEDIUM,
        proposed=change(
            resource, "scale_endpoint", variant=str(resource.details.get("variant") or "AllTraffic"), **parameters
        ),
    )


def scheduled_scaling(resource: Resource, known: Known) -> Finding | None:
    """Find an endpoint that could be smaller at night and on weekends, from how it is used and asked then.

    Instances by day are what its busiest hours need, times the busiest weekday over the mean of those counted.
    """
    sizes, usage = capacity(resource), _busiest(resource, known)
    if resource.type is not ResourceType.ENDPOINT or sizes is None or usage is None or usage.night_average is None:
        return None
    asked = known.asked.get((resource.target.provider, resource.target.resource_id))
    if asked is None or asked.days < known.rules.window_days or not asked.requests:
        return None
    present = sizes[1]
    by_day = min(present, _instances(present, usage.p995, known))
    # The mean at night, with as much above it as the day's busiest hours have above the day's mean.
    swing = usage.p995 / usage.average if usage.average else 1.0
    at_night = min(by_day, _instances(present, usage.night_average * min(swing, 3.0), known))
    if at_night >= by_day:
        return None
    hours = Decimal(_DAY_HOURS * by_day + (_WEEK_HOURS - _DAY_HOURS) * at_night) / _WEEK_HOURS
    return finding(
        "scheduled_scaling",
        resource,
        known,
        1 - hours / present,
        f"Of {present} instances {usage.average:.1f} % are used on average and {usage.night_average:.1f} % at night "
        f"and on weekends: {by_day} suffice by day, {at_night} then.",
        {
            "instances": present,
            "by_day": by_day,
            "at_night": at_night,
            "schedule": _schedule(asked.by_weekday, by_day, at_night),
        },
        confidence=0.6,
        risk=Level.MEDIUM,
        effort=Level.MEDIUM,
        note="the schedule is proposed as code; scale out at "
        f"{known.rules.endpoint_target:g} % of use, in at {known.rules.endpoint_target / 2:g} %",
    )


def _schedule(by_weekday: Mapping[int, float], by_day: int, at_night: int) -> list[dict[str, Any]]:
    """Return least and most instances by weekday and hour: workdays in proportion to the requests expected then."""
    busiest = max((by_weekday.get(each, 0.0) for each in _WORKDAYS), default=0.0) or 1.0
    found = []
    for weekday in range(7):
        share = by_weekday.get(weekday, busiest) / busiest if weekday in _WORKDAYS else 0.0
        least = max(at_night, ceil(round(by_day * share, 6))) if share else at_night
        found.append(
            {"weekday": weekday, "from": "07:00", "to": "19:00", "minimum": min(least, by_day), "maximum": by_day}
        )
        found.append({"weekday": weekday, "from": "19:00", "to": "07:00", "minimum": at_night, "maximum": by_day})
    return found
