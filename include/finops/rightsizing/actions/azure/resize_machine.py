"""Give a machine another size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.azure import machines
from finops.rightsizing.actions.azure.base import AzureAction
from finops.rightsizing.actions.azure.calls import begin
from finops.rightsizing.actions.azure.names import name_of
from finops.rightsizing.actions.azure.start_machine import START, start
from finops.rightsizing.actions.azure.stop_machine import DEALLOCATE, deallocate
from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

_WRITE = "Microsoft.Compute/virtualMachines/write"


class ResizeMachine(AzureAction):
    """Deallocate, change the size, start. Undone by the earlier size, as when there is no capacity for the new."""

    name = "resize_machine"
    summary = "deallocate the machine, give it another size, start it"
    parameters: Mapping[str, str] = {
        "instance_type": "its new size",
        "from_type": "its size when planned; another one now is refused",
        "state": "running or deallocated: what it shall be afterwards; without it, it must run now and shall run again",
        "gpu_memory_gib": "what its work needs of one GPU, where the plan has seen that the new size has it; "
        "without it, GPUs stay of one family",
    }
    required: ClassVar[tuple[str, ...]] = ("instance_type",)
    reads: tuple[str, ...] = machines.READS
    acts: tuple[str, ...] = (DEALLOCATE, _WRITE, START)
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine and both sizes."""
        return machines.observe_machine(client, change, *filter(None, [change.parameters.get("instance_type")]))

    def objection(self, live: Live, change: Change) -> str:
        """Refuse where deallocating does harm, and a size that is unknown or does not fit."""
        now = live.facts["instance_type"]
        planned = str(change.parameters.get("from_type", now))
        reason = machines.why_not_stop(live) or first_reason(
            (now.lower() != planned.lower(), f"its size is {now}; it was {planned} when planned"),
            (live.facts["is_spot"], "it is a spot machine, whose capacity may not come back after a stop"),
            (
                "state" not in change.parameters and live.state not in ("running", "starting"),
                f"it is {live.state}, so a smaller size saves nothing",
            ),
        )
        return reason or _why_not_fit(live, change)

    def next_step(self, live: Live, change: Change) -> str | None:
        """Lead to the wanted size, and to the state it shall have."""
        if machines.is_moving(live):
            return WAIT
        after = change.parameters.get("state", "running")
        if not _has_size(live, change):
            return "update" if live.state == "deallocated" else "deallocate"
        if after == "running":
            return None if live.state == "running" else "start"
        return None if live.state in machines.STANDS else "deallocate"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Deallocate it, change its size, or start it."""
        machines.not_gone(live)
        if step == "deallocate":
            deallocate(client, change)
        elif step == "start":
            start(client, live, change)
        else:
            where, wanted = name_of(change, machines.KIND), change.parameters["instance_type"]
            size = {"properties": {"hardwareProfile": {"vmSize": wanted}}}
            begin(change, _WRITE, client.compute.virtual_machines.begin_update, where.group, where.name, size)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Give it back its size and state, whatever has been done by then. What was powered off is deallocated."""
        state = "deallocated" if before.state in (*machines.STANDS, "deallocating", "stopping") else "running"
        return with_parameters(change, self.name, instance_type=before.facts["instance_type"], state=state)


def _has_size(live: Live, change: Change) -> bool:
    return bool(live.exists and live.facts["instance_type"].lower() == change.parameters["instance_type"].lower())


def _why_not_fit(live: Live, change: Change) -> str:
    wanted, facts = change.parameters["instance_type"], live.facts
    old, new = facts["types"].get(facts["instance_type"]) or {}, facts["types"].get(wanted)
    if new is None:
        return f"the size {wanted} is unknown in {facts['location']}"
    return first_reason(
        (new["is_closed"], f"the subscription may not use {wanted} in {facts['location']}"),
        (
            facts["zone"] and facts["zone"] not in new["zones"],
            f"the zone {facts['zone']} does not offer {wanted}",
        ),
        (
            old and old["architecture"] != new["architecture"],
            f"its image is for {old.get('architecture')}, {wanted} is {new['architecture']}",
        ),
        (
            old and old["has_temporary_disk"] != new["has_temporary_disk"],
            f"only one of {facts['instance_type']} and {wanted} has a temporary disk: Azure changes no size so",
        ),
        (
            old and old["takes_premium_disks"] and not new["takes_premium_disks"],
            f"{wanted} takes no premium disks",
        ),
        (facts["data_disks"] > new["data_disks"], f"it has {facts['data_disks']} data disks, {wanted} takes fewer"),
        (
            facts["network_interfaces"] > max(1, new["network_interfaces"]),
            f"it has {facts['network_interfaces']} network interfaces, {wanted} takes {new['network_interfaces']}",
        ),
        (old and old["gpus"] and not new["gpus"], f"{wanted} has no GPU"),
        (
            old and old["gpus"] and old["family"] != new["family"] and "gpu_memory_gib" not in change.parameters,
            f"the GPUs of {wanted} are of another family, and the plan does not say what its work needs of one",
        ),
    )
