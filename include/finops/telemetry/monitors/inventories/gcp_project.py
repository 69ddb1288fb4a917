"""A project of Google Cloud: how its resources are named, and what was found in it so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.api_core.exceptions import Forbidden, ServerError, TooManyRequests
from google.api_core.retry import Retry, if_exception_type
from requests.exceptions import ConnectionError as Unconnected

from finops.core.errors import Unavailable
from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories.parts import Denied

FILE = "gcp/read.yaml"
"""What gives the permissions, below ``deploy/permissions``."""

COMPUTE = "//compute.googleapis.com/"
_PAGE = 500
_LONGEST = 120
"""Seconds for which a page is asked for again, where Google is busy."""
_UNREACHABLE = "UNREACHABLE"
RETRY = Retry(if_exception_type(ServerError, TooManyRequests, Unconnected), initial=1, maximum=30, timeout=_LONGEST)


@dataclass(slots=True)
class GcpProject:
    """``text`` makes the bill's name of a full name, None where bills do not have it.

    ``machines`` are full names with numbers, by the path with names by which Google refers to one; ``disks`` are full
    names, None where they were not listed.
    """

    id: str
    text: Callable[[str], str | None]
    seconds: int
    machines: dict[str, str] = field(default_factory=dict)
    disks: set[str] | None = None

    def full_name(self, link: str, number: object = None) -> str:
        """Return the full name of what a link leads to, with its number instead of its name where it has one."""
        path = path_of(link)
        if number:
            path = f"{path.rpartition('/')[0]}/{number}"
        return f"{COMPUTE}{path}"

    def columns(self, found: Any, place: str = "") -> dict[str, Any] | None:
        """Return the columns that all resources of Compute Engine have; None for one that bills do not have."""
        resource_id = self.text(self.full_name(found.self_link, found.id))
        if resource_id is None:
            return None
        zone = short(getattr(found, "zone", "") or "")
        region = short(getattr(found, "region", "") or "") or zone.rpartition("-")[0] or place or "global"
        return {
            "resource_id": resource_id,
            "account_id": self.id,
            "region": region,
            "zone": zone or None,
            "created_at": moment(found.creation_timestamp),
            "tags": dict(getattr(found, "labels", {})),
        }

    def named(self, link: str) -> str | None:
        """Return the bill's name of what something is attached to, and its full name where bills do not have it."""
        if not link:
            return None
        known = self.machines.get(path_of(link)) or self.full_name(link)
        return self.text(known) or known

    def everywhere(self, client: Any, what: str, kind: str) -> Iterator[Any]:
        """Yield the resources of all zones and regions, and a gap for each that cannot be reached now."""
        request = {"project": self.id, "max_results": _PAGE}
        gone: set[str] = set()
        for page in _pages(client.aggregated_list(request=request, timeout=self.seconds, retry=RETRY)):
            gone.update(map(short, page.unreachables))
            for place, scoped in page.items.items():
                if scoped.warning.code == _UNREACHABLE:
                    gone.add(short(place))
                yield from getattr(scoped, what)
        reason = "Compute Engine cannot reach it now; the next run asks again"
        for place in sorted(gone):
            yield Gap(f"{kind} in {place} of {self.id}", reason, is_waiting=True)

    def listed(self, client: Any) -> Iterator[Any]:
        """Yield the resources of a kind that is in no zone and no region."""
        request = {"project": self.id, "max_results": _PAGE}
        for page in _pages(client.list(request=request, timeout=self.seconds, retry=RETRY)):
            yield from page.items


def _pages(pager: Any) -> Iterator[Any]:
    seen: set[str] = set()
    for page in pager.pages:
        yield page
        if page.next_page_token in seen:
            raise Unavailable("Google's pages repeat themselves; the next run asks again")
        seen.add(page.next_page_token)


def as_far_as_permitted(found: Iterator[Any], part: str, needs: Sequence[str]) -> Iterator[Any]:
    """Yield what is found beside the resources themselves; what may not be read is a gap, and they land without it."""
    try:
        yield from found
    except Forbidden:
        yield Gap(part, str(Denied(" or ".join(needs), FILE)))


def path_of(link: str) -> str:
    """Return the path of a link, from ``projects/`` on."""
    return link[link.find("projects/") :] if "projects/" in link else link


def short(link: str) -> str:
    """Return the last part of a link."""
    return link.rstrip("/").rpartition("/")[2]


def moment(text: str) -> datetime | None:
    """Return a time that Google has written; None where it has not."""
    return datetime.fromisoformat(text) if text else None
