"""What Azure Monitor says beside the lists: what it counted, day by day, and between which numbers it scales."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.exceptions import HttpResponseError

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories.azure_subscription import AzureSubscription
from finops.telemetry.monitors.inventories.parts import Denied
from finops.telemetry.monitors.inventories.use import Days

METRIC_READ, SCALING_READ = "Microsoft.Insights/metrics/read", "Microsoft.Insights/autoscaleSettings/read"
READ_FILE = "azure/read.json"
_METRICS_VERSION, _SCALING_VERSION = "2023-10-01", "2022-10-01"
_SETTINGS = "Microsoft.Insights/autoscalesettings"
FORBIDDEN = 403
_NO_SUCH_METRIC = (400, 404)

Bounds = tuple[int, int]
"""The fewest and the most that an autoscale setting keeps, over all its profiles."""


class Counts:
    """What was counted of the resources of one listing. What may not be asked is unknown, and said once."""

    def __init__(self, subscription: AzureSubscription, what: str) -> None:
        self._subscription, self._is_closed = subscription, False
        self._part = f"{what} in {subscription.id}"
        self._gaps: list[Gap] = []

    def by_day(self, resource_id: str, name: str, aggregation: str, days: int) -> Days | None:
        """Return what was counted on each of the last days and today; None where Azure does not tell."""
        if self._is_closed:
            return None
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        since, until = midnight - timedelta(days=days), midnight + timedelta(days=1)
        query = {
            "metricnames": name,
            "timespan": f"{since:%Y-%m-%dT%H:%M:%SZ}/{until:%Y-%m-%dT%H:%M:%SZ}",
            "interval": "P1D",
            "aggregation": aggregation,
        }
        try:
            found = self._subscription.got(
                f"{resource_id}/providers/Microsoft.Insights/metrics", _METRICS_VERSION, query
            )
        except HttpResponseError as error:
            if error.status_code == FORBIDDEN:
                self._is_closed = True
                self._gaps.append(Gap(self._part, str(Denied(METRIC_READ, READ_FILE))))
            elif error.status_code not in _NO_SUCH_METRIC:
                raise
            return None
        return _days(found, aggregation.lower())

    def told(self) -> Iterator[Gap]:
        """Yield what is missing, the first time."""
        while self._gaps:
            yield self._gaps.pop()


def bounds(subscription: AzureSubscription, what: str) -> Mapping[str, Bounds] | Gap:
    """Return the bounds of what an autoscale setting decides on, by id in small letters; a gap where that is denied."""
    try:
        every = list(subscription.every(_SETTINGS, _SCALING_VERSION))
    except HttpResponseError as error:
        if error.status_code != FORBIDDEN:
            raise
        return Gap(f"bounds of {what} in {subscription.id}", str(Denied(SCALING_READ, READ_FILE)))
    return {
        str(each["properties"].get("targetResourceUri", "")).lower(): found
        for each in every
        if each["properties"].get("enabled", True) and (found := _bounds(each["properties"]))
    }


def _bounds(setting: Mapping[str, Any]) -> Bounds | None:
    sizes = [each["capacity"] for each in setting.get("profiles") or ()]
    if not sizes:
        return None
    return min(int(each["minimum"]) for each in sizes), max(int(each["maximum"]) for each in sizes)


def _days(found: Mapping[str, Any], aggregation: str) -> Days:
    points = (
        point
        for each in found.get("value") or ()
        for series in each.get("timeseries") or ()
        for point in series.get("data") or ()
        if point.get(aggregation) is not None
    )
    return {datetime.fromisoformat(point["timeStamp"]).date(): float(point[aggregation]) for point in points}
