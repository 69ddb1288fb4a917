"""Give a machine another type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.gcp import machines
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.calls import Gone, begin, read
from finops.rightsizing.actions.gcp.names import name_of, short
from finops.rightsizing.actions.gcp.start_machine import START, start
from finops.rightsizing.actions.gcp.stop_machine import STOP, stop
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

_SET_TYPE, _TYPES = "compute.instances.setMachineType", "compute.machineTypes.get"
_TAKES_GPUS = "n1-"


class ResizeMachine(GcpAction):
    """Stop, change the type, start. Undone by the earlier type, and so it is when there is no capacity for the new."""

    name = "resize_machine"
    summary = "stop the machine, give it another type, start it"
    parameters: Mapping[str, str] = {
        "instance_type": "its new type",
        "from_type": "its type when planned; another one now is refused",
        "state": "RUNNING or TERMINATED: what it shall be afterwards; without it, it must run now and shall run again",
        "gpu_memory_gib": "what its work needs of one GPU, where the plan has seen that the new type has it; "
        "without it, GPUs stay of one kind",
    }
    required: ClassVar[tuple[str, ...]] = ("instance_type",)
    reads: tuple[str, ...] = (*machines.READS, _TYPES)
    acts: tuple[str, ...] = (STOP, _SET_TYPE, START)
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine and both types."""
        live = machines.observe_machine(client, change)
        if not live.exists:
            return live
        names = {live.facts["instance_type"], *filter(None, [change.parameters.get("instance_type")])}
        types = {name: _type_facts(client, change, name) for name in sorted(names)}
        return replace(live, facts={**live.facts, "types": types})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse where a stop does harm, and a type that is unknown or does not fit."""
        now = live.facts["instance_type"]
        planned = change.parameters.get("from_type", now)
        reason = machines.why_not_stop(live) or first_reason(
            (now != planned, f"its type is {now}; it was {planned} when planned"),
            (live.facts["local_disks"], "it has local disks, with which Google changes no type"),
            (live.facts["is_spot"], "it is a spot machine, whose capacity may not come back after a stop"),
            (
                "state" not in change.parameters and (machines.is_moving(live) or live.state in machines.STANDS),
                f"it is {live.state}, so a smaller type saves nothing",
            ),
        )
        return reason or _why_not_fit(live, change)

    def next_step(self, live: Live, change: Change) -> str | None:
        """Lead to the wanted type, and to the state it shall have."""
        if machines.is_moving(live):
            return WAIT
        after = change.parameters.get("state", "RUNNING")
        if live.facts.get("instance_type") != change.parameters["instance_type"]:
            return "stop" if live.state == "RUNNING" else "set_type"
        if live.state == after:
            return None
        return "start" if after == "RUNNING" else "stop"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Stop it, change its type, or start it."""
        machines.not_gone(live)
        if step == "stop":
            stop(client, live, change, token)
        elif step == "start":
            start(client, live, change, token)
        else:
            where, wanted = name_of(change), change.parameters["instance_type"]
            body = {"machine_type": f"zones/{where.zone}/machineTypes/{wanted}"}
            request = {"instance": where.name, "instances_set_machine_type_request_resource": body}
            begin(client, change, _SET_TYPE, client.instances.set_machine_type_unary, where, token, request)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Give it back its type and state, whatever has been done by then."""
        state = "TERMINATED" if before.state in ("TERMINATED", "STOPPING") else "RUNNING"
        return with_parameters(change, self.name, instance_type=before.facts["instance_type"], state=state)


def _type_facts(client: Any, change: Change, name: str) -> dict[str, Any] | None:
    """Return what fits on a type; None for one that its zone does not have."""
    where = name_of(change)
    asked = {"project": where.project, "zone": where.zone, "machine_type": name}
    try:
        found = read(change, _TYPES, client.machine_types.get, asked)
    except Gone:
        return None
    gpus = {short(each.guest_accelerator_type): each.guest_accelerator_count for each in found.accelerators}
    return {
        "architecture": found.architecture,
        "gpus": gpus,
        "is_gone": found.deprecated.state in ("DELETED", "OBSOLETE"),
    }


def _why_not_fit(live: Live, change: Change) -> str:
    wanted, facts = change.parameters["instance_type"], live.facts
    old, new = facts["types"].get(facts["instance_type"]) or {}, facts["types"].get(wanted)
    if new is None or new["is_gone"]:
        return f"the zone {facts['zone']} does not offer {wanted}"
    added, built_in = facts["gpus"] if not old.get("gpus") else {}, old.get("gpus") or {}
    return first_reason(
        (
            old.get("architecture") and new["architecture"] and old["architecture"] != new["architecture"],
            f"its image is for {old.get('architecture')}, {wanted} is {new['architecture']}",
        ),
        (
            added and not wanted.startswith(_TAKES_GPUS),
            f"its GPUs are attached to it, which {wanted} does not take",
        ),
        (built_in and not new["gpus"], f"{wanted} has no GPU"),
        (
            built_in and set(built_in) != set(new["gpus"]) and "gpu_memory_gib" not in change.parameters,
            f"{wanted} has other GPUs ({', '.join(new['gpus'])}), and the plan does not say what its work needs of one",
        ),
    )
