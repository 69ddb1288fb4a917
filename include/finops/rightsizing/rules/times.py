"""When work runs, and on what terms: spot, off-peak, off-hours."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from finops.policy.rightsizing_rules import Schedule
from finops.rightsizing.models import Change, Finding, Level, ResourceType
from finops.rightsizing.proposing import change, finding
from finops.rightsizing.resource import DAYS_A_MONTH, Known, Machine, Resource

_BATCH = ("data-preprocessing", "evaluation")


def spot_candidate(resource: Resource, known: Known) -> Finding | None:
    """Find an on-demand machine whose work bears interruptions: each of its runs writes checkpoints often enough."""
    rules = known.rules.spot
    machine = known.machine(resource)
    if resource.type is not ResourceType.MACHINE or not resource.is_running or machine is None or resource.is_spot:
        return None
    runs = known.runs.get((resource.target.provider, resource.target.resource_id))
    if resource.cost.spot > 0 or resource.stage not in rules.stages or runs is None or not runs.bear_interruptions:
        return None
    if runs.hours_at_risk > rules.checkpoint_hours:
        return None
    types = fleet(machine, known)
    if len(types) < rules.least_types:
        return None
    own = known.spot_discounts.get((resource.target.provider, resource.currency))
    discount = rules.discount if own is None else own
    parameters = {"on_demand_base": 0, "on_demand_percent": int(rules.on_demand_percent), "instance_types": types}
    at_risk = _cost_of(resource, runs.hours_at_risk)
    group = replace(resource.target, resource_id=resource.group_id) if resource.group_id else None
    return finding(
        "spot_candidate",
        resource,
        known,
        discount * (1 - Decimal(str(rules.on_demand_percent)) / 100),
        f"Its {runs.count} training {'run' if runs.count == 1 else 'runs'} went at most {runs.hours_at_risk:.1f} hours "
        f"without a checkpoint: an interruption costs at most that, {at_risk:.2f} {resource.currency} of work. Spot "
        f"costs {discount * 100:.0f} % less "
        + (
            "here, interruptions counted."
            if own is not None
            else "by assumption: the bill has no spot to compare with."
        ),
        {
            "runs": runs.count,
            "hours_at_risk": runs.hours_at_risk,
            "cost_at_risk": str(at_risk),
            "discount": str(discount),
            "instance_types": types,
        },
        confidence=0.75 if own is not None else 0.5,
        risk=Level.MEDIUM,
        effort=Level.LOW if group else Level.MEDIUM,
        proposed=Change("use_spot", group, parameters) if group else None,
        note="" if group else "only a new machine is spot",
    )


def _cost_of(resource: Resource, hours: float) -> Decimal:
    """Return what so many hours of the machine cost, at effective price."""
    an_hour = resource.cost.effective / resource.cost.hours if resource.cost.hours else resource.cost.monthly / 730
    return (an_hour * Decimal(str(hours))).quantize(Decimal("0.01"))


def fleet(machine: Machine, known: Known) -> list[str]:
    """Return the types that could do a machine's work, itself first, for a fleet that seldom runs out of capacity."""
    others = known.catalogue.with_gpus(machine) if machine.gpus else known.catalogue.like(machine)
    found = [machine.instance_type]
    for each in others:
        enough = each.gpus >= machine.gpus and each.vcpus >= machine.vcpus and each.memory_gib >= machine.memory_gib
        not_more = each.vcpus <= machine.vcpus * 2 and each.gpus <= max(machine.gpus, 0) * 2
        if enough and not_more and each.gpu_memory_gib >= machine.gpu_memory_gib and each.instance_type not in found:
            found.append(each.instance_type)
    return found[:6]


def off_peak_shift(resource: Resource, known: Known) -> Finding | None:
    """Find batch work by day on demand, while commitments lie unused at other times. A person decides."""
    part = known.unused.get((resource.target.provider, resource.currency), Decimal(0))
    measured = known.measured(resource, "cpu_utilization")
    if resource.type is not ResourceType.MACHINE or resource.stage not in _BATCH or not part or measured is None:
        return None
    [cpu] = measured
    if cpu.night_average is None or cpu.night_average >= cpu.average / 2 or cpu.average < known.rules.idle.utilization:
        return None
    return finding(
        "off_peak_shift",
        resource,
        known,
        min(part, Decimal(1)),
        f"It works by day on demand ({cpu.average:.1f} % on average, {cpu.night_average:.1f} % at night and on "
        f"weekends), while unused commitments could cover {part * 100:.0f} % of such work.",
        {"average": cpu.average, "night_average": cpu.night_average, "unused_share": str(part)},
        confidence=0.4,
        effort=Level.MEDIUM,
        note="let it run when the commitments are free",
    )


def off_hours(resource: Resource, known: Known) -> Finding | None:
    """Find a machine whose owner's tag names a schedule, and that runs, idle, outside it."""
    named = resource.tags.get(known.rules.schedule_tag, "")
    schedule = known.rules.schedules.get(named)
    if resource.type is not ResourceType.MACHINE or schedule is None or not resource.is_running:
        return None
    measured = known.measured(resource, "cpu_utilization")
    if measured is None or measured[0].night_average is None or resource.cost.hours <= 0:
        return None
    [cpu] = measured
    if measured[0].night_average >= known.rules.idle.utilization:
        return None
    hours_a_month = resource.cost.hours / resource.cost.days * DAYS_A_MONTH
    on = hours_on(schedule) * DAYS_A_MONTH / 7
    share = 1 - on / hours_a_month if hours_a_month > on else Decimal(0)
    return finding(
        "off_hours",
        resource,
        known,
        share,
        f"Its tag asks for {named}, {schedule.start_at} to {schedule.stop_at} {schedule.time_zone}, {on:.0f} hours a "
        f"month; it runs {hours_a_month:.0f}, and used {cpu.night_average:.1f} % of its processor at night and on "
        "weekends.",
        {"schedule": named, "hours_a_month": float(hours_a_month), "wanted": float(on)},
        confidence=0.9,
        proposed=change(
            resource,
            "schedule_machine",
            stop_at=schedule.stop_at,
            start_at=schedule.start_at,
            time_zone=schedule.time_zone,
            skip_days=list(schedule.skip_days),
        ),
    )


def hours_on(schedule: Schedule) -> Decimal:
    """Return the hours of a week in which a machine of the schedule runs."""
    start, stop = (_minutes(each) for each in (schedule.start_at, schedule.stop_at))
    a_day = (stop - start) % 1440 or 1440
    return Decimal(a_day * (7 - len(set(schedule.skip_days)))) / 60


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
