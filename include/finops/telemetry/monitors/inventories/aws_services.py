"""Load balancers, scaling groups, and SageMaker's notebooks and endpoints, each named by its ARN."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories import aws_metrics, use
from finops.telemetry.monitors.inventories.aws_metrics import Metric, metric
from finops.telemetry.monitors.inventories.aws_region import AwsRegion, listed, tags_of
from finops.telemetry.monitors.inventories.parts import Row, word
from finops.telemetry.monitors.inventories.use import Days

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

_INSTANCES, _CONCURRENCY = (
    f"sagemaker:variant:{each}" for each in ("DesiredInstanceCount", "DesiredProvisionedConcurrency")
)
"""What Application Auto Scaling may scale of a variant."""

_TAGS_AT_ONCE = 20
"""Load balancers whose tags one call tells."""

_REQUESTS = {
    # Redirects and fixed answers choose no target, and are not among the requests.
    "application": ("AWS/ApplicationELB", "RequestCount", "HTTP_Redirect_Count", "HTTP_Fixed_Response_Count"),
    "network": ("AWS/NetworkELB", "NewFlowCount"),
    "gateway": ("AWS/GatewayELB", "NewFlowCount"),
}
"""What counts the requests of a kind of load balancer: the namespace, and its metrics."""


def groups(region: AwsRegion) -> Iterator[Row]:
    """Yield Auto Scaling groups, by ARN: a name is unique in its region alone. No bill has them, but their machines."""
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


def load_balancers(region: AwsRegion) -> Iterator[Row | Gap]:
    """Yield application, network and gateway load balancers, with how many targets and requests they have."""
    client = region.client("elbv2")
    behind: dict[str, list[str]] = defaultdict(list)
    for group in listed(client, "describe_target_groups", ("TargetGroups",)):
        for arn in group.get("LoadBalancerArns") or ():
            behind[arn].append(group["TargetGroupArn"])
    every = list(listed(client, "describe_load_balancers", ("LoadBalancers",)))
    metrics = [each for balancer in every for each in _request_metrics(balancer)]
    counted = aws_metrics.by_day(region, "requests of load balancers", metrics, use.REQUEST_DAYS)
    if isinstance(counted, Gap):
        yield counted
        counted = {}
    for first in range(0, len(every), _TAGS_AT_ONCE):
        some = every[first : first + _TAGS_AT_ONCE]
        told = client.describe_tags(ResourceArns=[each["LoadBalancerArn"] for each in some])["TagDescriptions"]
        tags = {each["ResourceArn"]: tags_of(each.get("Tags")) for each in told}
        for each in some:
            arn = each["LoadBalancerArn"]
            yield _balancer(region, client, each, behind.get(arn, []), counted) | {"tags": tags.get(arn, {})}


def _balancer(
    region: AwsRegion, client: Any, found: Mapping[str, Any], groups: list[str], counted: Mapping[Metric, Days]
) -> Row:
    states = [
        target.get("TargetHealth", {}).get("State")
        for group in groups
        for target in client.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    ]
    requests = [counted.get(each) for each in _request_metrics(found)]
    return region.columns() | {
        "resource_id": found["LoadBalancerArn"],
        "state": word(found.get("State", {}).get("Code")),
        "created_at": found.get("CreatedTime"),
        "details": {
            "kind": found.get("Type"),
            "targets": len(states),
            "healthy_targets": sum(state == "healthy" for state in states),
            "requests_per_day": use.a_day(requests, found.get("CreatedTime")) if requests else None,
        },
    }


def _request_metrics(balancer: Mapping[str, Any]) -> list[Metric]:
    namespace, *names = _REQUESTS.get(balancer.get("Type", ""), ("",))
    # CloudWatch names it by the end of its ARN: app/NAME/ID.
    name = balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]
    return [metric(namespace, each, LoadBalancer=name) for each in names]


def notebooks(region: AwsRegion) -> Iterator[Row]:
    """Yield notebook instances. When one that is on was used last AWS does not tell: one that is off, until then."""
    client = region.client("sagemaker")
    for each in listed(client, "list_notebook_instances", ("NotebookInstances",)):
        state = word(each.get("NotebookInstanceStatus"))
        yield region.columns() | {
            "resource_id": each["NotebookInstanceArn"],
            "instance_type": each.get("InstanceType"),
            "state": "running" if state == "in_service" else state,
            "created_at": each.get("CreationTime"),
            "last_used_at": each.get("LastModifiedTime") if state == "stopped" else None,
            "tags": _tags(client, each["NotebookInstanceArn"]),
        }


def endpoints(region: AwsRegion) -> Iterator[Row | Gap]:
    """Yield endpoints, with how many instances serve, between which numbers scaling keeps them, and their last use."""
    client = region.client("sagemaker")
    scaling = region.client("application-autoscaling")
    targets = listed(scaling, "describe_scalable_targets", ("ScalableTargets",), ServiceNamespace="sagemaker")
    bounds = {
        (each["ResourceId"], each["ScalableDimension"]): (each["MinCapacity"], each["MaxCapacity"]) for each in targets
    }
    every = []
    for each in listed(client, "list_endpoints", ("Endpoints",)):
        found = client.describe_endpoint(EndpointName=each["EndpointName"])
        wanted = client.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        every.append((found, wanted.get("ProductionVariants") or []))
    metrics = [each for found, variants in every for each in _calls(found, variants)]
    counted = aws_metrics.by_day(region, "last use of endpoints", metrics, use.USE_DAYS)
    if isinstance(counted, Gap):
        yield counted
        counted = {}
    for found, variants in every:
        yield region.columns() | {
            "resource_id": found["EndpointArn"],
            "instance_type": next((one.get("InstanceType") for one in variants), None),
            "state": word(found.get("EndpointStatus")),
            "created_at": found.get("CreationTime"),
            "last_used_at": _last_call(found, variants, counted),
            "tags": _tags(client, found["EndpointArn"]),
            "details": _served(found, bounds),
        }


def _calls(endpoint: Mapping[str, Any], variants: list[dict[str, Any]]) -> list[Metric]:
    """Return what counts the calls of an endpoint; nothing where a variant has no model, but components of inference.

    Calls of components are counted component by component.
    """
    if not all(each.get("ModelName") for each in variants):
        return []
    name = endpoint["EndpointName"]
    return [
        metric("AWS/SageMaker", "Invocations", EndpointName=name, VariantName=each["VariantName"]) for each in variants
    ]


def _last_call(
    endpoint: Mapping[str, Any], variants: list[dict[str, Any]], counted: Mapping[Metric, Days]
) -> datetime | None:
    """Return when an endpoint was called last; an update may have named its variants anew, and counts as a use."""
    calls = [counted.get(each) for each in _calls(endpoint, variants)]
    changed = endpoint.get("LastModifiedTime") or endpoint.get("CreationTime")
    return use.last_use(calls, changed) if calls else None


def _served(endpoint: Mapping[str, Any], bounds: Mapping[tuple[str, str], tuple[int, int]]) -> dict[str, Any]:
    """Return what is known of an endpoint's variant. Several are scaled each by itself, and no number is of all.

    ``concurrency`` is what is provisioned, and paid; ``max_concurrency`` is a limit, which costs nothing.
    """
    variants: list[dict[str, Any]] = endpoint.get("ProductionVariants") or []
    if len(variants) != 1:
        return {"variants": len(variants)}
    variant = variants[0]
    name = variant["VariantName"]
    scaled = f"endpoint/{endpoint['EndpointName']}/variant/{name}"
    least, most = bounds.get((scaled, _INSTANCES), (None, None))
    found = {
        "variant": name,
        "instances": variant.get("CurrentInstanceCount"),
        "desired": variant.get("DesiredInstanceCount"),
        "minimum": least,
        "maximum": most,
    }
    if serverless := variant.get("CurrentServerlessConfig"):
        found["concurrency"] = serverless.get("ProvisionedConcurrency", 0)
        found["max_concurrency"] = serverless.get("MaxConcurrency")
        found["minimum_concurrency"], _ = bounds.get((scaled, _CONCURRENCY), (None, None))
    return found


def _tags(client: Any, arn: str) -> dict[str, str]:
    return tags_of(list(listed(client, "list_tags", ("Tags",), ResourceArn=arn)))
