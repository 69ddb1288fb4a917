"""What CloudWatch counted of the resources of a region, day by day, many in one question.

CloudWatch is asked beside what lists resources: where it does not answer, they land without these figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from finops.core.text import shown
from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories.aws_region import READ_FILE, AwsRegion, listed
from finops.telemetry.monitors.inventories.parts import Denied
from finops.telemetry.monitors.inventories.use import Days

METRIC_READ, METRIC_LIST = "cloudwatch:GetMetricData", "cloudwatch:ListMetrics"
_AT_ONCE = 500
"""Metrics that one call of GetMetricData takes."""
_A_DAY = timedelta(days=1)
_DENIED = ("AccessDenied", "AccessDeniedException")

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of CloudWatch with its dimensions in the order of their names."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str = "Sum"


def metric(namespace: str, name: str, statistic: str = "Sum", **dimensions: str) -> Metric:
    """Return a metric."""
    return Metric(namespace, name, tuple(sorted(dimensions.items())), statistic)


def by_day(region: AwsRegion, what: str, metrics: Sequence[Metric], days: int) -> Mapping[Metric, Days] | Gap:
    """Return what was counted on each of the last days and today; a metric that was not answered is left out.

    Return what is missing, as ``what`` of the region, where CloudWatch may not or does not tell.
    """
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def ask() -> dict[Metric, Days]:
        found: dict[Metric, Days] = {}
        for first in range(0, len(metrics), _AT_ONCE):
            found |= _some(region.client("cloudwatch"), metrics[first : first + _AT_ONCE], midnight, days)
        return found

    return _guarded(region, what, METRIC_READ, ask)


def listed_of(region: AwsRegion, what: str, namespace: str, name: str, statistic: str) -> list[Metric] | Gap:
    """Return a metric with all dimensions of which CloudWatch had a value in the last two weeks."""

    def ask() -> list[Metric]:
        client = region.client("cloudwatch")
        every = listed(client, "list_metrics", ("Metrics",), Namespace=namespace, MetricName=name)
        return [
            metric(namespace, name, statistic, **{one["Name"]: one["Value"] for one in each["Dimensions"]})
            for each in every
        ]

    return _guarded(region, what, METRIC_LIST, ask)


def _some(client: Any, metrics: Sequence[Metric], midnight: datetime, days: int) -> dict[Metric, Days]:
    names = {f"m{number}": each for number, each in enumerate(metrics)}
    queries = [_query(name, each) for name, each in names.items()]
    span = {"StartTime": midnight - days * _A_DAY, "EndTime": midnight + _A_DAY}
    counted: dict[str, dict[date, float]] = {name: {} for name in names}
    status: dict[str, str] = {}
    for each in listed(client, "get_metric_data", ("MetricDataResults",), MetricDataQueries=queries, **span):
        status[each["Id"]] = each.get("StatusCode", "Complete")
        for moment, value in zip(each["Timestamps"], each["Values"], strict=True):
            counted[each["Id"]][moment.astimezone(UTC).date()] = value
    return {names[name]: counted[name] for name, said in status.items() if said == "Complete"}


def _query(name: str, asked: Metric) -> dict[str, Any]:
    dimensions = [{"Name": key, "Value": value} for key, value in asked.dimensions]
    what = {"Namespace": asked.namespace, "MetricName": asked.name, "Dimensions": dimensions}
    stat = {"Metric": what, "Period": int(_A_DAY.total_seconds()), "Stat": asked.statistic}
    return {"Id": name, "MetricStat": stat, "ReturnData": True}


def _guarded(region: AwsRegion, what: str, permission: str, ask: Callable[[], Found]) -> Found | Gap:
    part = f"{what} in {region.name}"
    try:
        return ask()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if code in _DENIED:
            return Gap(part, str(Denied(permission, READ_FILE)))
        says = f"answered {shown(code)}"
    except BotoCoreError as error:
        says = f"does not answer ({shown(type(error).__name__)})"
    return Gap(part, f"CloudWatch in {region.name} {says}; the next run asks again", is_waiting=True)
