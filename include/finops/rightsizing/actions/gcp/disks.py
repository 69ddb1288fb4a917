"""The live state of a disk of Google Cloud, and the snapshot that is kept of one."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.gcp.calls import WATCH, Gone, read
from finops.rightsizing.actions.gcp.names import name_of, short
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change

GET, GET_SNAPSHOT = "compute.disks.get", "compute.snapshots.get"
READS = (GET, GET_SNAPSHOT, WATCH)
_STATES = {"READY": "ready", "FAILED": "failed"}


def observe_disk(project: Any, change: Change) -> Live:
    """Return a disk as it is. Its state is Google's status, as ``READY``; sizes are GiB."""
    where = name_of(change)
    asked = {"project": where.project, "zone": where.zone, "disk": where.name}
    try:
        found = read(change, GET, project.disks.get, asked)
    except Gone:
        return Live(exists=False)
    facts = {
        "disk_id": str(found.id),
        "name": found.name,
        "zone": where.zone,
        "size_gib": found.size_gb,
        "volume_type": short(found.type_),
        "iops": found.provisioned_iops or None,
        "throughput": found.provisioned_throughput or None,
        "attached_to": short(next(iter(found.users), "")),
    }
    return Live(exists=True, state=found.status, tags=dict(found.labels), facts=facts)


def snapshot_name(disk_id: str) -> str:
    """Return the name of the snapshot that is kept of a disk: of this one, not of an earlier one of its name."""
    return f"finops-{disk_id}"


def observe_snapshot(project: Any, change: Change, name: str) -> dict[str, str]:
    """Return address and state of a kept snapshot: ``ready``, ``pending``, ``failed``, or empty for none."""
    asked = {"project": change.target.account, "snapshot": name}
    try:
        found = read(change, GET_SNAPSHOT, project.snapshots.get, asked)
    except Gone:
        return {"snapshot_id": "", "snapshot": ""}
    address = f"projects/{change.target.account}/global/snapshots/{name}"
    return {"snapshot_id": address, "snapshot": _STATES.get(found.status, "pending")}
