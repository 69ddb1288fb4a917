"""Azure Monitor: the platform's metrics of the virtual machines of a subscription, machine by machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from finops.core.errors import BadInput, Unavailable
from finops.core.text import shown
from finops.policy.telemetry import AzureMonitorMetrics
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.azure import Arm, login
from finops.telemetry.monitors.measures import RESOURCE_COLUMNS, bounded

MOST_MACHINES = 50_000
"""Of one subscription."""

_MACHINES = "/providers/Microsoft.Compute/virtualMachines?api-version=2024-07-01"
_METRICS_VERSION = "2023-10-01"
_PERIOD = 300
_AT_ONCE = 50
"""Machines whose rows are written together."""

_NAMES: dict[str, tuple[str, ...]] = {
    "cpu_utilization": ("Percentage CPU",),
    "memory_utilization": ("Available Memory Percentage",),
    "network_bytes_per_second": ("Network In Total", "Network Out Total"),
    "disk_bytes_per_second": ("Disk Read Bytes", "Disk Write Bytes"),
}
"""What each metric is made of. The platform sees no GPU from outside."""

Figures = tuple[float, float | None]
"""Average and maximum."""


class AzureMonitor:
    """The subscriptions of one source; ``credential`` is one of azure-identity's, None leaves it to its own chain."""

    def __init__(self, source: AzureMonitorMetrics, credential: Any = None) -> None:
        self._source = source
        self._credential = credential
        self._machines: dict[str, list[str]] = {}

    def __enter__(self) -> AzureMonitor:
        self._api = Arm(self._source, login(self._source, self._credential))
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def ask(self, day: date, until: datetime) -> Iterator[Rows]:
        """Yield what machines did on a day, up to ``until``, by five minutes."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        wanted = {metric: names for metric, names in _NAMES.items() if metric not in self._source.metrics}
        if not wanted:
            return
        rows: dict[str, list[Any]] = {name: [] for name in RESOURCE_COLUMNS}
        for number, machine in enumerate(self._all_machines()):
            if number and number % _AT_ONCE == 0:
                yield rows
                rows = {name: [] for name in RESOURCE_COLUMNS}
            if (resource_id := self._source.columns.resource_id.text(machine)) is not None:
                _enter(rows, resource_id, wanted, self._values(machine, wanted, start, until))
        yield rows

    def _all_machines(self) -> Iterator[str]:
        for subscription in self._source.subscriptions:
            if subscription not in self._machines:
                self._machines[subscription] = list(self._list(f"/subscriptions/{subscription}{_MACHINES}"))
            yield from self._machines[subscription]

    def _list(self, path: str) -> Iterator[str]:
        number = 0
        for page in self._api.pages(path, {}, "machines"):
            for each in page:
                number += 1
                if number > MOST_MACHINES:
                    raise BadInput(f"{self._api.name} has more than {MOST_MACHINES:,} machines in a subscription")
                yield str(each["id"])

    def _values(
        self, machine: str, wanted: Mapping[str, tuple[str, ...]], start: datetime, until: datetime
    ) -> dict[str, dict[datetime, Mapping[str, float]]]:
        """Return the values of a machine by metric of Azure's and time; none of a machine that is gone."""
        query = {
            "api-version": _METRICS_VERSION,
            "metricnames": ",".join(name for names in wanted.values() for name in names),
            "timespan": f"{start:%Y-%m-%dT%H:%M:%SZ}/{until:%Y-%m-%dT%H:%M:%SZ}",
            "interval": "PT5M",
            "aggregation": "Average,Maximum,Minimum,Total",
        }
        answer = self._api.get(f"{machine}/providers/Microsoft.Insights/metrics", query)
        if answer.status == 404:
            return {}
        found: dict[str, dict[datetime, Mapping[str, float]]] = {}
        try:
            for each in self._api.content(answer, "metrics")["value"]:
                if each.get("errorCode", "Success") != "Success":
                    says = shown(str(each["errorCode"]))
                    raise Unavailable(f"{self._api.name} answers in part only ({says}); the next run asks again")
                points = (point for series in each["timeseries"] for point in series["data"])
                found[each["name"]["value"]] = {datetime.fromisoformat(point["timeStamp"]): point for point in points}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BadInput(f"{self._api.name} answers as no Azure Monitor does; correct url") from None
        return found


def _enter(
    rows: dict[str, list[Any]],
    resource_id: str,
    wanted: Mapping[str, tuple[str, ...]],
    values: Mapping[str, Mapping[datetime, Mapping[str, float]]],
) -> None:
    for metric, names in wanted.items():
        found = [values.get(name, {}) for name in names]
        for moment in sorted({moment for each in found for moment in each}):
            figures = _figures(metric, [each[moment] for each in found if moment in each])
            if figures is None:
                continue
            average, maximum = (None if each is None else round(bounded(each, metric), 6) for each in figures)
            row = ("azure", resource_id, metric, moment, _PERIOD // 60, average, maximum, None)
            for name, value in zip(RESOURCE_COLUMNS, row, strict=True):
                rows[name].append(value)


def _figures(metric: str, points: list[Mapping[str, float]]) -> Figures | None:
    """Return average and maximum of five minutes; None where nothing was measured, a point then has its time alone."""
    if metric == "cpu_utilization":
        found = [each for each in points if "average" in each]
        return (found[0]["average"], found[0].get("maximum")) if found else None
    if metric == "memory_utilization":
        # What is not available is used; where the least was available, the most was used.
        found = [each for each in points if "average" in each]
        if not found:
            return None
        least = found[0].get("minimum")
        return 100 - found[0]["average"], None if least is None else 100 - least
    totals = [each["total"] for each in points if "total" in each]
    return (sum(totals) / _PERIOD, None) if totals else None
