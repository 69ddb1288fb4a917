"""Let a scaling group use spot machines of several types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from finops.rightsizing.actions.aws import groups
from finops.rightsizing.actions.aws.base import AwsAction, with_parameters
from finops.rightsizing.actions.aws.calls import Gone, act, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

_STRATEGY = "price-capacity-optimized"
_ALL = 100


class UseSpot(AwsAction):
    """Holds for machines that the group starts from now on; those that run are not replaced."""

    name = "use_spot"
    summary = "mix spot machines into the scaling group"
    parameters: Mapping[str, str] = {
        "on_demand_base": "machines that stay on demand",
        "on_demand_percent": "share of the others that stays on demand, 0 to 100",
        "instance_types": "types it may use, the preferred first",
        "mixed_instances": "the policy as it was, to undo",
        "launch_template": "the template as it was, to undo",
    }
    reads: tuple[str, ...] = (*groups.READS, "ec2:DescribeInstanceTypes")
    acts: tuple[str, ...] = ("autoscaling:UpdateAutoScalingGroup", "ec2:RunInstances")
    """AWS wants RunInstances of whoever gives a group a launch template."""
    resource_types: tuple[str, ...] = ("group",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the group and the processors of the types."""
        live = groups.observe_group(client, change)
        if not live.exists:
            return live
        processors = {each: _processors(client, change, each) for each in change.parameters.get("instance_types", ())}
        return Live(exists=True, state=live.state, tags=live.tags, facts={**live.facts, "processors": processors})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a group without a launch template or with weights, and types that are unknown or differ too much."""
        if _is_undoing(change):
            return ""
        if not change.parameters.get("instance_types"):
            return "its parameter instance_types is missing"
        processors = live.facts["processors"]
        unknown = [name for name, found in processors.items() if not found]
        common = set.intersection(*map(set, processors.values()))
        percent, base = int(change.parameters.get("on_demand_percent", 0)), change.parameters.get("on_demand_base", 0)
        checks = (
            (live.state, f"its state is {live.state!r}"),
            (live.facts["launch_configuration"], "it has a launch configuration, which cannot mix: give it a template"),
            (live.facts["weighs"], "it weighs its types by hand; the mixture is for a person to set"),
            (unknown, f"the type {next(iter(unknown), '')} is unknown in {change.target.region}"),
            (not common, "its types have different processors, and one image cannot run on all"),
            (not 0 <= percent <= _ALL or int(base) < 0, "on_demand_percent is not 0 to 100, or on_demand_base below 0"),
        )
        return next((reason for is_so, reason in checks if is_so), "")

    def next_step(self, live: Live, change: Change) -> str | None:
        """Update the group unless it is as wanted."""
        return None if _is_there(live, change) else "update"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Give it the policy, or the template back."""
        if not live.exists:
            raise Rejected(f"the group {change.target.resource_id} is gone since the action began")
        name = short(change.target.resource_id)
        act(client, change, "autoscaling:UpdateAutoScalingGroup", AutoScalingGroupName=name, **_wanted(live, change))

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Give it back its policy, or its template."""
        policy = before.facts["mixed_instances"]
        template = None if policy else _named_once(before.facts["launch_template"] or {})
        return with_parameters(change, self.name, mixed_instances=policy, launch_template=template)


def _is_undoing(change: Change) -> bool:
    return "mixed_instances" in change.parameters or "launch_template" in change.parameters


def _wanted(live: Live, change: Change) -> dict[str, Any]:
    asked = change.parameters
    if "mixed_instances" in asked:
        return {"MixedInstancesPolicy": _of_template(asked["mixed_instances"])}
    if "launch_template" in asked:
        return {"LaunchTemplate": asked["launch_template"]}
    template = (
        live.facts["launch_template"] or live.facts["mixed_instances"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    )
    return {
        "MixedInstancesPolicy": {
            "LaunchTemplate": {
                "LaunchTemplateSpecification": _named_once(template),
                "Overrides": [{"InstanceType": each} for each in asked["instance_types"]],
            },
            "InstancesDistribution": {
                "OnDemandBaseCapacity": int(asked.get("on_demand_base", 0)),
                "OnDemandPercentageAboveBaseCapacity": int(asked.get("on_demand_percent", 0)),
                "SpotAllocationStrategy": _STRATEGY,
            },
        }
    }


def _is_there(live: Live, change: Change) -> bool:
    if "launch_template" in change.parameters:
        there = _named_once(live.facts.get("launch_template") or {})
        return there == _named_once(change.parameters["launch_template"])
    policy = live.facts.get("mixed_instances")
    if not live.exists or not policy:
        return False
    wanted = _wanted(live, change)["MixedInstancesPolicy"]
    there = policy.get("InstancesDistribution", {})
    distribution = wanted.get("InstancesDistribution", {})
    return _types(policy) == _types(wanted) and all(there.get(name) == value for name, value in distribution.items())


def _types(policy: Mapping[str, Any]) -> list[str]:
    return [each.get("InstanceType", "") for each in policy["LaunchTemplate"].get("Overrides", [])]


def _of_template(policy: Mapping[str, Any]) -> dict[str, Any]:
    template = policy["LaunchTemplate"]
    named = _named_once(template["LaunchTemplateSpecification"])
    return {**policy, "LaunchTemplate": {**template, "LaunchTemplateSpecification": named}}


def _named_once(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template by id alone: AWS tells id and name, and takes only one of them."""
    is_named_twice = "LaunchTemplateId" in template
    return {key: value for key, value in template.items() if not (is_named_twice and key == "LaunchTemplateName")}


def _processors(client: Any, change: Change, name: str) -> list[str]:
    try:
        found = read(client, change, "ec2:DescribeInstanceTypes", InstanceTypes=[name])["InstanceTypes"]
    except (Gone, Rejected):
        return []
    return list(found[0]["ProcessorInfo"]["SupportedArchitectures"]) if found else []
