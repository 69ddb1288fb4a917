"""Load balancers, scaling groups, and SageMaker's notebooks and endpoints, each named by its ARN."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from finops.telemetry.monitors.inventories.aws_region import AwsRegion, listed, tags_of
from finops.telemetry.monitors.inventories.parts import Row, word

BALANCER_READS = (
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
)
NOTEBOOK_READS = ("sagemaker:ListNotebookInstances", "sagemaker:ListTags")
ENDPOINT_READS = (
    "application-autoscaling:DescribeScalableTargets",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:ListEndpoints",
    "sagemaker:ListTags",
)

_TAGS_AT_ONCE = 20
"""Load balancers whose tags one call tells."""


def groups(region: AwsRegion) -> Iterator[Row]:
    """Yield Auto Scaling groups. They are on no bill; their machines are."""
    for each in listed(region.client("autoscaling"), "describe_auto_scaling_groups", ("AutoScalingGroups",)):
        region.groups[each["AutoScalingGroupName"]] = each["AutoScalingGroupARN"]
        machines = each.get("Instances") or ()
        yield region.columns() | {
            "resource_id": each["AutoScalingGroupARN"],
            "instance_type": next((one.get("InstanceType") for one in machines), None),
            "state": word(each.get("Status")) or "active",
            "created_at": each.get("CreatedTime"),
            "tags": tags_of(each.get("Tags")),
            "details": {
                "minimum": each["MinSize"],
                "maximum": each["MaxSize"],
                "desired": each["DesiredCapacity"],
                "machines": len(machines),
                "mixed_instances": "MixedInstancesPolicy" in each,
            },
        }


def load_balancers(region: AwsRegion) -> Iterator[Row]:
    """Yield application, network and gateway load balancers, with how many targets they have."""
    client = region.client("elbv2")
    behind: dict[str, list[str]] = defaultdict(list)
    for group in listed(client, "describe_target_groups", ("TargetGroups",)):
        for arn in group.get("LoadBalancerArns") or ():
            behind[arn].append(group["TargetGroupArn"])
    some: list[dict[str, Any]] = []
    for each in listed(client, "describe_load_balancers", ("LoadBalancers",)):
        some.append(each)
        if len(some) == _TAGS_AT_ONCE:
            yield from _balancers(region, client, some, behind)
            some = []
    if some:
        yield from _balancers(region, client, some, behind)


def _balancers(
    region: AwsRegion, client: Any, some: list[dict[str, Any]], behind: Mapping[str, list[str]]
) -> Iterator[Row]:
    told = client.describe_tags(ResourceArns=[each["LoadBalancerArn"] for each in some])["TagDescriptions"]
    tags = {each["ResourceArn"]: tags_of(each.get("Tags")) for each in told}
    for each in some:
        arn = each["LoadBalancerArn"]
        states = [
            target.get("TargetHealth", {}).get("State")
            for group in behind.get(arn, ())
            for target in client.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        ]
        yield region.columns() | {
            "resource_id": arn,
            "state": word(each.get("State", {}).get("Code")),
            "created_at": each.get("CreatedTime"),
            "tags": tags.get(arn, {}),
            "details": {
                "kind": each.get("Type"),
                "targets": len(states),
                "healthy_targets": sum(state == "healthy" for state in states),
            },
        }


def notebooks(region: AwsRegion) -> Iterator[Row]:
    """Yield notebook instances. When one was used last SageMaker does not tell."""
    client = region.client("sagemaker")
    for each in listed(client, "list_notebook_instances", ("NotebookInstances",)):
        state = word(each.get("NotebookInstanceStatus"))
        yield region.columns() | {
            "resource_id": each["NotebookInstanceArn"],
            "instance_type": each.get("InstanceType"),
            "state": "running" if state == "in_service" else state,
            "created_at": each.get("CreationTime"),
            "tags": _tags(client, each["NotebookInstanceArn"]),
        }


def endpoints(region: AwsRegion) -> Iterator[Row]:
    """Yield endpoints, with how many instances serve, and between which numbers scaling keeps them."""
    client = region.client("sagemaker")
    scaling = region.client("application-autoscaling")
    targets = listed(scaling, "describe_scalable_targets", ("ScalableTargets",), ServiceNamespace="sagemaker")
    bounds = {each["ResourceId"]: (each["MinCapacity"], each["MaxCapacity"]) for each in targets}
    for each in listed(client, "list_endpoints", ("Endpoints",)):
        found = client.describe_endpoint(EndpointName=each["EndpointName"])
        wanted = client.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        yield region.columns() | {
            "resource_id": each["EndpointArn"],
            "instance_type": next((one.get("InstanceType") for one in wanted.get("ProductionVariants") or ()), None),
            "state": word(each.get("EndpointStatus")),
            "created_at": each.get("CreationTime"),
            "tags": _tags(client, each["EndpointArn"]),
            "details": _served(found, bounds),
        }


def _served(endpoint: Mapping[str, Any], bounds: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """Return what is known of an endpoint's variant. Several are scaled each by itself, and no number is of all."""
    variants: list[dict[str, Any]] = endpoint.get("ProductionVariants") or []
    if len(variants) != 1:
        return {"variants": len(variants)}
    variant = variants[0]
    name = variant["VariantName"]
    least, most = bounds.get(f"endpoint/{endpoint['EndpointName']}/variant/{name}", (None, None))
    serverless = variant.get("CurrentServerlessConfig") or {}
    return {
        "variant": name,
        "instances": variant.get("CurrentInstanceCount"),
        "desired": variant.get("DesiredInstanceCount"),
        "minimum": least,
        "maximum": most,
        "concurrency": serverless.get("ProvisionedConcurrency") or serverless.get("MaxConcurrency"),
    }


def _tags(client: Any, arn: str) -> dict[str, str]:
    return tags_of(list(listed(client, "list_tags", ("Tags",), ResourceArn=arn)))
