"""Delete a disk that nothing uses, after a snapshot of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.gcp import disks
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.calls import begin
from finops.rightsizing.actions.gcp.names import name_of
from finops.rightsizing.actions.model import WAIT, Live, Rejected
from finops.rightsizing.models import Change

_SNAPSHOT, _DELETE = "compute.disks.createSnapshot", "compute.disks.delete"
KEPT_OF = "finops-snapshot-of"
"""The label of a snapshot that was made before its disk was deleted; its value is the disk's name."""


class DeleteVolume(GcpAction):
    """Undone by a new disk of the same name from the snapshot."""

    name = "delete_volume"
    summary = "snapshot the disk, then delete it"
    reads: tuple[str, ...] = disks.READS
    acts: tuple[str, ...] = (_SNAPSHOT, "compute.snapshots.create", "compute.snapshots.setLabels", _DELETE)
    resource_types: tuple[str, ...] = ("disk",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the disk and the snapshot that is kept of it."""
        live = disks.observe_disk(client, change)
        if not live.exists:
            return live
        kept = disks.observe_snapshot(client, change, disks.snapshot_name(live.facts["disk_id"]))
        return replace(live, facts={**live.facts, **kept})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a disk that something uses."""
        return first_reason(
            (live.facts["attached_to"], f"it is attached to {live.facts['attached_to']}"),
            (live.state != "READY", f"it is {live.state}"),
            # It would be older than what is on the disk now.
            (
                live.facts["snapshot"],
                f"an earlier attempt has left {live.facts['snapshot_id']}: delete that first",
            ),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Snapshot, wait until that is whole, delete."""
        if not live.exists:
            return None
        if live.state == "DELETING" or live.facts["snapshot"] == "pending":
            return WAIT
        return "delete" if live.facts["snapshot"] == "ready" else "snapshot"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Take the snapshot or delete the disk."""
        where = name_of(change)
        if live.facts["attached_to"]:
            raise Rejected(f"{where.name} is attached to {live.facts['attached_to']} since the action began")
        if live.facts["snapshot"] == "failed":
            raise Rejected(f"the snapshot of {where.name} failed, so it is not deleted")
        if step == "delete":
            begin(client, change, _DELETE, client.disks.delete_unary, where, token, {"disk": where.name})
            return
        snapshot = {
            "name": disks.snapshot_name(live.facts["disk_id"]),
            "description": f"{live.facts['name']} before it was deleted",
            "labels": {**live.tags, KEPT_OF: live.facts["name"]},
        }
        request = {"disk": where.name, "snapshot_resource": snapshot}
        begin(client, change, _SNAPSHOT, client.disks.create_snapshot_unary, where, token, request)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Make it anew from the snapshot."""
        is_hyper = before.facts["volume_type"].startswith("hyperdisk")
        return with_parameters(
            change,
            "restore_volume",
            snapshot=disks.snapshot_name(before.facts["disk_id"]),
            name=before.facts["name"],
            size_gib=before.facts["size_gib"],
            volume_type=before.facts["volume_type"],
            iops=before.facts["iops"] if is_hyper else None,
            throughput=before.facts["throughput"] if is_hyper else None,
            tags=dict(before.tags) or None,
        )

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Nothing: while it is not deleted it is as it was, beside its snapshot."""
        return None
