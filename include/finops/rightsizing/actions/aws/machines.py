"""The live state of a machine, and the reasons why one must not be stopped."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.aws.base import tags_of
from finops.rightsizing.actions.aws.calls import AwsAccount, Gone, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.base import LOCAL_DISK_TAG, SCRATCH
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

READS = (
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceAttribute",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeSpotInstanceRequests",
)
ENDED = frozenset({"terminated", "shutting-down"})
MOVING = frozenset({"pending", "stopping"})

_OWNERS = {
    "aws:autoscaling:groupName": "scaling group",
    "aws:ec2:fleet-id": "fleet",
    "aws:elasticmapreduce:job-flow-id": "EMR cluster",
    "karpenter.sh/nodepool": "Karpenter node pool",
}
"""Tags of who would replace a stopped machine, or end it."""


def observe_machine(account: AwsAccount, change: Change, *types: str) -> Live:
    """Return a machine as it is, with what is known of its type and of ``types``."""
    machine_id = short(change.target.resource_id)
    try:
        found = read(account, change, "ec2:DescribeInstances", InstanceIds=[machine_id])
        machine = next(each for group in found["Reservations"] for each in group["Instances"])
    except (Gone, StopIteration):
        return Live(exists=False)
    state = machine["State"]["Name"]
    tags = tags_of(machine.get("Tags"))
    if state in ENDED:
        return Live(exists=True, state=state, tags=tags, facts={"instance_type": machine["InstanceType"]})
    attribute = read(
        account, change, "ec2:DescribeInstanceAttribute", InstanceId=machine_id, Attribute="disableApiStop"
    )
    facts = {
        "instance_type": machine["InstanceType"],
        "zone": machine.get("Placement", {}).get("AvailabilityZone", change.target.zone),
        "architecture": machine.get("Architecture", ""),
        "virtualization": machine.get("VirtualizationType", ""),
        "has_ena": machine.get("EnaSupport", True),
        "network_interfaces": len(machine.get("NetworkInterfaces", [])),
        "root_device": machine.get("RootDeviceType", ""),
        "spot_request": _spot_request(account, change, machine),
        "capacity_reservation": machine.get("CapacityReservationId", ""),
        "is_stop_protected": attribute.get("DisableApiStop", {}).get("Value") is True,
        "types": {name: _type_facts(account, change, name) for name in (machine["InstanceType"], *types)},
    }
    return Live(exists=True, state=state, tags=tags, facts=facts)


def why_not_stop(live: Live) -> str:
    """Return why stopping would lose data, be undone at once, save nothing or be refused; empty where it is fine."""
    facts = live.facts
    if live.state in ENDED:
        return f"it is {live.state}"
    for tag, owner in _OWNERS.items():
        if tag in live.tags:
            return f"it is a member of the {owner} {live.tags[tag]!r}, which would replace it: change that instead"
    checks = (
        (facts["root_device"] == "instance-store", "its root disk is an instance store: AWS cannot stop it"),
        (facts["spot_request"] == "one-time", "its spot request is one-time: AWS cannot stop it"),
        (facts["is_stop_protected"], "its stop protection is on"),
        (
            facts["capacity_reservation"],
            f"it runs in the capacity reservation {facts['capacity_reservation']}, paid whether it is used or not",
        ),
        (
            has_local_disk(live) and live.tags.get(LOCAL_DISK_TAG) != SCRATCH,
            f"its local disks lose their data when it stops; tag it {LOCAL_DISK_TAG}={SCRATCH} if that may be",
        ),
    )
    return next((reason for is_so, reason in checks if is_so), "")


def has_local_disk(live: Live) -> bool:
    """Return whether its type has disks that do not survive a stop; a type that nobody knows may have."""
    known = live.facts["types"].get(live.facts["instance_type"])
    return known is None or bool(known["has_local_disk"])


def not_ended(live: Live) -> None:
    """Raise Rejected when the machine has ended since the action began: no step can bring it back."""
    if not live.exists or live.state in ENDED:
        raise Rejected(f"the machine is {live.state or 'gone'} since the action began")


def _spot_request(account: AwsAccount, change: Change, machine: dict[str, Any]) -> str:
    if machine.get("InstanceLifecycle") != "spot":
        return ""
    request = machine.get("SpotInstanceRequestId")
    if not request:
        return "one-time"
    try:
        found = read(account, change, "ec2:DescribeSpotInstanceRequests", SpotInstanceRequestIds=[request])
    except Gone:
        return "one-time"
    return next((each.get("Type", "one-time") for each in found["SpotInstanceRequests"]), "one-time")


def _type_facts(account: AwsAccount, change: Change, name: str) -> dict[str, Any] | None:
    """Return what fits on a type; None for one that does not exist in the region. Memory is of one GPU, in GiB."""
    try:
        found = read(account, change, "ec2:DescribeInstanceTypes", InstanceTypes=[name])["InstanceTypes"]
    except Rejected:
        return None
    if not found:
        return None
    kind = found[0]
    gpus = (kind.get("GpuInfo") or {}).get("Gpus") or [{}]
    return {
        "architectures": kind["ProcessorInfo"]["SupportedArchitectures"],
        "virtualizations": kind.get("SupportedVirtualizationTypes", []),
        "has_local_disk": kind.get("InstanceStorageSupported", False),
        "needs_ena": kind.get("NetworkInfo", {}).get("EnaSupport") == "required",
        "network_interfaces": kind.get("NetworkInfo", {}).get("MaximumNetworkInterfaces", 1),
        "gpus": gpus[0].get("Count", 0),
        "gpu_maker": gpus[0].get("Manufacturer", ""),
        "gpu_memory_gib": round(gpus[0].get("MemoryInfo", {}).get("SizeInMiB", 0) / 1024, 1),
    }
