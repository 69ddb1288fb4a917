"""Google's price catalogue, and the types of machines of Compute Engine, in the forms that Google documents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.json_api import Said, json_api

PROJECT = "acme-ml"
TOKEN = "canary-google-token-51ce"
SKUS = "/v1/services/6F81-5844-456A/skus"
_ROOT = f"/compute/v1/projects/{PROJECT}/zones"


@dataclass
class GcpPricesServer:
    """A running stand-in. ``types`` are by zone; a page has ``page`` of what is asked for."""

    url: str = ""
    skus: list[dict[str, Any]] = field(default_factory=list)
    types: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    denied: str = ""
    page: int = 100
    asked: list[str] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler, _body: Any) -> Said:
        """Answer as Google does, with the fields alone that are asked for."""
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _refused(401, "UNAUTHENTICATED")
        self.asked.append(parts.path)
        if self.denied and self.denied in parts.path:
            return _refused(403, "PERMISSION_DENIED")
        if parts.path == SKUS:
            is_right = query.get("currencyCode") == "USD"
            return self._paged("skus", self.skus, query, "pageSize", 5000) if is_right else _refused(400, "INVALID")
        if parts.path == _ROOT:
            return self._paged("items", [_zone(each) for each in self.types], query, "maxResults", 500)
        zone, _, kind = parts.path.removeprefix(f"{_ROOT}/").partition("/")
        if kind == "machineTypes" and zone in self.types:
            return self._paged("items", self.types[zone], query, "maxResults", 500)
        return _refused(404, "NOT_FOUND")

    def _paged(self, name: str, every: list[dict[str, Any]], query: dict[str, str], size: str, largest: int) -> Said:
        if not 0 < int(query.get(size, 0)) <= largest:
            return _refused(400, "INVALID_ARGUMENT")
        fields = query["fields"]
        if not fields.startswith(f"{name}(") or not fields.endswith("),nextPageToken"):
            return _refused(400, "INVALID_ARGUMENT")
        first = int(query.get("pageToken") or 0)
        some = [{key: value for key, value in each.items() if key in fields} for each in every]
        content: dict[str, Any] = {name: some[first : first + self.page]}
        if first + self.page < len(every):
            content["nextPageToken"] = str(first + self.page)
        return Said(200, content)


def _zone(name: str) -> dict[str, Any]:
    region = name.rpartition("-")[0]
    return {"name": name, "region": f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/regions/{region}"}


def _refused(status: int, reason: str) -> Said:
    return Said(status, {"error": {"code": status, "message": reason, "status": reason}})


@contextmanager
def gcp_prices_server() -> Iterator[GcpPricesServer]:
    """Run the stand-in, with no price in it, while the block runs."""
    server = GcpPricesServer()
    with json_api(server.answer) as url:
        server.url = url
        yield server
