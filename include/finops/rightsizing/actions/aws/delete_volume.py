"""Delete a volume that nothing uses, after a snapshot of it."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.aws.base import AwsAction, tag_list, with_parameters
from finops.rightsizing.actions.aws.calls import act
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.aws.volumes import KEPT_OF, kept_snapshot, observe_volume
from finops.rightsizing.actions.model import WAIT, Live, Rejected
from finops.rightsizing.models import Change

_NO_USER_TAG = "aws:"


class DeleteVolume(AwsAction):
    """Undone by a new volume from the snapshot, which has another id."""

    name = "delete_volume"
    summary = "snapshot the volume, then delete it"
    reads: tuple[str, ...] = ("ec2:DescribeVolumes", "ec2:DescribeSnapshots")
    acts: tuple[str, ...] = ("ec2:CreateSnapshot", "ec2:CreateTags", "ec2:DeleteVolume")
    resource_types: tuple[str, ...] = ("disk",)

    def observe(self, client: Any, change: Change) -> Live:
        """Read the volume and the snapshot that is kept of it."""
        live = observe_volume(client, change)
        kept = kept_snapshot(client, change)
        facts = {**live.facts, "snapshot_id": kept and kept["SnapshotId"], "snapshot": kept and kept["State"]}
        return Live(exists=live.exists, state=live.state, tags=live.tags, facts=facts)

    def objection(self, live: Live, change: Change) -> str:
        """Refuse a volume that something uses, and one whose snapshot is of an earlier attempt: it may be old."""
        if live.facts["attached_to"]:
            return f"it is attached to {live.facts['attached_to'][0]}"
        if live.facts["snapshot_id"]:
            return (
                f"{live.facts['snapshot_id']} of an earlier attempt is there and may be old; remove its tag {KEPT_OF}"
            )
        return "" if live.state == "available" else f"it is {live.state}"

    def next_step(self, live: Live, change: Change) -> str | None:
        """Snapshot, wait until that is whole, delete."""
        if not live.exists:
            return None
        if live.state == "deleting" or live.facts["snapshot"] == "pending":
            return WAIT
        return "delete" if live.facts["snapshot"] == "completed" else "snapshot"

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Take the snapshot or delete the volume."""
        volume_id = short(change.target.resource_id)
        if live.facts["attached_to"]:
            raise Rejected(f"{volume_id} is attached to {live.facts['attached_to'][0]} since the action began")
        if step == "delete":
            act(client, change, "ec2:DeleteVolume", VolumeId=volume_id)
            return
        tags = {key: value for key, value in live.tags.items() if not key.startswith(_NO_USER_TAG)}
        specification = {"ResourceType": "snapshot", "Tags": tag_list({**tags, KEPT_OF: volume_id})}
        act(
            client,
            change,
            "ec2:CreateSnapshot",
            VolumeId=volume_id,
            Description=f"{volume_id} before it was deleted",
            TagSpecifications=[specification],
        )

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Make it anew from the snapshot."""
        return with_parameters(
            change,
            "restore_volume",
            zone=before.facts["zone"],
            volume_type=before.facts["volume_type"],
            iops=None if before.facts["volume_type"] == "gp2" else before.facts["iops"],
            throughput=before.facts["throughput"] if before.facts["volume_type"] == "gp3" else None,
            tags={key: value for key, value in before.tags.items() if not key.startswith(_NO_USER_TAG)},
        )

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Nothing: while it is not deleted it is as it was, beside its snapshot."""
        return None
