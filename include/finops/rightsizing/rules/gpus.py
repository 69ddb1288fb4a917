"""GPUs that do nothing, too little, or more than their memory bears."""

from __future__ import annotations

from decimal import Decimal

from finops.rightsizing.models import Finding, Level, ResourceType
from finops.rightsizing.proposing import change, finding, money, share_saved
from finops.rightsizing.resource import Known, Machine, Resource, Usage

_KINDS = (ResourceType.MACHINE, ResourceType.NOTEBOOK, ResourceType.ENDPOINT)


def _gpu_machine(resource: Resource, known: Known) -> Machine | None:
    machine = known.machine(resource)
    return machine if resource.type in _KINDS and resource.is_running and machine and machine.gpus else None


def idle_gpu(resource: Resource, known: Known) -> Finding | None:
    """Find GPUs whose utilization, memory and network are all low: any that is busy, or unmeasured, says otherwise."""
    machine = _gpu_machine(resource, known)
    if machine is None or resource.type is ResourceType.ENDPOINT:
        return None
    measured = known.measured(resource, "gpu_utilization", "gpu_memory_utilization", "network_bytes_per_second")
    if measured is None:
        return None
    gpu, memory, network = measured
    idle = known.rules.idle
    is_busy = gpu.p95 >= idle.utilization or memory.maximum >= idle.gpu_memory
    if is_busy or network.p95 >= idle.bytes_per_second:
        return None
    return finding(
        "idle_gpu",
        resource,
        known,
        Decimal(1),
        f"In {known.rules.window_days} days 95 % of its hours used at most {gpu.p95:.1f} % of {machine.gpus} "
        f"{machine.gpu_family} GPU{'s' if machine.gpus > 1 else ''} and {network.p95 / 1000:.1f} kB/s of "
        f"the network; GPU memory never more than {memory.maximum:.1f} %.",
        {"gpu_p95": gpu.p95, "gpu_memory_maximum": memory.maximum, "network_p95": network.p95, "hours": gpu.hours},
        confidence=0.95,
        risk=Level.MEDIUM,
        proposed=change(resource, "stop_machine"),
        note="its disks stay, and cost on; capacity may not come back at once",
    )


def small_gpu_use(resource: Resource, known: Known) -> Finding | None:
    """Find GPUs that smaller ones could do the work of; fewer of the same are ``surplus_gpus``.

    GPUs are compared by their tensor operations per second, and the memory in use must fit.
    """
    old = _gpu_machine(resource, known)
    if old is None or resource.type is ResourceType.ENDPOINT:
        return None
    measured = known.measured(resource, "gpu_utilization", "gpu_memory_utilization")
    if measured is None:
        return None
    gpu, memory = measured
    rules = known.rules.gpu
    power = rules.tflops.get(old.gpu_family)
    if power is None or gpu.p95 < known.rules.idle.utilization or not _is_low(resource, gpu, known):
        return None
    needed = gpu.p95 / 100 * power * old.gpus / (1 - rules.headroom / 100)
    new = next((each for each in known.catalogue.with_gpus(old) if _does(each, old, needed, memory, known)), None)
    share = None if new is None else share_saved(old, new)
    if new is None or share is None or new.gpu_family == old.gpu_family:
        return None
    return finding(
        "small_gpu_use",
        resource,
        known,
        share,
        f"In {known.rules.window_days} days it used {gpu.average:.1f} % of {old.gpus} {old.gpu_family} on average, "
        f"{gpu.p95:.1f} % at p95 and {memory.maximum:.0f} % of their memory; {new.instance_type} has {new.gpus} "
        f"{new.gpu_family} of {new.gpu_memory_gib:g} GiB.",
        {"gpu_average": gpu.average, "gpu_p95": gpu.p95, "gpu_memory_maximum": memory.maximum, **_types(old, new)},
        confidence=0.7,
        risk=Level.MEDIUM,
        effort=Level.MEDIUM,
        proposed=change(resource, "resize_machine", instance_type=new.instance_type),
        note="another GPU: let a run be tried on it first",
    )


def _is_low(resource: Resource, gpu: Usage, known: Known) -> bool:
    rules = known.rules
    if resource.stage == "training" and gpu.p95 < rules.gpu.low_training:
        return True
    return gpu.average < rules.gpu.low and gpu.low_days * 2 >= rules.window_days


def _does(new: Machine, old: Machine, needed: float, memory: Usage, known: Known) -> bool:
    """Tell whether a type has the operations that are needed, and memory for what one GPU holds."""
    rules = known.rules.gpu
    power = rules.tflops.get(new.gpu_family)
    return (
        power is not None
        and power * new.gpus >= needed
        and new.gpus <= old.gpus
        and _holds(new, old, memory, rules.memory_headroom)
    )


def _holds(new: Machine, old: Machine, memory: Usage | None, headroom: float) -> bool:
    """Tell whether a type has memory for what is in use, of all GPUs and of one; unmeasured, for as much as there is.

    Unmeasured memory needs no headroom.
    """
    in_use = old.gpu_memory_gib * (memory.maximum / 100 / (1 - headroom / 100) if memory and headroom < 100 else 1)
    return new.gpu_memory_gib >= in_use and new.gpu_memory_gib * new.gpus >= in_use * old.gpus


def surplus_gpus(resource: Resource, known: Known) -> Finding | None:
    """Find a machine of several GPUs that does the work of fewer of the same family."""
    old = _gpu_machine(resource, known)
    measured = known.measured(resource, "gpu_utilization", "gpu_memory_utilization")
    if old is None or old.gpus < 2 or measured is None or resource.type is ResourceType.ENDPOINT:
        return None
    gpu, memory = measured
    rules = known.rules.gpu
    if gpu.p95 < known.rules.idle.utilization:
        return None
    needed = gpu.p95 / 100 * old.gpus / (1 - rules.headroom / 100)
    # Measured is the mean of all GPUs: what they hold together may all lie in one, or evenly in each.
    held = memory.maximum / 100 * old.gpu_memory_gib * old.gpus / (1 - rules.memory_headroom / 100)
    fits = (
        each
        for each in known.catalogue.with_gpus(old)
        if each.gpu_family == old.gpu_family
        and needed <= each.gpus < old.gpus
        and each.gpu_memory_gib * each.gpus >= held
    )
    new = next(fits, None)
    share = None if new is None else share_saved(old, new)
    if new is None or share is None:
        return None
    return finding(
        "surplus_gpus",
        resource,
        known,
        share,
        f"Its {old.gpus} {old.gpu_family} did the work of {gpu.p95 / 100 * old.gpus:.1f} at p95 over "
        f"{known.rules.window_days} days and held {memory.maximum:.0f} % of their memory; "
        f"{new.instance_type} has {new.gpus}.",
        {"gpu_p95": gpu.p95, "gpu_memory_maximum": memory.maximum, "gpus": old.gpus, **_types(old, new)},
        confidence=0.85,
        risk=Level.MEDIUM,
        effort=Level.MEDIUM,
        proposed=change(resource, "resize_machine", instance_type=new.instance_type),
    )


def gpu_memory_at_risk(resource: Resource, known: Known) -> Finding | None:
    """Find GPUs whose memory nearly runs out. Nothing is saved: a run that fails is paid for and lost."""
    machine = _gpu_machine(resource, known)
    measured = known.measured(resource, "gpu_memory_utilization")
    if machine is None or measured is None or measured[0].maximum <= known.rules.gpu.memory_at_risk:
        return None
    [memory] = measured
    return Finding(
        rule="gpu_memory_at_risk",
        target=resource.target,
        resource_type=resource.type,
        currency=resource.currency,
        monthly_cost=resource.cost.monthly.quantize(Decimal("1e-12")),
        monthly_saving=Decimal(0),
        confidence=0.9,
        risk=Level.HIGH,
        effort=Level.MEDIUM,
        evidence=f"GPU memory reached {memory.maximum:.1f} % of {machine.gpu_memory_gib:g} GiB in "
        f"{known.rules.window_days} days, {memory.p95:.1f} % at p95: a larger batch or model runs out of it.",
        facts={"gpu_memory_maximum": memory.maximum, "gpu_memory_p95": memory.p95},
        note="use a smaller batch or gradient checkpointing, or a GPU with more memory; nothing is saved by that",
        owner=resource.owner,
        project=resource.project,
        environment=resource.environment,
    )


def cheaper_gpu_family(resource: Resource, known: Known) -> Finding | None:
    """Find a machine or endpoint whose model was trained or served for less on another type, as measured.

    The other type must hold what is in memory: an epoch of a small run says nothing about a model that fills it.
    """
    old = _gpu_machine(resource, known)
    if old is None or not resource.model:
        return None
    unit = "1,000 predictions" if resource.type is ResourceType.ENDPOINT else "epoch"
    now = known.work.get((old.provider, resource.model, resource.currency, old.instance_type.lower(), unit))
    if not now:
        return None
    measured = known.measured(resource, "gpu_memory_utilization")
    memory = measured[0] if measured else None
    others = [
        (cost, new)
        for new in known.catalogue.with_gpus(old)
        if new.instance_type != old.instance_type
        and _holds(new, old, memory, known.rules.gpu.memory_headroom)
        and (cost := known.work.get((old.provider, resource.model, resource.currency, new.instance_type.lower(), unit)))
    ]
    cost, new = min(others, key=lambda each: (each[0], each[1].instance_type), default=(now, old))
    share = 1 - cost / now
    if share * 100 < Decimal(str(known.rules.gpu.cheaper_by)):
        return None
    is_machine = resource.type is ResourceType.MACHINE
    return finding(
        "cheaper_gpu_family",
        resource,
        known,
        share,
        f"{resource.model} costs {money(now, resource.currency)} per {unit} on {old.instance_type} and "
        f"{money(cost, resource.currency)} on {new.instance_type}, {share * 100:.0f} % less.",
        {"cost_now": f"{now:f}", "cost_there": f"{cost:f}", "unit": unit, **_types(old, new)},
        confidence=0.8,
        risk=Level.MEDIUM,
        effort=Level.MEDIUM,
        proposed=change(resource, "resize_machine", instance_type=new.instance_type) if is_machine else None,
    )


def _types(old: Machine, new: Machine) -> dict[str, object]:
    ratio = float(new.price / old.price) if old.price and new.price else None
    return {"from": old.instance_type, "to": new.instance_type, "price_ratio": ratio}
