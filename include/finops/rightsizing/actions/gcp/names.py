"""From a bill's ResourceId to what a call of Google wants: a project, a zone and a name.

The bill has ``//compute.googleapis.com/projects/P/zones/Z/instances/N``, with numbers or names for P and N: the API
takes both. Where the bill names no zone, the target's counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from finops.rightsizing.actions.model import Rejected
from finops.rightsizing.models import Change

_ZONE = re.compile(r"/zones/([^/]+)/")
_REGION_GROUP = re.compile(r"/regions/[^/]+/instanceGroupManagers/")


@dataclass(frozen=True, slots=True)
class Name:
    """Where a resource is."""

    project: str
    zone: str
    name: str


def name_of(change: Change) -> Name:
    """Return where a resource of a zone is. Raise Rejected where neither the id nor the target names its zone."""
    target = change.target
    found = _ZONE.search(target.resource_id)
    zone = found[1] if found else target.zone
    if not zone:
        raise Rejected(f"{target.resource_id!r}: its zone is not known; only what is in a zone can be changed")
    return Name(target.account, zone, short(target.resource_id))


def short(resource: str) -> str:
    """Return the last part of an id or address: ``g2-standard-8``, a bucket's name."""
    return resource.rstrip("/").rpartition("/")[2]


def is_regional_group(resource_id: str) -> bool:
    """Return whether it is a group whose machines are in several zones."""
    return bool(_REGION_GROUP.search(resource_id))
