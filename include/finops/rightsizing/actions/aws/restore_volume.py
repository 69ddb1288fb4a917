"""Make a deleted volume anew from the snapshot that was kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from finops.rightsizing.actions.aws.base import AwsAction, tag_list
from finops.rightsizing.actions.aws.calls import act, client_token, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.aws.volumes import kept_snapshot
from finops.rightsizing.actions.model import WAIT, Live
from finops.rightsizing.models import Change

RESTORED_FROM = "finops-restored-from"
"""The tag of the new volume; its value is the id of the deleted one."""


class RestoreVolume(AwsAction):
    """What undoes ``delete_volume``. The resource is the deleted volume; the new one has another id."""

    name = "restore_volume"
    summary = "make the deleted volume anew from its snapshot"
    parameters: Mapping[str, str] = {
        "zone": "where",
        "volume_type": "its type",
        "iops": "operations a second, except of gp2",
        "throughput": "MiB a second, of gp3",
        "tags": "its tags",
    }
    required: ClassVar[tuple[str, ...]] = ("zone", "volume_type")
    reads: tuple[str, ...] = ("ec2:DescribeVolumes", "ec2:DescribeSnapshots")
    acts: tuple[str, ...] = ("ec2:CreateVolume", "ec2:CreateTags")
    resource_types: tuple[str, ...] = ("disk",)
    is_reversible = False

    def observe(self, client: Any, change: Change) -> Live:
        """Read the snapshot, and the new volume where it is there. What exists is the snapshot."""
        kept = kept_snapshot(client, change)
        if kept is None:
            return Live(exists=False)
        filters = [{"Name": f"tag:{RESTORED_FROM}", "Values": [short(change.target.resource_id)]}]
        found = read(client, change, "ec2:DescribeVolumes", Filters=filters)["Volumes"]
        facts = {"snapshot_id": kept["SnapshotId"], "volume_id": found[0]["VolumeId"] if found else None}
        return Live(exists=True, state=found[0]["State"] if found else "", facts=facts)

    def next_step(self, live: Live, change: Change) -> str | None:
        """Create it and wait until it can be used."""
        if live.facts.get("volume_id") is None:
            return "create"
        return WAIT if live.state == "creating" else None

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Create it."""
        asked = change.parameters
        speed = {"Iops": asked.get("iops"), "Throughput": asked.get("throughput")}
        tags = {**asked.get("tags", {}), RESTORED_FROM: short(change.target.resource_id)}
        act(
            client,
            change,
            "ec2:CreateVolume",
            SnapshotId=live.facts.get("snapshot_id", ""),
            AvailabilityZone=asked["zone"],
            VolumeType=asked["volume_type"],
            ClientToken=client_token(token),
            TagSpecifications=[{"ResourceType": "volume", "Tags": tag_list(tags)}],
            **{name: value for name, value in speed.items() if value},
        )
