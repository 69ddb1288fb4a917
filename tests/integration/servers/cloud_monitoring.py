"""Google's Cloud Monitoring, as far as lists of series go, in the form that Google documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.proxy import Answer, Proxy, proxy_for

PROJECT = "meridian-ml"


@dataclass(frozen=True)
class Points:
    """A series: its metric with labels, an instance, and its values by beginning of five minutes and aligner."""

    metric: str
    instance: str
    values: dict[datetime, dict[str, float]]
    labels: dict[str, str] = field(default_factory=dict)


@dataclass
class CloudMonitoringServer:
    """A running stand-in. A page has ``page`` series."""

    proxy: Proxy
    series: list[Points] = field(default_factory=list)
    page: int = 100

    def answer(self, _method: str, target: str) -> Answer:
        """Answer a request as Google does: the newest point first, each at the end of its period."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != f"/v3/projects/{PROJECT}/timeSeries":
            return says(403, {"error": {"code": 403, "status": "PERMISSION_DENIED"}})
        found = [answer for each in self.series if (answer := _aligned(each, query)) is not None]
        first = int(query.get("pageToken", 0))
        content: dict[str, Any] = {"timeSeries": found[first : first + self.page], "unit": "1"}
        if first + self.page < len(found):
            content["nextPageToken"] = str(first + self.page)
        return says(200, content)


def _aligned(series: Points, query: dict[str, str]) -> dict[str, Any] | None:
    which = query["filter"]
    labels = re.findall(r'metric\.labels\.(\w+)="([^"]*)"', which)
    if f'metric.type="{series.metric}"' not in which or any(series.labels.get(name) != text for name, text in labels):
        return None
    start, end = (datetime.fromisoformat(query[f"interval.{name}Time"]) for name in ("start", "end"))
    period = timedelta(seconds=int(query["aggregation.alignmentPeriod"][:-1]))
    points = [
        {"interval": _at(moment + period), "value": {"doubleValue": values[query["aggregation.perSeriesAligner"]]}}
        for moment, values in sorted(series.values.items(), reverse=True)
        if start <= moment and moment + period <= end
    ]
    place = {"project_id": PROJECT, "zone": "us-central1-a", "instance_id": series.instance}
    head = {"metric": {"type": series.metric, "labels": series.labels}, "metricKind": "GAUGE", "valueType": "DOUBLE"}
    return head | {"resource": {"type": "gce_instance", "labels": place}, "points": points} if points else None


def _at(moment: datetime) -> dict[str, str]:
    return dict.fromkeys(("startTime", "endTime"), f"{moment:%Y-%m-%dT%H:%M:%SZ}")


def says(status: int, content: dict[str, Any]) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(content).encode(), "application/json; charset=UTF-8")


@contextmanager
def cloud_monitoring_server() -> Iterator[CloudMonitoringServer]:
    """Run the stand-in, with no series in it, while the block runs."""
    with proxy_for("http://127.0.0.1:9") as proxy:
        server = CloudMonitoringServer(proxy)
        proxy.hook = server.answer
        yield server
