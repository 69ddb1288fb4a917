"""From a bill's ResourceId to what a call of Azure wants: a resource group and a name. Azure takes ids in any case."""

from __future__ import annotations

import re
from dataclasses import dataclass

from finops.rightsizing.actions.model import Rejected
from finops.rightsizing.models import Change

_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers/(?P<kind>[^/]+/[^/]+)/(?P<name>[^/]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Name:
    """Where a resource is; ``kind`` is in lower case, ``microsoft.compute/virtualmachines``."""

    group: str
    kind: str
    name: str

    def sibling(self, name: str) -> Name:
        """Return another resource of the same group and kind."""
        return Name(self.group, self.kind, name)


def name_of(change: Change, *kinds: str) -> Name:
    """Return where the resource is. Raise Rejected for an id that is no resource of one of the kinds."""
    resource_id = change.target.resource_id
    found = _ID.fullmatch(resource_id)
    if found is None or (kinds and found["kind"].lower() not in kinds):
        raise Rejected(f"{resource_id!r} is no id of {' or '.join(kinds) or 'a resource'} on Azure")
    return Name(found["group"], found["kind"].lower(), found["name"])
