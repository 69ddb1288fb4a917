"""Google's Recommender and the lists of Compute Engine, as far as they are asked, in the form that Google documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.cloud_monitoring import PROJECT, says
from servers.proxy import Answer, Proxy, proxy_for

_LIST = re.compile(rf"/v1/projects/{PROJECT}/locations/([a-z0-9-]+)/recommenders/([A-Za-z.]+)/recommendations")
_COMPUTE = re.compile(rf"/compute/v1/(projects/{PROJECT}/(?:zones|regions)/[a-z0-9-]+/[a-z]+)")


@dataclass
class RecommenderServer:
    """A running stand-in: recommendations by location and recommender; numbers by place and name."""

    proxy: Proxy
    recommendations: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    numbers: dict[str, dict[str, str]] = field(default_factory=dict)
    page: int = 100

    def answer(self, method: str, target: str) -> Answer:
        """Answer a request as Google does."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if method == "GET" and (found := _LIST.fullmatch(parts.path)):
            state = query.get("filter", "").removeprefix("stateInfo.state=")
            given = self.recommendations.get((found[1], found[2]), [])
            wanted = [each for each in given if state in ("", each["stateInfo"]["state"])]
            return self._paged("recommendations", wanted, query)
        if method == "GET" and (found := _COMPUTE.fullmatch(parts.path)):
            names = self.numbers.get(found[1], {})
            return self._paged("items", [{"id": number, "name": name} for name, number in names.items()], query)
        return says(403, {"error": {"code": 403, "status": "PERMISSION_DENIED"}})

    def _paged(self, name: str, every: list[dict[str, Any]], query: dict[str, str]) -> Answer:
        first = int(query.get("pageToken", 0))
        content: dict[str, Any] = {name: every[first : first + self.page]}
        if first + self.page < len(every):
            content["nextPageToken"] = str(first + self.page)
        return says(200, content)


@contextmanager
def recommender_server() -> Iterator[RecommenderServer]:
    """Run the stand-in, with nothing recommended, while the block runs."""
    with proxy_for("http://127.0.0.1:9") as proxy:
        server = RecommenderServer(proxy)
        proxy.hook = server.answer
        yield server
