"""Machines and notebooks that do nothing, or much less than they could: processors."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from finops.rightsizing.models import Finding, Level, ResourceType
from finops.rightsizing.proposing import change, finding, share_saved
from finops.rightsizing.resource import Known, Machine, Resource

_KINDS = (ResourceType.MACHINE, ResourceType.NOTEBOOK)


def idle_machine(resource: Resource, known: Known) -> Finding | None:
    """Find a machine or notebook without GPUs whose processor and network do nothing."""
    if resource.type not in _KINDS or not resource.is_running:
        return None
    if resource.type is ResourceType.NOTEBOOK and resource.last_used is not None:
        return _unused_notebook(resource, resource.last_used, known)
    measured = known.measured(resource, "cpu_utilization", "network_bytes_per_second")
    idle = known.rules.idle
    if measured is None or _has_gpus(resource, known):
        return None
    cpu, network = measured
    if cpu.p95 >= idle.utilization or network.p95 >= idle.bytes_per_second:
        return None
    rule = "idle_notebook" if resource.type is ResourceType.NOTEBOOK else "idle_machine"
    return finding(
        rule,
        resource,
        known,
        Decimal(1),
        f"In {known.rules.window_days} days 95 % of its hours used at most {cpu.p95:.1f} % of the processor and "
        f"{network.p95 / 1000:.1f} kB/s of the network.",
        {"cpu_p95": cpu.p95, "network_p95": network.p95, "hours": cpu.hours},
        confidence=0.9,
        risk=Level.MEDIUM,
        proposed=change(resource, "stop_machine"),
        note="its disks stay, and cost on",
    )


def _unused_notebook(resource: Resource, last_used: date, known: Known) -> Finding | None:
    days = (known.run_date - last_used).days
    if days < known.rules.window_days:
        return None
    return finding(
        "idle_notebook",
        resource,
        known,
        Decimal(1),
        f"It is on, and nobody has used it for {days} days, since {last_used}.",
        {"days": days},
        confidence=0.9,
        proposed=change(resource, "stop_machine"),
        note="its disk stays, and costs on",
    )


def idle_interactive(resource: Resource, known: Known) -> Finding | None:
    """Find an interactive machine or notebook that works, but is left on when nobody does."""
    idle = known.rules.idle
    is_interactive = resource.type is ResourceType.NOTEBOOK or resource.stage in idle.interactive_stages
    if resource.type not in _KINDS or not is_interactive or not resource.is_running:
        return None
    metric = "gpu_utilization" if _has_gpus(resource, known) else "cpu_utilization"
    measured = known.measured(resource, metric)
    if measured is None:
        return None
    [usage] = measured
    a_day = usage.idle_hours / known.rules.window_days
    if a_day < idle.interactive_hours or usage.idle_hours >= usage.hours:
        return None
    return finding(
        "idle_interactive",
        resource,
        known,
        Decimal(str(round(usage.idle_hours / usage.hours, 4))),
        f"It was on and idle for {usage.idle_hours:.0f} of {usage.hours:.0f} measured hours, {a_day:.1f} a day "
        f"({metric.replace('_', ' ')} below 5 %).",
        {"idle_hours": usage.idle_hours, "hours": usage.hours, "idle_minutes": idle.interactive_minutes},
        confidence=0.7,
        effort=Level.MEDIUM,
        note=f"let it stop by itself after {idle.interactive_minutes} idle minutes",
    )


def oversized_machine(resource: Resource, known: Known) -> Finding | None:
    """Find a machine that a smaller one of its family could do the work of, with headroom.

    Without measurements of memory only types with as much memory will do.
    """
    old = known.machine(resource)
    if resource.type is not ResourceType.MACHINE or not resource.is_running or old is None or old.gpus:
        return None
    measured = known.measured(resource, "cpu_utilization")
    if measured is None:
        return None
    [cpu] = measured
    memory = known.measured(resource, "memory_utilization")
    limits = known.rules.cpu
    needed = max(cpu.p95 / limits.p95, cpu.p995 / limits.p995) * old.vcpus if limits.p95 and limits.p995 else old.vcpus
    needed_memory = old.memory_gib * (memory[0].maximum / limits.memory if memory and limits.memory else 1)
    new = _smallest(old, known, needed, needed_memory)
    share = None if new is None else share_saved(old, new)
    if new is None or share is None:
        return None
    says = f" and {memory[0].maximum:.0f} % of memory" if memory else ""
    return finding(
        "oversized_machine",
        resource,
        known,
        share,
        f"In {known.rules.window_days} days it used {cpu.p95:.1f} % of {old.vcpus:g} vCPUs at p95, {cpu.p995:.1f} % at "
        f"p99.5{says}; {new.instance_type} has {new.vcpus:g} vCPUs and {new.memory_gib:g} GiB.",
        {
            "cpu_p95": cpu.p95,
            "cpu_p995": cpu.p995,
            "memory_maximum": memory[0].maximum if memory else None,
            "from": old.instance_type,
            "to": new.instance_type,
            "price_ratio": float(1 - share),
        },
        confidence=0.9 if memory else 0.75,
        risk=Level.LOW if memory else Level.MEDIUM,
        proposed=change(resource, "resize_machine", instance_type=new.instance_type),
        note="" if memory else "memory is not measured, so it keeps as much as it has",
    )


def _smallest(old: Machine, known: Known, vcpus: float, memory: float) -> Machine | None:
    """Return the cheapest type of the same family that suffices. Another family is another processor."""
    for each in known.catalogue.family(old):
        has_disk = (each.local_disk_gb > 0) == (old.local_disk_gb > 0)
        if has_disk and each.vcpus >= vcpus and each.memory_gib >= memory and each.instance_type != old.instance_type:
            return each
    return None


def _has_gpus(resource: Resource, known: Known) -> bool:
    machine = known.machine(resource)
    return bool(machine and machine.gpus) or "gpu_utilization" in resource.usage
