"""Make a deleted disk anew from the snapshot that was kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from finops.rightsizing.actions.base import first_reason
from finops.rightsizing.actions.gcp import disks
from finops.rightsizing.actions.gcp.base import GcpAction
from finops.rightsizing.actions.gcp.calls import begin
from finops.rightsizing.actions.gcp.names import name_of
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

_INSERT = "compute.disks.create"


class RestoreVolume(GcpAction):
    """What undoes ``delete_volume``. What exists, for it, is the snapshot. The disk gets its name, and a new number."""

    name = "restore_volume"
    summary = "make the deleted disk anew from its snapshot"
    parameters: Mapping[str, str] = {
        "snapshot": "the snapshot's name",
        "name": "the disk's name",
        "size_gib": "its size",
        "volume_type": "its type",
        "iops": "operations a second, of a hyperdisk",
        "throughput": "MiB a second, of a hyperdisk",
        "tags": "its labels",
    }
    required: ClassVar[tuple[str, ...]] = ("snapshot", "name", "volume_type")
    reads: tuple[str, ...] = disks.READS
    acts: tuple[str, ...] = (_INSERT, "compute.disks.setLabels", "compute.snapshots.useReadOnly")
    resource_types: tuple[str, ...] = ("disk",)
    is_reversible = False

    def observe(self, client: Any, change: Change) -> Live:
        """Read the snapshot, and the disk where it is there."""
        kept = disks.observe_snapshot(client, change, change.parameters.get("snapshot", ""))
        live = disks.observe_disk(client, _named(change))
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
        return WAIT if live.state in ("CREATING", "RESTORING") else None

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Create it."""
        where, asked = name_of(change), change.parameters
        wanted = {
            "name": asked["name"],
            "source_snapshot": live.facts["snapshot_id"],
            "type_": f"zones/{where.zone}/diskTypes/{asked['volume_type']}",
            "size_gb": asked.get("size_gib"),
            "provisioned_iops": asked.get("iops"),
            "provisioned_throughput": asked.get("throughput"),
            "labels": asked.get("tags"),
        }
        disk = {name: value for name, value in wanted.items() if value}
        begin(client, change, _INSERT, client.disks.insert_unary, where, token, {"disk_resource": disk})


def _named(change: Change) -> Change:
    """Return the change with the disk's name in its id: a bill may have the number of the one that is deleted."""
    folder = change.target.resource_id.rpartition("/")[0]
    resource_id = f"{folder}/{change.parameters.get('name', '')}"
    return replace(change, target=replace(change.target, resource_id=resource_id))
