"""Delete a disk that nothing uses, after a snapshot of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from finops.rightsizing.actions.azure import disks
from finops.rightsizing.actions.azure.base import AzureAction
from finops.rightsizing.actions.azure.calls import begin
from finops.rightsizing.actions.azure.names import name_of
from finops.rightsizing.actions.base import first_reason, with_parameters
from finops.rightsizing.actions.model import WAIT, Live, Rejected
from finops.rightsizing.models import Change

_SNAPSHOT, _DELETE = "Microsoft.Compute/snapshots/write", "Microsoft.Compute/disks/delete"
_COPY = "Microsoft.Compute/disks/beginGetAccess/action"


class DeleteVolume(AzureAction):
    """Undone by a new disk of the same name from the snapshot."""

    name = "delete_volume"
    summary = "snapshot the disk, then delete it"
    reads: tuple[str, ...] = disks.READS
    acts: tuple[str, ...] = (_SNAPSHOT, _COPY, _DELETE)
    resource_types: tuple[str, ...] = ("disk",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the disk and the snapshot that is kept of it."""
        live = disks.observe_disk(client, change)
        if not live.exists:
            return live
        kept = disks.observe_snapshot(client, change, disks.snapshot_name(live.facts["disk_id"]))
        return replace(live, facts={**live.facts, **kept})

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a disk that something uses, or that no snapshot can be told of."""
        return first_reason(
            (live.facts["attached_to"], f"it is attached to {live.facts['attached_to']}"),
            (live.state != "Unattached", f"it is {live.state}"),
            (not live.facts["disk_id"], "Azure does not tell its unique id, by which its snapshot would be known"),
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
        if live.state in ("updating", "deleting") or live.facts["snapshot"] == "pending":
            return WAIT
        return "delete" if live.facts["snapshot"] == "ready" else "snapshot"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Take the snapshot or delete the disk."""
        where = name_of(change, disks.KIND)
        if live.facts["attached_to"] or live.state != "Unattached":
            raise Rejected(f"{where.name} is {live.facts['attached_to'] or live.state} since the action began")
        if live.facts["snapshot"] == "failed":
            raise Rejected(f"the snapshot of {where.name} failed, so it is not deleted")
        if step == "delete":
            begin(change, _DELETE, client.compute.disks.begin_delete, where.group, where.name)
            return
        snapshot = {
            "location": live.facts["location"],
            "sku": {"name": "Standard_LRS"},
            "tags": {**live.tags, disks.KEPT_OF: where.name},
            "properties": {
                "creationData": {"createOption": "Copy", "sourceResourceId": change.target.resource_id},
                "incremental": True,
            },
        }
        name = disks.snapshot_name(live.facts["disk_id"])
        begin(change, _SNAPSHOT, client.compute.snapshots.begin_create_or_update, where.group, name, snapshot)

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Make it anew from the snapshot."""
        return with_parameters(
            change,
            "restore_volume",
            snapshot=disks.snapshot_name(before.facts["disk_id"]),
            location=before.facts["location"],
            zones=before.facts["zones"] or None,
            volume_type=before.facts["volume_type"],
            tags=dict(before.tags) or None,
        )

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Nothing: while it is not deleted it is as it was, beside its snapshot."""
        return None
