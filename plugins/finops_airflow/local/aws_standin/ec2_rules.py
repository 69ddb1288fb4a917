"""What EC2 refuses and moto does not, and what takes a while at EC2 and no time in moto.

The codes and texts are AWS's own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_block_store import VolumeModification
from moto.ec2.models.instance_types import INSTANCE_TYPES

from finops_airflow.local.aws_standin.request import Request
from finops_airflow.local.aws_standin.state import LOOKS, Reason, State

_CODES = {"pending": 0, "running": 16, "stopping": 64, "stopped": 80, "terminated": 48}
_GP3_IOPS, _REST_HOURS = 3000, 6

# moto calls every change of a volume completed at once.
VolumeModification.modification_state = property(  # type: ignore[method-assign, assignment]
    lambda self: "modifying" if getattr(self, "looks", 0) > 0 else "completed"
)


def stop(rules: State, request: Request) -> Reason | None:
    """Refuse to stop what AWS cannot stop."""
    machine = _machine(request)
    if machine is None:
        return None
    if machine.state in ("terminated", "pending"):
        return _wrong_state(machine, "stopped")
    if rules.spot.get(machine.id) == "one-time":
        return "UnsupportedOperation", f"You can't stop the Spot Instance '{machine.id}': its request is one-time."
    if machine.root_device_type == "instance-store":
        says = f"The instance '{machine.id}' does not have an 'ebs' root device type and cannot be stopped."
        return "UnsupportedOperation", says
    if machine.disable_api_stop:
        says = f"The instance '{machine.id}' may not be stopped. Modify its 'disableApiStop' attribute."
        return "OperationNotPermitted", says
    rules.changed_nothing = machine.state in ("stopping", "stopped")
    return None


def start(rules: State, request: Request) -> Reason | None:
    """Refuse to start what has ended or is stopping."""
    machine = _machine(request)
    if machine is None:
        return None
    if machine.state in ("terminated", "stopping"):
        return _wrong_state(machine, "started")
    rules.changed_nothing = machine.state in ("running", "pending")
    return None


def modify(rules: State, request: Request) -> Reason | None:
    """Refuse another type while it runs, and one that does not fit."""
    machine, wanted = _machine(request), request.parameters.get("InstanceType.Value")
    if machine is None or wanted is None:
        return None
    if machine.state != "stopped":
        return "IncorrectInstanceState", f"The instance '{machine.id}' is not in the 'stopped' state."
    if machine.id in rules.spot:
        return "UnsupportedOperation", "You can't change the instance type of a Spot Instance."
    if wanted not in INSTANCE_TYPES:
        return "InvalidParameterValue", f"Invalid value '{wanted}' for InstanceType."
    if machine.architecture not in INSTANCE_TYPES[wanted]["ProcessorInfo"]["SupportedArchitectures"]:
        says = f"The architecture of '{wanted}' does not match the architecture '{machine.architecture}' of the AMI."
        return "InvalidParameterValue", says
    rules.changed_nothing = machine.instance_type == wanted
    return None


def change_volume(rules: State, request: Request) -> Reason | None:
    """Refuse a change while another is under way or within six hours, and speeds that a type does not have."""
    volume = _volume(request)
    if volume is None:
        return None
    if any(each.modification_state == "modifying" for each in volume.modifications):
        return "IncorrectModificationState", f"Volume {volume.id} is already being modified."
    if any(_is_recent(each) for each in volume.modifications):
        says = "You've reached the maximum modification rate per volume limit. Wait at least 6 hours."
        return "VolumeModificationRateExceeded", says
    kind, iops = request.parameters.get("VolumeType", volume.volume_type), request.parameters.get("Iops")
    if kind == "gp2" and iops:
        return "InvalidParameterCombination", "The parameter iops is not supported for gp2 volumes."
    if kind == "gp3" and iops and int(iops) < _GP3_IOPS:
        return "InvalidParameterValue", f"Volume iops of {iops} is too low; minimum is {_GP3_IOPS}."
    return None


def create_volume(rules: State, request: Request) -> Reason | None:
    """Refuse a snapshot that is not whole."""
    name = request.parameters.get("SnapshotId")
    snapshot = _ec2(request).snapshots.get(name)
    if snapshot is not None and snapshot.status != "completed":
        return "IncorrectState", f"Snapshot {name} is in invalid state - pending"
    return None


def release(rules: State, request: Request) -> Reason | None:
    """Refuse an address that is used."""
    for address in _ec2(request).addresses:
        if address.allocation_id == request.parameters.get("AllocationId") and address.association_id:
            return "InvalidIPAddress.InUse", f"Address {address.public_ip} is in use."
    return None


def stopping(rules: State, request: Request) -> None:
    """Let it stop for a while; a scaling group replaces a member that stops."""
    machine = _machine(request)
    if rules.changed_nothing or machine is None:
        return
    is_member = any(tag["key"] == "aws:autoscaling:groupName" for tag in machine.get_tags())
    set_state(machine, "stopping")
    rules.move(machine.id, machine, "terminated" if is_member else "stopped")


def starting(rules: State, request: Request) -> None:
    """Let it start for a while."""
    machine = _machine(request)
    if rules.changed_nothing or machine is None:
        return
    set_state(machine, "pending")
    rules.move(machine.id, machine, "running")


def changing(rules: State, request: Request) -> None:
    """Let a change of a volume take a while."""
    volume = _volume(request)
    if volume is None:
        return
    if volume.volume_type == "gp2":
        volume.iops, volume.throughput = gp2_iops(volume.size), None
    modification = volume.modifications[-1]
    modification.looks = LOOKS
    rules.move(volume.id, modification, "completed")


def snapshotting(rules: State, request: Request) -> None:
    """Let a snapshot take a while; it is looked for by its volume."""
    snapshots = [each for each in _ec2(request).snapshots.values() if each.volume.id == request.resource]
    newest = max(snapshots, key=lambda each: each.start_time)
    newest.status = "pending"
    rules.move(f"of {request.resource}", newest, "completed")


def looked_for_snapshots(rules: State, request: Request) -> None:
    """Count a look at the snapshots of an account."""
    for name, (thing, end, looks) in list(rules.moving.items()):
        is_one = type(thing).__name__ == "Snapshot" and thing.owner_id == request.account
        if is_one and end == "completed":
            if looks > 1:
                rules.moving[name] = (thing, end, looks - 1)
            else:
                del rules.moving[name]
                thing.status = end


def gp2_iops(size_gib: int) -> int:
    """Return what a gp2 volume of a size gives."""
    return max(100, min(16_000, 3 * size_gib))


def set_state(machine: Any, state: str) -> None:
    """Set the state of a machine."""
    machine._state.name, machine._state.code = state, _CODES[state]


def _wrong_state(machine: Any, to_be: str) -> tuple[str, str]:
    return "IncorrectInstanceState", f"This instance '{machine.id}' is not in a state from which it can be {to_be}."


def _is_recent(modification: Any) -> bool:
    return bool(utcnow() - modification.start_time < timedelta(hours=_REST_HOURS))


def _ec2(request: Request) -> Any:
    return ec2_backends[request.account][request.region]


def _machine(request: Request) -> Any:
    return _ec2(request).get_instance_by_id(request.resource)


def _volume(request: Request) -> Any:
    return _ec2(request).volumes.get(request.resource)
