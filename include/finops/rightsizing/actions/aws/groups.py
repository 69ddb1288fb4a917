"""The live state of a scaling group."""

from __future__ import annotations

from finops.rightsizing.actions.aws.base import tags_of
from finops.rightsizing.actions.aws.calls import AwsAccount, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change

READS = ("autoscaling:DescribeAutoScalingGroups",)


def observe_group(account: AwsAccount, change: Change) -> Live:
    """Return a group as it is. Its state is empty, or ``Delete in progress``."""
    name = short(change.target.resource_id)
    found = read(account, change, "autoscaling:DescribeAutoScalingGroups", AutoScalingGroupNames=[name])
    if not found["AutoScalingGroups"]:
        return Live(exists=False)
    group = found["AutoScalingGroups"][0]
    facts = {
        "minimum": group["MinSize"],
        "maximum": group["MaxSize"],
        "desired": group["DesiredCapacity"],
        "machines": len(group.get("Instances", [])),
        # AWS tells one of the two.
        "launch_template": None if group.get("MixedInstancesPolicy") else group.get("LaunchTemplate"),
        "mixed_instances": group.get("MixedInstancesPolicy"),
        "launch_configuration": group.get("LaunchConfigurationName", ""),
        "weighs": any("WeightedCapacity" in each for each in _overrides(group.get("MixedInstancesPolicy"))),
    }
    return Live(exists=True, state=group.get("Status", ""), tags=tags_of(group.get("Tags")), facts=facts)


def _overrides(policy: dict[str, dict[str, list[dict[str, str]]]] | None) -> list[dict[str, str]]:
    return (policy or {}).get("LaunchTemplate", {}).get("Overrides", [])
