"""A subscription of Azure: its clients, how its resources are named, and what was found in it so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.core.rest import HttpRequest

from finops.core.errors import BadInput, Unavailable


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

    def asked(self, kind: str, version: str) -> Iterator[dict[str, Any]]:
        """Yield all resources of a kind that no SDK here has: ``Microsoft.Network/publicIPAddresses``.

        Raise BadInput where Azure sends elsewhere for the next page: the token goes to no other address.
        """
        link = f"{self.url}/subscriptions/{self.id}/providers/{kind}?api-version={version}"
        seen: set[str] = set()
        while link:
            if link in seen:
                raise Unavailable("Azure's pages repeat themselves; the next run asks again")
            if not link.startswith(self.url + "/"):
                raise BadInput("Azure sends elsewhere for its next page; correct url of the source")
            seen.add(link)
            response = self.compute.send_request(HttpRequest("GET", link))
            response.raise_for_status()
            content = response.json()
            yield from content.get("value") or ()
            link = str(content.get("nextLink") or "")
