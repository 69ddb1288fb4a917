"""Tag a resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.core.rest import HttpRequest

from finops.rightsizing.actions.azure.base import AzureAction
from finops.rightsizing.actions.azure.calls import Gone, act, ask, read
from finops.rightsizing.actions.base import RESERVED, first_reason, with_parameters
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change, ResourceType

_GET, _WRITE = "Microsoft.Resources/tags/read", "Microsoft.Resources/tags/write"
_VERSION = "2021-04-01"
_MOST, _LONGEST_KEY, _LONGEST_VALUE = 50, 128, 256
_AZURES_OWN = ("microsoft", "azure", "windows")
_NOT_IN_KEYS = frozenset("<>%&\\?/")


class Tag(AzureAction):
    """Merges some tags into the others, whatever the resource is; undone by their earlier values."""

    name = "tag"
    summary = "tag the resource"
    parameters: Mapping[str, str] = {"tags": "tags to set", "remove": "keys to take away, to undo"}
    reads: tuple[str, ...] = (_GET,)
    acts: tuple[str, ...] = (_WRITE,)
    resource_types: tuple[str, ...] = tuple(ResourceType)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the tags."""
        try:
            found = read(change, _GET, ask, client.compute, _request("GET", change))
        except Gone:
            return Live(exists=False)
        return Live(exists=True, tags=found.get("properties", {}).get("tags") or {})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse what Azure does not take, and tags that permit or forbid actions. Azure's keys have no case."""
        tags = _tags(change)
        keys = [key.lower() for key in (*tags, *change.parameters.get("remove", ()))]
        reserved = sorted(RESERVED.intersection(keys))
        too_long = [k for k, v in tags.items() if len(k) > _LONGEST_KEY or len(v) > _LONGEST_VALUE]
        wrong = [key for key in tags if _NOT_IN_KEYS.intersection(key)]
        there = {key.lower() for key in live.tags}
        return first_reason(
            (not keys, "its parameter tags is missing"),
            (any(key.startswith(_AZURES_OWN) for key in keys), f"tags of {', '.join(_AZURES_OWN)} are Azure's own"),
            (reserved, f"{', '.join(reserved)}: a person sets that tag"),
            (too_long, f"the tag {next(iter(too_long), '')[:20]!r} is longer than Azure takes"),
            (wrong, f"the tag {next(iter(wrong), '')[:20]!r} has letters that Azure does not take"),
            (len(there.union(keys)) > _MOST, f"it would have more than {_MOST} tags"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Set what is not so, then take away what shall go."""
        there = {key.lower(): value for key, value in live.tags.items()}
        if any(there.get(key.lower()) != value for key, value in _tags(change).items()):
            return "set"
        return "remove" if any(key.lower() in there for key in change.parameters.get("remove", ())) else None

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Set or take away, and leave the other tags to whoever changes them at the same time."""
        if step == "set":
            body = {"operation": "Merge", "properties": {"tags": _tags(change)}}
        else:
            gone = {key.lower() for key in change.parameters.get("remove", ())}
            there = {key: value for key, value in live.tags.items() if key.lower() in gone}
            body = {"operation": "Delete", "properties": {"tags": there}}
        act(change, _WRITE, ask, client.compute, _request("PATCH", change, json=body))

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Set the earlier values, and take away what was not there."""
        touched = {key.lower(): key for key in (*_tags(change), *change.parameters.get("remove", ()))}
        earlier = {key: value for key, value in before.tags.items() if key.lower() in touched}
        there = {key.lower() for key in earlier}
        new = [key for lower, key in touched.items() if lower not in there]
        return with_parameters(change, self.name, tags=earlier or None, remove=new or None)


def _tags(change: Change) -> dict[str, str]:
    return {str(key): str(value) for key, value in change.parameters.get("tags", {}).items()}


def _request(method: str, change: Change, **content: Any) -> HttpRequest:
    path = f"{change.target.resource_id}/providers/Microsoft.Resources/tags/default"
    return HttpRequest(method, path, params={"api-version": _VERSION}, **content)
