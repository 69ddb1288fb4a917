"""The lists of a project's resources, in the form that Google documents: by zone and region, and in pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.json_api import CUT, Said, json_api

PROJECT, ZONE = "acme-ml", "us-central1-a"
TOKEN = "canary-google-token-7f3a"
_ROOT = f"/compute/v1/projects/{PROJECT}/"
_LINK = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/"
_AGGREGATED = (
    *("instances", "disks", "addresses", "forwardingRules", "instanceGroupManagers", "autoscalers"),
    *("targetHttpProxies", "targetHttpsProxies", "targetTcpProxies", "targetPools", "urlMaps", "backendServices"),
    *("instanceGroups", "networkEndpointGroups"),
)
_ENDPOINTS = re.compile(rf"/v1/projects/{PROJECT}/locations/([a-z0-9-]+)/endpoints")
_METRIC = re.compile(r'metric\.type="([^"]+)"')


@dataclass
class GcpLists:
    """A running project. Resources are by kind and by where they are: ``zones/Z``, ``regions/R`` or ``global``.

    ``denied`` are kinds that the login may not list; a kind of ``busy`` answers 503 so often first; one of ``down`` is
    cut off; places that are ``unreachable`` are told so. A page has the resources of ``page`` places.
    """

    url: str = ""
    resources: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    buckets: list[dict[str, Any]] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    busy: dict[str, int] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    endpoints: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Of Vertex AI, by region."""
    series: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What Cloud Monitoring answers by metric; a metric that is not here it does not know."""
    page: int = 100
    loops: bool = False
    asked: list[str] = field(default_factory=list)
    made: int = 4711

    def has(self, kind: str, name: str, place: str = f"zones/{ZONE}", /, **facts: Any) -> str:
        """Have a resource; return its link, which has its name. Its number is ``number_of``'s."""
        self.made += 1
        link = f"{_LINK}{place}/{kind}/{name}"
        own: dict[str, Any] = {"name": name, "id": str(self.made), "selfLink": link}
        own["creationTimestamp"] = "2025-01-31T02:00:00.000-08:00"
        if place.startswith("zones/"):
            own["zone"] = f"{_LINK}{place}"
        elif place.startswith("regions/"):
            own["region"] = f"{_LINK}{place}"
        self.resources.setdefault(kind, {}).setdefault(place, []).append(own | facts)
        return link

    def number_of(self, link: str) -> str:
        """Return the number of a resource."""
        every = (each for places in self.resources.values() for found in places.values() for each in found)
        return str(next(each["id"] for each in every if each["selfLink"] == link))

    def answer(self, request: BaseHTTPRequestHandler, _body: Any) -> Said:
        """Answer as Google does."""
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _refused(401, "authError")
        kind = parts.path.rpartition("/")[2] if parts.path != "/storage/v1/b" else "buckets"
        self.asked.append(kind)
        if kind in self.down:
            return CUT
        if self.busy.get(kind):
            self.busy[kind] -= 1
            return _refused(503, "backendError")
        if kind in self.denied:
            return _refused(403, "forbidden")
        if parts.path == "/storage/v1/b":
            is_right = query.get("project") == PROJECT
            return Said(200, {"items": self.buckets}) if is_right else _refused(400, "required")
        if parts.path == f"{_ROOT}aggregated/{kind}" and kind in _AGGREGATED:
            return self._aggregated(kind, query)
        if parts.path in (f"{_ROOT}global/snapshots", f"{_ROOT}global/targetSslProxies"):
            return Said(200, {"items": self.resources.get(kind, {}).get("global", [])})
        if found := _ENDPOINTS.fullmatch(parts.path):
            return self._endpoints(self.endpoints.get(found[1], []), query)
        if parts.path == f"/v3/projects/{PROJECT}/timeSeries":
            return self._measured(parse_qs(parts.query))
        return _refused(404, "notFound")

    def _endpoints(self, every: list[dict[str, Any]], query: dict[str, str]) -> Said:
        first, size = int(query.get("pageToken", 0)), min(self.page, int(query["pageSize"]))
        content: dict[str, Any] = {"endpoints": every[first : first + size]}
        if first + size < len(every):
            content["nextPageToken"] = str(first + size)
        return Said(200, content)

    def _measured(self, query: dict[str, list[str]]) -> Said:
        """Answer with sums, by those labels of the resource alone that are asked for, as Google does."""
        metric = _METRIC.match(query["filter"][0])
        found = self.series.get(metric[1] if metric else "")
        if query["aggregation.perSeriesAligner"] != ["ALIGN_SUM"] or not query["aggregation.alignmentPeriod"]:
            return _refused(400, "invalid")
        if found is None:
            return _refused(404, "notFound")
        labels = {each.removeprefix("resource.labels.") for each in query["aggregation.groupByFields"]}
        shown = [
            each | {"resource": {"labels": {key: each["resource"]["labels"][key] for key in labels}}} for each in found
        ]
        return Said(200, {"timeSeries": shown})

    def _aggregated(self, kind: str, query: dict[str, str]) -> Said:
        if query.get("maxResults") != "500":
            return _refused(400, "invalid")
        places = sorted({f"zones/{ZONE}", *self.resources.get(kind, {}), *self.unreachable})
        first = int(query.get("pageToken", 0))
        items = {place: self._of_place(kind, place) for place in places[first : first + self.page]}
        content: dict[str, Any] = {"items": items}
        if self.loops:
            content["nextPageToken"] = "0"
        elif first + self.page < len(places):
            content["nextPageToken"] = str(first + self.page)
        return Said(200, content)

    def _of_place(self, kind: str, place: str) -> dict[str, Any]:
        if place in self.unreachable:
            return {"warning": {"code": "UNREACHABLE"}}
        found = self.resources.get(kind, {}).get(place)
        return {kind: found} if found else {"warning": {"code": "NO_RESULTS_ON_PAGE"}}


def _refused(status: int, reason: str) -> Said:
    return Said(status, {"error": {"code": status, "message": reason, "errors": [{"reason": reason}]}})


@contextmanager
def gcp_lists_server() -> Iterator[GcpLists]:
    """Run a project, with nothing in it, while the block runs."""
    server = GcpLists()
    with json_api(server.answer) as url:
        server.url = url
        yield server
