"""How endpoints scale, as code: bounds, and schedules by the hour of the week."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from finops.rightsizing import week
from finops.rightsizing.code import block, label, last, quoted, slug, to_yaml

Row = Mapping[str, Any]


def bounds(row: Row, parameters: Mapping[str, Any]) -> str:
    """Return the bounds of an endpoint of SageMaker as Terraform."""
    return _target(row, parameters["variant"], parameters["minimum"], parameters["maximum"])


def schedule(row: Row, parameters: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """Return the bounds of an endpoint of SageMaker by the hour as Terraform, with when to scale between them."""
    changes, own = parameters["changes"], label(row)
    fewest, most = min(each["minimum"] for each in changes), max(each["maximum"] for each in changes)
    # The schedule moves the bounds: Terraform must not move them back.
    stays = "lifecycle { ignore_changes = [min_capacity, max_capacity] }"
    found = [_target(row, parameters["variant"], fewest, most, stays)]
    of_target = [
        f"{key} = aws_appautoscaling_target.{own}.{key}"
        for key in ("service_namespace", "resource_id", "scalable_dimension")
    ]
    for number, each in enumerate(changes, 1):
        hour, minute = each["at"].split(":")
        days = ",".join(day[:3].upper() for day in each["days"])
        lines = [
            f"name = {quoted(f'{own}-{number}')}",
            *of_target,
            f'schedule = "cron({int(minute)} {int(hour)} ? * {days} *)"',
            'timezone = "UTC"',
            "scalable_target_action {",
            f"  min_capacity = {each['minimum']}",
            f"  max_capacity = {each['maximum']}",
            "}",
        ]
        found.append(block(f'resource "aws_appautoscaling_scheduled_action" "{own}_{number}"', lines))
    policy = [
        f"name = {quoted(own)}",
        'policy_type = "TargetTrackingScaling"',
        *of_target,
        "target_tracking_scaling_policy_configuration {",
        "  # Requests a minute of one instance at the target use.",
        f"  target_value = {facts['requests_per_instance_hour'] / 60:.3f}",
        "  predefined_metric_specification {",
        '    predefined_metric_type = "SageMakerVariantInvocationsPerInstance"',
        "  }",
        "}",
    ]
    return "\n".join([*found, block(f'resource "aws_appautoscaling_policy" "{own}"', policy)])


def _target(row: Row, variant: str, minimum: int, maximum: int, *more: str) -> str:
    scaled = f"endpoint/{last(row['resource_id'])}/variant/{variant}"
    lines = [
        f"min_capacity = {minimum}",
        f"max_capacity = {maximum}",
        f"resource_id = {quoted(scaled)}",
        'scalable_dimension = "sagemaker:variant:DesiredInstanceCount"',
        'service_namespace = "sagemaker"',
        *more,
    ]
    return block(f'resource "aws_appautoscaling_target" "{label(row)}"', lines)


def hpa(row: Row, facts: Mapping[str, Any]) -> str:
    """Return a HorizontalPodAutoscaler, which knows no hours: it scales between the fewest and the most of the week."""
    own, hours = slug(last(row["resource_id"])), week.hours_of(facts["changes"])
    use = {"type": "Utilization", "averageUtilization": round(facts["scale_out_at"])}
    return to_yaml(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": own},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": own},
                "minReplicas": min(each.minimum for each in hours),
                "maxReplicas": max(each.maximum for each in hours),
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": use}}],
            },
        }
    )


def keda(row: Row, facts: Mapping[str, Any]) -> str:
    """Return a scaler with a cron trigger for each span of hours that needs more than the fewest, and one for use."""
    own, hours = slug(last(row["resource_id"])), week.hours_of(facts["changes"])
    fewest = min(each.minimum for each in hours)
    triggers: list[dict[str, Any]] = [
        {"type": "cpu", "metricType": "Utilization", "metadata": {"value": f"{facts['scale_out_at']:g}"}}
    ]
    for (begin, end, needed), days in _spans(hours).items():
        ends = [day + end // 24 for day in days]
        metadata = {"timezone": "UTC", "start": _cron(begin, days), "end": _cron(end % 24, ends)}
        if needed > fewest:
            triggers.append({"type": "cron", "metadata": {**metadata, "desiredReplicas": str(needed)}})
    return to_yaml(
        {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": {"name": own},
            "spec": {
                "scaleTargetRef": {"name": own},
                "minReplicaCount": fewest,
                "maxReplicaCount": max(each.maximum for each in hours),
                "triggers": triggers,
            },
        }
    )


def _spans(hours: list[week.Bounds]) -> dict[tuple[int, int, int], list[int]]:
    """Return the days, Monday is 0, of each span of hours of a day with the same least: begin, end, least."""
    found: dict[tuple[int, int, int], list[int]] = {}
    for day in range(len(week.DAYS)):
        of_day = range(day * 24, day * 24 + 24)
        for needed, span in groupby(of_day, lambda hour: hours[hour].minimum):
            places = [hour - day * 24 for hour in span]
            found.setdefault((places[0], places[-1] + 1, needed), []).append(day)
    return found


def _cron(hour: int, days: list[int]) -> str:
    """Return an hour of days of the week as cron has it: Sunday is 0."""
    return f"0 {hour} * * {','.join(str((day + 1) % 7) for day in days)}"
