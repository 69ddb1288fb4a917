"""Azure Resource Manager, as far as machines and their metrics go, in the form that Microsoft documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.proxy import Answer, Proxy, proxy_for

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ml/providers/Microsoft.Compute/virtualMachines"

Metric = Callable[[datetime], dict[str, float] | None]
"""What a metric is in the five minutes from a moment on: by aggregation; None where nothing was measured."""


@dataclass
class AzureMonitorServer:
    """A running stand-in. ``machines`` has the metrics of each machine by name; a page lists ``page`` machines."""

    proxy: Proxy
    machines: dict[str, dict[str, Metric]] = field(default_factory=dict)
    page: int = 100

    def answer(self, _method: str, target: str) -> Answer:
        """Answer a request as Azure does."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines":
            return self._list(query, parts.path)
        machine, _, rest = parts.path.removeprefix(GROUP + "/").partition("/")
        if rest != "providers/Microsoft.Insights/metrics" or machine not in self.machines:
            return says(404, {"error": {"code": "ResourceNotFound", "message": "gone"}})
        return self._metrics(self.machines[machine], query)

    def _list(self, query: dict[str, str], path: str) -> Answer:
        first = int(query.get("$skiptoken", 0))
        names = list(self.machines)[first : first + self.page]
        content: dict[str, Any] = {"value": [{"id": f"{GROUP}/{name}", "name": name} for name in names]}
        if first + self.page < len(self.machines):
            version = query["api-version"]
            content["nextLink"] = f"{self.proxy.url}{path}?api-version={version}&%24skiptoken={first + self.page}"
        return says(200, content)

    def _metrics(self, metrics: dict[str, Metric], query: dict[str, str]) -> Answer:
        start, end = (datetime.fromisoformat(text) for text in query["timespan"].split("/"))
        wanted = {each.lower() for each in query["aggregation"].split(",")}
        names = query["metricnames"].split(",")
        moments = [start + timedelta(minutes=5 * n) for n in range((end - start) // timedelta(minutes=5))]
        value = []
        for name in names:
            data = [
                {"timeStamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
                | {key: number for key, number in (_at(metrics, name, moment)).items() if key in wanted}
                for moment in moments
            ]
            series = [{"metadatavalues": [], "data": data}] if name in metrics else []
            value.append(
                {"name": {"value": name, "localizedValue": name}, "errorCode": "Success", "timeseries": series}
            )
        return says(200, {"cost": 0, "timespan": query["timespan"], "interval": query["interval"], "value": value})


def _at(metrics: dict[str, Metric], name: str, moment: datetime) -> dict[str, float]:
    return (metrics[name](moment) if name in metrics else None) or {}


def says(status: int, content: dict[str, Any]) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(content).encode(), "application/json")


@contextmanager
def azure_monitor_server() -> Iterator[AzureMonitorServer]:
    """Run the stand-in, with no machine in it, while the block runs."""
    with proxy_for("http://127.0.0.1:9") as proxy:
        server = AzureMonitorServer(proxy)
        proxy.hook = server.answer
        yield server
