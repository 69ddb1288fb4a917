"""Make a deleted disk anew from the snapshot that was kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from finops.rightsizing.actions.azure import disks
from finops.rightsizing.actions.azure.base import AzureAction
from finops.rightsizing.actions.azure.calls import begin
from finops.rightsizing.actions.azure.names import name_of
from finops.rightsizing.actions.base import first_reason
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

_WRITE = "Microsoft.Compute/disks/write"


class RestoreVolume(AzureAction):
    """What undoes ``delete_volume``. What exists, for it, is the snapshot."""

    name = "restore_volume"
    summary = "make the deleted disk anew from its snapshot"
    parameters: Mapping[str, str] = {
        "snapshot": "the snapshot's name, in the disk's resource group",
        "location": "where",
        "zones": "in which zone",
        "volume_type": "its type",
        "tags": "its tags",
    }
    required: ClassVar[tuple[str, ...]] = ("snapshot", "location", "volume_type")
    reads: tuple[str, ...] = disks.READS
    acts: tuple[str, ...] = (_WRITE, "Microsoft.Compute/snapshots/beginGetAccess/action")
    resource_types: tuple[str, ...] = ("disk",)
    is_reversible = False

    def observe(self, client: Any, change: Change) -> Live:
        """Read the snapshot, and the disk where it is there."""
        kept = disks.observe_snapshot(client, change, change.parameters.get("snapshot", ""))
        live = disks.observe_disk(client, change)
        facts = {**live.facts, **kept, "is_there": live.exists}
        return replace(live, exists=bool(kept["snapshot_id"]), facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse while a disk has its name, and a snapshot that is not whole."""
        return first_reason(
            (live.facts["is_there"], "there is a disk of its name"),
            (live.facts["snapshot"] != "ready", f"its snapshot is {live.facts['snapshot']}"),
        )

    def next_step(self, live: Live, change: Change) -> str | None:
        """Create it and wait until it can be used."""
        if not live.facts["is_there"]:
            return "create"
        return WAIT if live.state == "updating" else None

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Create it."""
        where, asked = name_of(change, disks.KIND), change.parameters
        disk = {
            "location": asked["location"],
            "sku": {"name": asked["volume_type"]},
            "tags": asked.get("tags", {}),
            "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": live.facts["snapshot_id"]}},
            **({"zones": asked["zones"]} if asked.get("zones") else {}),
        }
        begin(change, _WRITE, client.compute.disks.begin_create_or_update, where.group, where.name, disk)
