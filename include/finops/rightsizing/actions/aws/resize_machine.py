"""Give a machine another type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.aws import machines
from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.aws.calls import act, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change


class ResizeMachine(AwsAction):
    """Stop, change the type, start. Undone by the earlier type, and so it is when there is no capacity for the new."""

    name = "resize_machine"
    summary = "stop the machine, give it another type, start it"
    parameters: Mapping[str, str] = {
        "instance_type": "its new type",
        "from_type": "its type when planned; another one now is refused",
        "state": "running or stopped: what it shall be afterwards; without it, it must run now and shall run again",
        "gpu_memory_gib": "what its work needs of one GPU; without it, as much as one GPU has now",
    }
    required: ClassVar[tuple[str, ...]] = ("instance_type",)
    reads: tuple[str, ...] = (*machines.READS, "ec2:DescribeInstanceTypeOfferings")
    acts: tuple[str, ...] = ("ec2:StopInstances", "ec2:ModifyInstanceAttribute", "ec2:StartInstances")
    resource_types: tuple[str, ...] = ("machine",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the machine, both types, and whether its zone has the new one."""
        wanted = change.parameters.get("instance_type", "")
        live = machines.observe_machine(client, change, *filter(None, [wanted]))
        if not live.exists or live.state in machines.ENDED or not wanted:
            return live
        filters = [{"Name": "location", "Values": [live.facts["zone"]]}, {"Name": "instance-type", "Values": [wanted]}]
        offered = read(
            client,
            change,
            "ec2:DescribeInstanceTypeOfferings",
            LocationType="availability-zone",
            Filters=filters,
        )
        facts = {**live.facts, "is_offered": bool(offered["InstanceTypeOfferings"])}
        return Live(exists=True, state=live.state, tags=live.tags, facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse where a stop does harm, and a type that is unknown or does not fit."""
        if reason := machines.why_not_stop(live):
            return reason
        now, planned = live.facts["instance_type"], change.parameters.get("from_type", live.facts["instance_type"])
        if now != planned:
            return f"its type is {now}; it was {planned} when planned"
        if live.facts["spot_request"]:
            return "it is a spot machine, whose type AWS does not change"
        if "state" not in change.parameters and live.state not in ("running", "pending"):
            return f"it is {live.state}, so a smaller type saves nothing"
        return _why_not_fit(live, change)

    def next_step(self, live: Live, change: Change) -> str | None:
        """Lead to the wanted type, and to the state it shall have."""
        after = change.parameters.get("state", "running")
        if live.state in machines.MOVING:
            return WAIT
        if live.facts.get("instance_type") != change.parameters["instance_type"]:
            return "stop" if live.state == "running" else "modify"
        if live.state == after:
            return None
        return "start" if after == "running" else "stop"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Stop it, change its type, or start it."""
        machines.not_ended(live)
        machine = short(change.target.resource_id)
        if step == "stop":
            act(client, change, "ec2:StopInstances", InstanceIds=[machine])
        elif step == "start":
            act(client, change, "ec2:StartInstances", InstanceIds=[machine])
        else:
            wanted = {"Value": change.parameters["instance_type"]}
            act(client, change, "ec2:ModifyInstanceAttribute", InstanceId=machine, InstanceType=wanted)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Give it back its type and state, whatever has been done by then."""
        state = "stopped" if before.state in ("stopped", "stopping") else "running"
        return with_parameters(change, self.name, instance_type=before.facts["instance_type"], state=state)


def _why_not_fit(live: Live, change: Change) -> str:
    wanted = change.parameters["instance_type"]
    facts, old, new = live.facts, live.facts["types"].get(live.facts["instance_type"]), live.facts["types"].get(wanted)
    if new is None:
        return f"the type {wanted} is unknown in {change.target.region}"
    checks = (
        (not facts["is_offered"], f"the zone {facts['zone']} does not offer {wanted}"),
        (
            facts["architecture"] not in new["architectures"],
            f"its image is for {facts['architecture']}, {wanted} is {' or '.join(new['architectures'])}",
        ),
        (facts["virtualization"] not in new["virtualizations"], f"{wanted} does not run {facts['virtualization']}"),
        (new["needs_ena"] and not facts["has_ena"], f"{wanted} needs ENA, which its image does not have"),
        (
            facts["network_interfaces"] > new["network_interfaces"],
            f"it has {facts['network_interfaces']} network interfaces, {wanted} takes {new['network_interfaces']}",
        ),
    )
    return next((reason for is_so, reason in checks if is_so), "") or _why_not_gpu(old or {}, new, change)


def _why_not_gpu(old: Mapping[str, Any], new: Mapping[str, Any], change: Change) -> str:
    wanted = change.parameters["instance_type"]
    if not old.get("gpus"):
        return ""
    if not new["gpus"]:
        return f"{wanted} has no GPU"
    if old["gpu_maker"] != new["gpu_maker"]:
        return f"its GPU is by {old['gpu_maker']}, that of {wanted} by {new['gpu_maker']}: its software would not run"
    needed = float(change.parameters.get("gpu_memory_gib", old["gpu_memory_gib"]))
    if new["gpu_memory_gib"] < needed:
        return f"a GPU of {wanted} has {new['gpu_memory_gib']:g} GiB, its work needs {needed:g} GiB"
    return ""
