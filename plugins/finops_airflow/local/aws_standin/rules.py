"""Which rules hold for which call, before moto answers and after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.ec2.models import ec2_backends

from finops_airflow.local.aws_standin import ec2_rules, other_rules, snapshot_rules
from finops_airflow.local.aws_standin.request import Answer, Request, refusal
from finops_airflow.local.aws_standin.state import Reason, State

_CHECKS: dict[str, Callable[[State, Request], Reason | None]] = {
    "ec2:StopInstances": ec2_rules.stop,
    "ec2:StartInstances": ec2_rules.start,
    "ec2:ModifyInstanceAttribute": ec2_rules.modify,
    "ec2:ModifyVolume": ec2_rules.change_volume,
    "ec2:CreateVolume": ec2_rules.create_volume,
    "ec2:ModifySnapshotTier": snapshot_rules.archive,
    "ec2:RestoreSnapshotTier": snapshot_rules.restore,
    "ec2:ReleaseAddress": ec2_rules.release,
    "autoscaling:UpdateAutoScalingGroup": other_rules.update_group,
    "sagemaker:UpdateEndpointWeightsAndCapacities": other_rules.update_endpoint,
    "application-autoscaling:RegisterScalableTarget": other_rules.register,
    "application-autoscaling:PutScheduledAction": other_rules.schedule,
    "application-autoscaling:DeleteScheduledAction": other_rules.unschedule,
    "s3:PutLifecycleConfiguration": other_rules.put_lifecycle,
    "wafv2:UpdateWebACL": other_rules.update_acl,
    "organizations:AttachPolicy": other_rules.attach_policy,
    "organizations:CreatePolicy": other_rules.write_policy,
    "organizations:UpdatePolicy": other_rules.write_policy,
}
_EFFECTS: dict[str, Callable[[State, Request], None]] = {
    "ec2:StopInstances": ec2_rules.stopping,
    "ec2:StartInstances": ec2_rules.starting,
    "ec2:ModifyVolume": ec2_rules.changing,
    "ec2:CreateSnapshot": ec2_rules.snapshotting,
    "ec2:DescribeSnapshots": ec2_rules.looked_for_snapshots,
    "ec2:ModifySnapshotTier": snapshot_rules.archiving,
    "ec2:DescribeSnapshotTierStatus": snapshot_rules.looked_at_tiers,
    "autoscaling:UpdateAutoScalingGroup": other_rules.group_updated,
    "sagemaker:UpdateEndpointWeightsAndCapacities": other_rules.endpoint_updating,
    "application-autoscaling:DeregisterScalableTarget": other_rules.deregistered,
    "wafv2:UpdateWebACL": other_rules.acl_updated,
}
_LOOKS = {
    "Instance": "ec2:DescribeInstances",
    "VolumeModification": "ec2:DescribeVolumesModifications",
    "FakeEndpoint": "sagemaker:DescribeEndpoint",
}
"""The call that looks at what is under way."""


class Rules(State):
    """AWS's preconditions, and what is under way."""

    def refuse(self, request: Request) -> Answer | None:
        """Return AWS's refusal, or the earlier answer to the same client token; None where moto may answer."""
        self.changed_nothing = False
        token = request.parameters.get("ClientToken")
        if token and (request.permission, token) in self.answers:
            self.changed_nothing = True
            return self.answers[request.permission, token]
        self._look(request)
        check = _CHECKS.get(request.permission)
        reason = check(self, request) if check else None
        return refusal(request, *reason) if reason else None

    def after(self, request: Request, answer: Answer) -> Answer:
        """Do what moto leaves out once it has done its part; return the answer."""
        if not answer[0].startswith("2"):
            return answer
        if token := request.parameters.get("ClientToken"):
            self.answers[request.permission, token] = answer
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
        thing, end, looks = self.moving.get(request.resource, (None, "", 0))
        if request.permission != _LOOKS.get(type(thing).__name__):
            return
        if looks > 1:
            self.moving[request.resource] = (thing, end, looks - 1)
            return
        del self.moving[request.resource]
        _settle(thing, end)


def _settle(thing: Any, end: str) -> None:
    match type(thing).__name__:
        case "Instance":
            ec2_rules.set_state(thing, end)
        case "FakeEndpoint":
            thing.endpoint_status = end
        case _:
            thing.looks = 0
