"""The lists of a subscription's resources, in the form that Microsoft documents: by version, and in pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.azure_compute import SKUS
from servers.json_api import CUT, Said, json_api

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-vision/providers"
TOKEN = "canary-azure-token-7f3a"

_VERSIONS = {
    "Microsoft.Compute/virtualMachines": "2026-04-01",
    "Microsoft.Compute/virtualMachineScaleSets": "2026-04-01",
    "Microsoft.Compute/skus": "2021-07-01",
    "Microsoft.Compute/disks": "2026-03-02",
    "Microsoft.Compute/snapshots": "2026-03-02",
    "Microsoft.Network/publicIPAddresses": "2024-05-01",
    "Microsoft.Network/loadBalancers": "2024-05-01",
    "Microsoft.Network/applicationGateways": "2024-05-01",
    "Microsoft.Insights/autoscalesettings": "2022-10-01",
    "Microsoft.MachineLearningServices/workspaces": "2024-10-01",
    "Microsoft.Storage/storageAccounts": "2026-09-01",
}
_POLICY = "/managementPolicies/default"
_METRICS, _METRICS_VERSION = "/providers/Microsoft.Insights/metrics", "2023-10-01"
_SERVING = ("onlineEndpoints", "deployments")
"""What is listed below another resource."""


@dataclass
class AzureLists:
    """A running subscription. Resources are by kind, or below another by its id and kind.

    ``rules`` of lifecycles are by the name of their storage account, ``counted`` what was counted on days, by resource,
    metric and aggregation. ``denied`` are kinds that the login may not read, ``policies`` or ``metrics``; a kind of
    ``busy`` answers 429 so often first; one of ``down`` is cut off. A page has ``page`` resources.
    """

    url: str = ""
    resources: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    power: dict[str, str] = field(default_factory=dict)
    rules: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    counted: dict[tuple[str, str, str], dict[date, float]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    busy: dict[str, int] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    page: int = 100
    next_link: str = ""
    asked: list[str] = field(default_factory=list)

    def has(self, kind: str, name: str, properties: dict[str, Any] | None = None, /, **more: Any) -> str:
        """Have a resource; return its id."""
        return self.has_at(f"{GROUP}/{kind}/{name}", kind, kind, properties, **more)

    def has_below(self, parent: str, kind: str, name: str, properties: dict[str, Any], /, **more: Any) -> str:
        """Have a resource below another; return its id."""
        return self.has_at(f"{parent}/{kind}/{name}", f"{parent}/{kind}", kind, properties, **more)

    def has_at(
        self, resource_id: str, where: str, kind: str, properties: dict[str, Any] | None = None, /, **more: Any
    ) -> str:
        """Have a resource in the list of ``where``; return its id."""
        name = resource_id.rpartition("/")[2]
        made = {"id": resource_id, "name": name, "type": kind, "location": "eastus", "properties": properties or {}}
        self.resources.setdefault(where, []).append(made | more)
        return resource_id

    def answer(self, request: BaseHTTPRequestHandler, _body: Any) -> Said:
        """Answer as Azure does."""
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        kind = parts.path.partition("/providers/")[2]
        if parts.path.endswith(_METRICS):
            return self._metrics(parts.path.removesuffix(_METRICS), query)
        if _POLICY in kind:
            return self._policy(kind.removesuffix(_POLICY).rpartition("/")[2])
        where = kind
        if kind.rpartition("/")[2] in _SERVING:
            # What is below a resource is as its resource; its list is by its own path.
            where, kind = parts.path, "/".join(kind.split("/")[:2])
        self.asked.append(kind)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _refused(401, "AuthenticationFailed")
        if request.command != "GET" or kind not in _VERSIONS or f"/subscriptions/{SUBSCRIPTION}/" not in parts.path:
            return _refused(404, "InvalidResourceType")
        if query.get("api-version") != _VERSIONS[kind]:
            return _refused(400, "InvalidApiVersionParameter")
        if kind in self.down:
            return CUT
        if self.busy.get(kind):
            self.busy[kind] -= 1
            return Said(429, {"error": {"code": "TooManyRequests"}}, (("Retry-After", "0"),))
        if kind in self.denied:
            return _refused(403, "AuthorizationFailed")
        return self._list(where, parts.path, query)

    def _list(self, kind: str, path: str, query: dict[str, str]) -> Said:
        if kind == "Microsoft.Compute/skus":
            is_right = query.get("$filter") == "location eq 'eastus'"
            return Said(200, {"value": SKUS}) if is_right else _refused(400, "InvalidFilter")
        first = int(query.get("$skiptoken", 0))
        every = self.resources.get(kind, [])
        found = every[first : first + self.page]
        if query.get("statusOnly") == "true":
            # Azure spells ids in this list in its own way.
            found = [{"id": each["id"].upper(), "properties": {"instanceView": self._view(each)}} for each in found]
        content: dict[str, Any] = {"value": found}
        if first + self.page < len(every):
            same = "".join(f"&{name}={value}" for name, value in query.items() if name == "statusOnly")
            link = f"{self.url}{path}?api-version={query['api-version']}{same}&%24skiptoken={first + self.page}"
            content["nextLink"] = self.next_link or link
        return Said(200, content)

    def _view(self, machine: dict[str, Any]) -> dict[str, Any]:
        power = self.power.get(machine["name"], "running")
        return {"statuses": [{"code": "ProvisioningState/succeeded"}, {"code": f"PowerState/{power}"}]}

    def _metrics(self, resource_id: str, query: dict[str, str]) -> Said:
        if "metrics" in self.denied:
            return _refused(403, "AuthorizationFailed")
        if query.get("api-version") != _METRICS_VERSION or query.get("interval") != "P1D":
            return _refused(400, "BadRequest")
        name, aggregation = query["metricnames"], query["aggregation"]
        first, last = (datetime.fromisoformat(each).date() for each in query["timespan"].split("/"))
        days = self.counted.get((resource_id, name, aggregation), {})
        # A day without a value has its time alone.
        data = [
            {"timeStamp": f"{day}T00:00:00Z"} | ({aggregation.lower(): days[day]} if day in days else {})
            for day in (first + timedelta(days=n) for n in range((last - first).days))
        ]
        series = [{"metadatavalues": [], "data": data}] if days else []
        return Said(200, {"value": [{"name": {"value": name}, "errorCode": "Success", "timeseries": series}]})

    def _policy(self, account: str) -> Said:
        if "policies" in self.denied:
            return _refused(403, "AuthorizationFailed")
        if account not in self.rules:
            return _refused(404, "ManagementPolicyNotFound")
        return Said(200, {"properties": {"policy": {"rules": self.rules[account]}}})


def _refused(status: int, code: str) -> Said:
    return Said(status, {"error": {"code": code, "message": code}})


@contextmanager
def azure_lists_server() -> Iterator[AzureLists]:
    """Run a subscription, with nothing in it, while the block runs."""
    server = AzureLists()
    with json_api(server.answer) as url:
        server.url = url
        yield server
