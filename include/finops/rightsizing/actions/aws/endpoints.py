"""Endpoints of SageMaker and what scales their variants, which several actions look at and set."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.aws.base import tags_of
from finops.rightsizing.actions.aws.calls import AwsAccount, Gone, act, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.base import first_reason
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

READS = (
    "sagemaker:DescribeEndpoint",
    "sagemaker:ListTags",
    "application-autoscaling:DescribeScalableTargets",
)
ACTS = (
    "sagemaker:UpdateEndpointWeightsAndCapacities",
    "application-autoscaling:RegisterScalableTarget",
    "application-autoscaling:DeregisterScalableTarget",
)
AT_WORK = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
READY = "InService"
INSTANCES, CONCURRENCY = (
    f"sagemaker:variant:{each}" for each in ("DesiredInstanceCount", "DesiredProvisionedConcurrency")
)
"""What Application Auto Scaling may scale of a variant."""


def observe_endpoint(client: AwsAccount, change: Change) -> Live:
    """Read the endpoint, the variant and its bounds."""
    try:
        endpoint = describe(client, change)
    except Gone:
        return Live(exists=False)
    tags = read(client, change, "sagemaker:ListTags", ResourceArn=endpoint["EndpointArn"])["Tags"]
    variant = variant_of(endpoint, change)
    least, most = bounds_of(client, change, endpoint, INSTANCES)
    facts = {
        "name": endpoint["EndpointName"],
        "has_variant": variant is not None,
        "is_serverless": bool(variant and variant.get("CurrentServerlessConfig")),
        "desired": variant and variant.get("DesiredInstanceCount"),
        "minimum": least,
        "maximum": most,
    }
    return Live(exists=True, state=endpoint["EndpointStatus"], tags=tags_of(tags), facts=facts)


def why_not_scale(live: Live, change: Change) -> str:
    """Return why the variant cannot be scaled now; empty where it can."""
    variant = change.parameters["variant"]
    return first_reason(
        (live.state != READY, f"its state is {live.state}"),
        (not live.facts["has_variant"], f"it has no variant {variant!r}"),
        (live.facts["is_serverless"], f"the variant {variant!r} is serverless: it has no machines"),
    )


def variant_of(endpoint: dict[str, Any], change: Change) -> dict[str, Any] | None:
    """Return the variant that a change names; None where the endpoint has none of that name."""
    name = change.parameters.get("variant")
    return next((each for each in endpoint["ProductionVariants"] if each["VariantName"] == name), None)


def bounds_of(
    client: AwsAccount, change: Change, endpoint: dict[str, Any], dimension: str
) -> tuple[int | None, int | None]:
    """Return between which numbers a dimension of the variant is scaled; None twice where it is not."""
    what = scaled(endpoint["EndpointName"], change, dimension)
    found = read(
        client,
        change,
        "application-autoscaling:DescribeScalableTargets",
        ServiceNamespace=what["ServiceNamespace"],
        ResourceIds=[what["ResourceId"]],
        ScalableDimension=what["ScalableDimension"],
    )["ScalableTargets"]
    return (found[0]["MinCapacity"], found[0]["MaxCapacity"]) if found else (None, None)


def scaled(name: str, change: Change, dimension: str = INSTANCES) -> dict[str, str]:
    """Return what Application Auto Scaling calls the variant; ``name`` is as the endpoint was given it.

    An ARN has small letters alone, so it does not tell.
    """
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/{change.parameters.get('variant')}",
        "ScalableDimension": dimension,
    }


def register(client: AwsAccount, change: Change, name: str, minimum: int, maximum: int) -> None:
    """Set the bounds, and make what scales the variant where there is nothing."""
    bounds = {"MinCapacity": minimum, "MaxCapacity": maximum}
    act(client, change, "application-autoscaling:RegisterScalableTarget", **scaled(name, change), **bounds)


def deregister(client: AwsAccount, change: Change, name: str) -> None:
    """Take away what scales the variant, its schedule too."""
    act(client, change, "application-autoscaling:DeregisterScalableTarget", **scaled(name, change))


def set_number(client: AwsAccount, change: Change, name: str, number: int) -> None:
    """Set how many machines the variant has."""
    act(
        client,
        change,
        "sagemaker:UpdateEndpointWeightsAndCapacities",
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": change.parameters["variant"], "DesiredInstanceCount": number}],
    )


def still_there(live: Live, change: Change) -> None:
    """Raise Rejected where the endpoint has vanished."""
    if not live.exists:
        raise Rejected(f"the endpoint {change.target.resource_id} is gone since the action began")


def describe(client: AwsAccount, change: Change) -> dict[str, Any]:
    """Return the endpoint of a change. Raise Gone where there is none."""
    try:
        return read(client, change, "sagemaker:DescribeEndpoint", EndpointName=short(change.target.resource_id))
    except Rejected as error:
        # SageMaker has no code of its own for it.
        if "Could not find" in str(error):
            raise Gone(str(error)) from error
        raise
