"""What AWS refuses and moto does not, and what takes a while at AWS and no time in moto.

The codes and texts are AWS's own. A change that takes a while is done after so many looks at it: no clock, so that a
test need not wait.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_block_store import VolumeModification
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.sagemaker.models import sagemaker_backends
from moto.wafv2.models import wafv2_backends

from finops_airflow.local.aws_standin.request import Answer, Request, refusal

LOOKS = 2
"""So many times a change is seen under way."""
_CODES = {"pending": 0, "running": 16, "stopping": 64, "stopped": 80, "terminated": 48}
_GP3_IOPS, _REST_HOURS = 3000, 6

# moto calls every change of a volume completed at once.
VolumeModification.modification_state = property(  # type: ignore[method-assign, assignment]
    lambda self: "modifying" if getattr(self, "looks", 0) > 0 else "completed"
)


class Rules:
    """AWS's preconditions, and what is under way."""

    def __init__(self) -> None:
        self.spot: dict[str, str] = {}
        """The kind of spot request of each spot machine."""
        self.changed_nothing = False
        """Whether the last change found everything as wanted."""
        self._tokens: dict[tuple[str, str], Answer] = {}
        self._moving: dict[str, tuple[Any, str, int]] = {}
        self._policies: dict[str, Any] = {}

    def refuse(self, request: Request) -> Answer | None:
        """Return AWS's refusal, or the earlier answer to the same client token; None where moto may answer."""
        self.changed_nothing = False
        token = request.parameters.get("ClientToken")
        if token and (request.permission, token) in self._tokens:
            self.changed_nothing = True
            return self._tokens[request.permission, token]
        self._look(request)
        check = _CHECKS.get(request.permission)
        reason = check(self, request) if check else None
        return refusal(request, *reason) if reason else None

    def after(self, request: Request, answer: Answer) -> Answer:
        """Do what moto leaves out once it has done its part; return the answer."""
        if not answer[0].startswith("2"):
            return answer
        if token := request.parameters.get("ClientToken"):
            self._tokens[request.permission, token] = answer
        if effect := _EFFECTS.get(request.permission):
            effect(self, request)
        return answer

    def pass_hours(self, hours: float) -> None:
        """Let every change of a volume be so much longer ago."""
        for regions in ec2_backends.values():
            for backend in regions.values():
                for volume in backend.volumes.values():
                    for each in volume.modifications:
                        each.start_time -= timedelta(hours=hours)

    def _look(self, request: Request) -> None:
        if request.is_change or request.resource not in self._moving:
            return
        thing, end, looks = self._moving[request.resource]
        if request.permission not in _LOOKS.get(type(thing).__name__, ()):
            return
        if looks > 1:
            self._moving[request.resource] = (thing, end, looks - 1)
            return
        del self._moving[request.resource]
        _settle(thing, end)

    def _move(self, name: str, thing: Any, end: str) -> None:
        self._moving[name] = (thing, end, LOOKS)

    # What is asked before moto is.

    def _stop(self, request: Request) -> tuple[str, str] | None:
        machine = _machine(request)
        if machine is None:
            return None
        if machine.state in ("terminated", "pending"):
            return _wrong_state(machine, "stopped")
        if self.spot.get(machine.id) == "one-time":
            return "UnsupportedOperation", f"You can't stop the Spot Instance '{machine.id}': its request is one-time."
        if machine.root_device_type == "instance-store":
            says = f"The instance '{machine.id}' does not have an 'ebs' root device type and cannot be stopped."
            return "UnsupportedOperation", says
        if machine.disable_api_stop:
            says = f"The instance '{machine.id}' may not be stopped. Modify its 'disableApiStop' attribute."
            return "OperationNotPermitted", says
        self.changed_nothing = machine.state in ("stopping", "stopped")
        return None

    def _start(self, request: Request) -> tuple[str, str] | None:
        machine = _machine(request)
        if machine is None:
            return None
        if machine.state in ("terminated", "stopping"):
            return _wrong_state(machine, "started")
        self.changed_nothing = machine.state in ("running", "pending")
        return None

    def _modify(self, request: Request) -> tuple[str, str] | None:
        machine, wanted = _machine(request), request.parameters.get("InstanceType.Value")
        if machine is None or wanted is None:
            return None
        if machine.state != "stopped":
            return "IncorrectInstanceState", f"The instance '{machine.id}' is not in the 'stopped' state."
        if machine.id in self.spot:
            return "UnsupportedOperation", "You can't change the instance type of a Spot Instance."
        if wanted not in INSTANCE_TYPES:
            return "InvalidParameterValue", f"Invalid value '{wanted}' for InstanceType."
        if machine.architecture not in INSTANCE_TYPES[wanted]["ProcessorInfo"]["SupportedArchitectures"]:
            says = (
                f"The architecture of '{wanted}' does not match the architecture '{machine.architecture}' of the AMI."
            )
            return "InvalidParameterValue", says
        self.changed_nothing = machine.instance_type == wanted
        return None

    def _change_volume(self, request: Request) -> tuple[str, str] | None:
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

    def _create_volume(self, request: Request) -> tuple[str, str] | None:
        name = request.parameters.get("SnapshotId")
        snapshot = _ec2(request).snapshots.get(name)
        if snapshot is not None and snapshot.status != "completed":
            return "IncorrectState", f"Snapshot {name} is in invalid state - pending"
        return None

    def _release(self, request: Request) -> tuple[str, str] | None:
        for address in _ec2(request).addresses:
            if address.allocation_id == request.parameters.get("AllocationId") and address.association_id:
                return "InvalidIPAddress.InUse", f"Address {address.public_ip} is in use."
        return None

    def _update_group(self, request: Request) -> tuple[str, str] | None:
        group = _group(request)
        if group is None:
            return None
        self._policies[group.name] = group.mixed_instances_policy
        sizes = {"MinSize": group.min_size, "DesiredCapacity": group.desired_capacity, "MaxSize": group.max_size}
        low, desired, high = (int(request.parameters.get(name, size)) for name, size in sizes.items())
        if not low <= desired <= high:
            says = f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}"
            return "ValidationError", says
        return None

    def _update_endpoint(self, request: Request) -> tuple[str, str] | None:
        endpoint = sagemaker_backends[request.account][request.region].endpoints.get(request.resource)
        if endpoint is not None and endpoint.endpoint_status != "InService":
            return "ValidationException", f'Cannot update in-progress endpoint "{endpoint.arn}".'
        return None

    def _register(self, request: Request) -> tuple[str, str] | None:
        if request.parameters.get("MinCapacity", 0) > request.parameters.get("MaxCapacity", 0):
            return "ValidationException", "Maximum capacity cannot be less than minimum capacity"
        return None

    def _put_lifecycle(self, request: Request) -> tuple[str, str] | None:
        text = request.body.decode()
        rules = text.split("<Rule>")[1:]
        by_filter = [("<Filter" in each) for each in rules]
        if any(by_filter) and not all(by_filter):
            return "InvalidRequest", "Filter element can only be used in Lifecycle V2."
        return None

    def _update_acl(self, request: Request) -> tuple[str, str] | None:
        rules = request.parameters.get("Rules", [])
        priorities = [each["Priority"] for each in rules]
        if len(set(priorities)) < len(priorities):
            return "WAFInvalidParameterException", "Error reason: Rules have duplicate priorities."
        return None

    # What is done after moto has answered.

    def _stopping(self, request: Request) -> None:
        machine = _machine(request)
        if self.changed_nothing or machine is None:
            return
        # A scaling group replaces a member that stops.
        is_member = any(tag["key"] == "aws:autoscaling:groupName" for tag in machine.get_tags())
        _set_state(machine, "stopping")
        self._move(machine.id, machine, "terminated" if is_member else "stopped")

    def _starting(self, request: Request) -> None:
        machine = _machine(request)
        if self.changed_nothing or machine is None:
            return
        _set_state(machine, "pending")
        self._move(machine.id, machine, "running")

    def _changing(self, request: Request) -> None:
        volume = _volume(request)
        if volume is None:
            return
        if volume.volume_type == "gp2":
            volume.iops, volume.throughput = gp2_iops(volume.size), None
        modification = volume.modifications[-1]
        modification.looks = LOOKS
        self._move(volume.id, modification, "completed")

    def _snapshotting(self, request: Request) -> None:
        snapshots = [each for each in _ec2(request).snapshots.values() if each.volume.id == request.resource]
        newest = max(snapshots, key=lambda each: each.start_time)
        newest.status = "pending"
        # It is looked for by its volume.
        self._move(f"of {request.resource}", newest, "completed")

    def _looked_for_snapshots(self, request: Request) -> None:
        for name, (thing, end, looks) in list(self._moving.items()):
            if type(thing).__name__ == "Snapshot" and thing.owner_id == request.account:
                if looks > 1:
                    self._moving[name] = (thing, end, looks - 1)
                else:
                    del self._moving[name]
                    thing.status = end

    def _group_updated(self, request: Request) -> None:
        group, asked = _group(request), request.parameters
        is_given = any(name.startswith(("MixedInstancesPolicy", "LaunchTemplate")) for name in asked)
        if group is not None and not is_given:
            # moto forgets the policy with every other change.
            group.mixed_instances_policy = self._policies[group.name]

    def _endpoint_updating(self, request: Request) -> None:
        endpoint = sagemaker_backends[request.account][request.region].endpoints[request.resource]
        endpoint.endpoint_status = "Updating"
        self._move(request.resource, endpoint, "InService")

    def _acl_updated(self, request: Request) -> None:
        if request.parameters.get("Rules") == []:
            # moto takes an empty list for none given.
            region = "global" if request.parameters.get("Scope") == "CLOUDFRONT" else request.region
            for acl in wafv2_backends[request.account][region].wacls.values():
                if acl.name == request.parameters["Name"]:
                    acl.rules = []


Check = Callable[[Rules, Request], "tuple[str, str] | None"]
_CHECKS: dict[str, Check] = {
    "ec2:StopInstances": Rules._stop,
    "ec2:StartInstances": Rules._start,
    "ec2:ModifyInstanceAttribute": Rules._modify,
    "ec2:ModifyVolume": Rules._change_volume,
    "ec2:CreateVolume": Rules._create_volume,
    "ec2:ReleaseAddress": Rules._release,
    "autoscaling:UpdateAutoScalingGroup": Rules._update_group,
    "sagemaker:UpdateEndpointWeightsAndCapacities": Rules._update_endpoint,
    "application-autoscaling:RegisterScalableTarget": Rules._register,
    "s3:PutLifecycleConfiguration": Rules._put_lifecycle,
    "wafv2:UpdateWebACL": Rules._update_acl,
}
_EFFECTS: dict[str, Callable[[Rules, Request], None]] = {
    "ec2:StopInstances": Rules._stopping,
    "ec2:StartInstances": Rules._starting,
    "ec2:ModifyVolume": Rules._changing,
    "ec2:CreateSnapshot": Rules._snapshotting,
    "ec2:DescribeSnapshots": Rules._looked_for_snapshots,
    "autoscaling:UpdateAutoScalingGroup": Rules._group_updated,
    "sagemaker:UpdateEndpointWeightsAndCapacities": Rules._endpoint_updating,
    "wafv2:UpdateWebACL": Rules._acl_updated,
}
_LOOKS = {
    "Instance": ("ec2:DescribeInstances",),
    "VolumeModification": ("ec2:DescribeVolumesModifications",),
    "FakeEndpoint": ("sagemaker:DescribeEndpoint",),
}


def gp2_iops(size_gib: int) -> int:
    """Return what a gp2 volume of a size gives."""
    return max(100, min(16_000, 3 * size_gib))


def _settle(thing: Any, end: str) -> None:
    kind = type(thing).__name__
    if kind == "Instance":
        _set_state(thing, end)
    elif kind == "FakeEndpoint":
        thing.endpoint_status = end
    else:
        thing.looks = 0


def _set_state(machine: Any, state: str) -> None:
    machine._state.name, machine._state.code = state, _CODES[state]


def _wrong_state(machine: Any, to_be: str) -> tuple[str, str]:
    return "IncorrectInstanceState", f"This instance '{machine.id}' is not in a state from which it can be {to_be}."


def _is_recent(modification: Any) -> bool:
    from moto.core.utils import utcnow

    return bool(utcnow() - modification.start_time < timedelta(hours=_REST_HOURS))


def _ec2(request: Request) -> Any:
    return ec2_backends[request.account][request.region]


def _machine(request: Request) -> Any:
    return _ec2(request).get_instance_by_id(request.resource)


def _volume(request: Request) -> Any:
    return _ec2(request).volumes.get(request.resource)


def _group(request: Request) -> Any:
    return autoscaling_backends[request.account][request.region].autoscaling_groups.get(request.resource)
