"""The live state of a disk of Azure, and the snapshot that is kept of one."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.azure.calls import WATCH, Gone, read
from finops.rightsizing.actions.azure.names import name_of
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change

KIND = "microsoft.compute/disks"
GET, GET_SNAPSHOT = "Microsoft.Compute/disks/read", "Microsoft.Compute/snapshots/read"
READS = (GET, GET_SNAPSHOT, WATCH)
KEPT_OF = "finops-snapshot-of"
"""The tag of a snapshot that was made before its disk was deleted; its value is the disk's name."""


def observe_disk(subscription: Any, change: Change) -> Live:
    """Return a disk as it is. Its state is Azure's word, ``Unattached``, ``Reserved`` (its machine is deallocated) …

    ``updating`` while Azure is at work on it, ``deleting`` when it goes. Sizes are GiB.
    """
    where = name_of(change, KIND)
    try:
        found = read(change, GET, subscription.compute.disks.get, where.group, where.name).as_dict()
    except Gone:
        return Live(exists=False)
    properties = found["properties"]
    facts = {
        "disk_id": properties.get("uniqueId", ""),
        "location": found["location"],
        "zones": found.get("zones") or [],
        "size_gib": properties.get("diskSizeGB"),
        "volume_type": found.get("sku", {}).get("name", ""),
        "attached_to": found.get("managedBy", ""),
        "is_shared": int(properties.get("maxShares") or 1) > 1,
    }
    provisioning = str(properties.get("provisioningState", "")).lower()
    is_still = provisioning in ("succeeded", "failed", "canceled")
    state = properties.get("diskState", "") if is_still else ("deleting" if provisioning == "deleting" else "updating")
    return Live(exists=True, state=state, tags=found.get("tags") or {}, facts=facts)


def snapshot_name(disk_id: str) -> str:
    """Return the name of the snapshot that is kept of a disk: of this one, not of an earlier one of its name."""
    return f"finops-{disk_id}"


def observe_snapshot(subscription: Any, change: Change, name: str) -> dict[str, Any]:
    """Return id and state of a kept snapshot: ``ready``, ``pending``, ``failed``, or empty for none."""
    group = name_of(change, KIND).group
    try:
        found = read(change, GET_SNAPSHOT, subscription.compute.snapshots.get, group, name).as_dict()
    except Gone:
        return {"snapshot_id": "", "snapshot": ""}
    provisioning = str(found["properties"].get("provisioningState", "")).lower()
    is_whole = float(found["properties"].get("completionPercent") or 100) >= 100
    states = {"failed": "failed", "canceled": "failed", "succeeded": "ready" if is_whole else "pending"}
    return {"snapshot_id": found["id"], "snapshot": states.get(provisioning, "pending")}
