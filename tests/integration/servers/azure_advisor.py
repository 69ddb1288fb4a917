"""Azure Advisor, as far as the list of a subscription's recommendations goes, in the form that Microsoft documents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from servers.azure_monitor import SUBSCRIPTION, says
from servers.proxy import Answer, Proxy, proxy_for

PATH = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Advisor/recommendations"


@dataclass
class AdvisorServer:
    """A running stand-in. ``recommendations`` are of all categories; a page has ``page`` of them."""

    proxy: Proxy
    recommendations: list[dict[str, Any]] = field(default_factory=list)
    page: int = 100

    def answer(self, method: str, target: str) -> Answer:
        """Answer a request as Azure does: it wants a version, and knows the filter by category."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if method != "GET" or parts.path != PATH:
            return says(404, {"error": {"code": "SubscriptionNotFound"}})
        if "api-version" not in query:
            return says(400, {"error": {"code": "MissingApiVersionParameter"}})
        wanted = query.get("$filter", "").removeprefix("Category eq ").strip("'")
        found = [each for each in self.recommendations if wanted in ("", each["properties"]["category"])]
        first = int(query.get("$skipToken", 0))
        content: dict[str, Any] = {"value": found[first : first + self.page]}
        if first + self.page < len(found):
            more = (
                f"api-version={query['api-version']}&$filter={quote(query['$filter'])}&$skipToken={first + self.page}"
            )
            content["nextLink"] = f"{self.proxy.url}{PATH}?{more}"
        return says(200, content)


@contextmanager
def advisor_server() -> Iterator[AdvisorServer]:
    """Run the stand-in, with nothing recommended, while the block runs."""
    with proxy_for("http://127.0.0.1:9") as proxy:
        server = AdvisorServer(proxy)
        proxy.hook = server.answer
        yield server
