"""A subscription of Azure: its clients, how its resources are named, and what was found in it so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.core.rest import HttpRequest

from finops.core.errors import Unavailable
from finops.telemetry.monitors.azure import pages


@dataclass(slots=True)
class AzureSubscription:
    """``text`` makes the bill's name of an id, None where bills do not have it.

    ``machines`` and ``disks`` are ids by themselves in small letters: Azure spells one id in several ways. ``disks`` is
    None where they were not listed.
    """

    id: str
    url: str
    compute: Any
    storage: Any
    text: Callable[[str], str | None]
    machines: dict[str, str] = field(default_factory=dict)
    disks: dict[str, str] | None = None

    def columns(self, found: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the columns that all resources have; None for one that bills do not have."""
        resource_id = self.text(found["id"])
        if resource_id is None:
            return None
        location, zones = str(found.get("location", "")).lower().replace(" ", ""), found.get("zones") or ()
        return {
            "resource_id": resource_id,
            "account_id": self.id,
            "region": location,
            "zone": f"{location}-{zones[0]}" if zones else None,
            "tags": found.get("tags") or {},
        }

    def named(self, resource_id: str | None) -> str | None:
        """Return the bill's name of what something is attached to, and its id where bills do not have it."""
        if not resource_id:
            return None
        known = self.machines.get(resource_id.lower(), resource_id)
        return self.text(known) or known

    def listed(self, pages: Any) -> Iterator[dict[str, Any]]:
        """Yield what all pages of a listing of the SDK's have. Raise Unavailable where the pages repeat themselves."""
        seen: set[str] = set()
        found = pages.by_page()
        for page in found:
            for each in page:
                yield each.as_dict()
            token = found.continuation_token
            if token in seen:
                raise Unavailable("Azure's pages repeat themselves; the next run asks again")
            seen.add(token)

    def every(self, kind: str, version: str) -> Iterator[dict[str, Any]]:
        """Yield all resources of a kind that no SDK here has: ``Microsoft.Network/publicIPAddresses``."""
        return self.below(f"/subscriptions/{self.id}", f"providers/{kind}", version)

    def below(self, resource_id: str, kind: str, version: str) -> Iterator[dict[str, Any]]:
        """Yield all that is below a resource. Errors are those of the SDK, and of ``pages``."""

        def ask(link: str) -> Mapping[str, Any]:
            return self._content(HttpRequest("GET", link))

        first = f"{self.url}{resource_id}/{kind}?api-version={version}"
        for page in pages(first, ask, self.url, "Azure's Resource Manager", kind, "the source"):
            yield from page

    def got(self, path: str, version: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """Return one answer. Errors are those of the SDK."""
        return self._content(HttpRequest("GET", self.url + path, params={"api-version": version, **query}))

    def _content(self, request: HttpRequest) -> Mapping[str, Any]:
        response = self.compute.send_request(request)
        response.raise_for_status()
        found: Mapping[str, Any] = response.json()
        return found
