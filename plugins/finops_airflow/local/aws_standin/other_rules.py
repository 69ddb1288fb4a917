"""What other services than EC2 refuse and moto does not, and what takes a while there and no time in moto."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.autoscaling.models import autoscaling_backends
from moto.organizations.models import organizations_backends
from moto.sagemaker.models import sagemaker_backends
from moto.wafv2.models import wafv2_backends

from finops_airflow.local.aws_standin.request import Request
from finops_airflow.local.aws_standin.state import Reason, State

_CRON = re.compile(r"cron\(\d+ \d+ \? \* (\*|[A-Z]{3}(,[A-Z]{3})*) \*\)")
_SCP, _MOST_SCPS, _LONGEST_SCP = "SERVICE_CONTROL_POLICY", 5, 5120


def update_group(rules: State, request: Request) -> Reason | None:
    """Refuse sizes that contradict each other, and keep the group's policy in mind."""
    group = _group(request)
    if group is None:
        return None
    rules.policies[group.name] = group.mixed_instances_policy
    sizes = {"MinSize": group.min_size, "DesiredCapacity": group.desired_capacity, "MaxSize": group.max_size}
    low, desired, high = (int(request.parameters.get(name, size)) for name, size in sizes.items())
    if not low <= desired <= high:
        says = f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}"
        return "ValidationError", says
    return None


def update_endpoint(rules: State, request: Request) -> Reason | None:
    """Refuse to change what is being changed, machines of what has none, and concurrency beyond its most."""
    endpoint = sagemaker_backends[request.account][request.region].endpoints.get(request.resource)
    if endpoint is None:
        return None
    if endpoint.endpoint_status != "InService":
        return "ValidationException", f'Cannot update in-progress endpoint "{endpoint.arn}".'
    there = {each["VariantName"]: each.get("CurrentServerlessConfig") for each in endpoint.production_variants}
    for asked in request.parameters["DesiredWeightsAndCapacities"]:
        has, wanted = there.get(asked["VariantName"]), asked.get("ServerlessUpdateConfig")
        if has and asked.get("DesiredInstanceCount") is not None:
            return "ValidationException", "DesiredInstanceCount is not supported for a serverless variant."
        if wanted and not has:
            return "ValidationException", "ServerlessUpdateConfig is supported for serverless variants only."
        both = {**(has or {}), **(wanted or {})}
        if wanted and not 1 <= both.get("ProvisionedConcurrency", 1) <= both["MaxConcurrency"]:
            return "ValidationException", "ProvisionedConcurrency must be 1 or more, and at most MaxConcurrency."
    return None


def register(rules: State, request: Request) -> Reason | None:
    """Refuse bounds that contradict each other."""
    if request.parameters.get("MinCapacity", 0) > request.parameters.get("MaxCapacity", 0):
        return "ValidationException", "Maximum capacity cannot be less than minimum capacity"
    return None


def schedule(rules: State, request: Request) -> Reason | None:
    """Refuse to schedule what nothing scales, bounds that contradict, and a time that is none."""
    asked = request.parameters
    bounds = asked.get("ScalableTargetAction", {})
    if asked["ResourceId"] not in _scaling(request).targets.get(asked["ScalableDimension"], {}):
        return "ObjectNotFoundException", f"No scalable target is registered for {asked['ResourceId']}"
    if bounds.get("MinCapacity", 0) > bounds.get("MaxCapacity", bounds.get("MinCapacity", 0)):
        return "ValidationException", "Maximum capacity cannot be less than minimum capacity"
    if not _CRON.fullmatch(asked["Schedule"]):
        return "ValidationException", f"Schedule {asked['Schedule']} is not valid"
    return None


def unschedule(rules: State, request: Request) -> Reason | None:
    """Refuse to delete a scheduled action that is not there."""
    asked = request.parameters
    if not any(_is_of(each, asked) for each in _scaling(request).scheduled_actions):
        return "ObjectNotFoundException", f"No scheduled action {asked['ScheduledActionName']} was found"
    return None


def deregistered(rules: State, request: Request) -> None:
    """Delete the schedule of what is not scaled any more."""
    backend, asked = _scaling(request), request.parameters
    is_of = [each.resource_id == asked["ResourceId"] for each in backend.scheduled_actions]
    backend.scheduled_actions = [a for a, so in zip(backend.scheduled_actions, is_of, strict=True) if not so]


def put_lifecycle(rules: State, request: Request) -> Reason | None:
    """Refuse a mixture of the old form of rules with the new."""
    put = request.body.decode().split("<Rule>")[1:]
    by_filter = ["<Filter" in each for each in put]
    if any(by_filter) and not all(by_filter):
        return "InvalidRequest", "Filter element can only be used in Lifecycle V2."
    return None


def update_acl(rules: State, request: Request) -> Reason | None:
    """Refuse two rules of one priority."""
    priorities = [each["Priority"] for each in request.parameters.get("Rules", [])]
    if len(set(priorities)) < len(priorities):
        return "WAFInvalidParameterException", "Error reason: Rules have duplicate priorities."
    return None


def group_updated(rules: State, request: Request) -> None:
    """Give back the policy that moto forgets with every other change."""
    group, asked = _group(request), request.parameters
    is_given = any(name.startswith(("MixedInstancesPolicy", "LaunchTemplate")) for name in asked)
    if group is not None and not is_given:
        group.mixed_instances_policy = rules.policies[group.name]


def endpoint_updating(rules: State, request: Request) -> None:
    """Let an endpoint change for a while, and its concurrency too, which moto leaves as it is."""
    endpoint = sagemaker_backends[request.account][request.region].endpoints[request.resource]
    for asked in request.parameters["DesiredWeightsAndCapacities"]:
        variant = next(each for each in endpoint.production_variants if each["VariantName"] == asked["VariantName"])
        if wanted := asked.get("ServerlessUpdateConfig"):
            made = {**variant["CurrentServerlessConfig"], **wanted}
            variant |= {"CurrentServerlessConfig": made, "DesiredServerlessConfig": made}
    endpoint.endpoint_status = "Updating"
    # It is asked for by its ARN, which has small letters.
    rules.move(request.resource.lower(), endpoint, "InService")


def acl_updated(rules: State, request: Request) -> None:
    """Take the last rule away: moto takes an empty list for none given."""
    if request.parameters.get("Rules") == []:
        region = "global" if request.parameters.get("Scope") == "CLOUDFRONT" else request.region
        for acl in wafv2_backends[request.account][region].wacls.values():
            if acl.name == request.parameters["Name"]:
                acl.rules = []


def attach_policy(_rules: State, request: Request) -> Reason | None:
    """Refuse what is attached already, more policies than an account may have, and where the kind is not enabled."""
    backend, asked = organizations_backends[request.account]["aws"], request.parameters
    account = next((each for each in backend.accounts if each.id == asked["TargetId"]), None)
    if account is None:
        return None
    kinds = [each["Type"] for root in backend.list_roots()["Roots"] for each in root["PolicyTypes"]]
    there = [each.id for each in account.attached_policies if each.type == _SCP]
    if _SCP not in kinds:
        return "PolicyTypeNotEnabledException", "The specified policy type isn't currently enabled in this root."
    if asked["PolicyId"] in there:
        return "DuplicatePolicyAttachmentException", "The selected policy is already attached to the specified target."
    if len(there) >= _MOST_SCPS:
        return "ConstraintViolationException", "You have attached the maximum number of policies to the target."
    return None


def write_policy(_rules: State, request: Request) -> Reason | None:
    """Refuse a policy that is too long, or no JSON."""
    content = request.parameters["Content"]
    if len(content) > _LONGEST_SCP:
        return "ConstraintViolationException", "You have exceeded the maximum size of a policy."
    try:
        statements = json.loads(content)["Statement"]
    except (ValueError, KeyError):
        return "MalformedPolicyDocumentException", "The provided policy document does not meet the requirements."
    if len({each["Sid"] for each in statements}) < len(statements):
        return "MalformedPolicyDocumentException", "Statement ids must be unique."
    return None


def _group(request: Request) -> Any:
    return autoscaling_backends[request.account][request.region].autoscaling_groups.get(request.resource)


def _scaling(request: Request) -> Any:
    return applicationautoscaling_backends[request.account][request.region]


def _is_of(scheduled: Any, asked: Mapping[str, Any]) -> bool:
    names = (scheduled.scheduled_action_name, scheduled.resource_id)
    return names == (asked["ScheduledActionName"], asked["ResourceId"])
