"""The live state of a snapshot."""

from __future__ import annotations

from typing import Any

from finops.rightsizing.actions.aws.base import tags_of
from finops.rightsizing.actions.aws.calls import AwsAccount, Gone, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change

READS = (
    "ec2:DescribeImages",
    "ec2:DescribeSnapshotAttribute",
    "ec2:DescribeSnapshotTierStatus",
    "ec2:DescribeSnapshots",
)
STANDARD, ARCHIVE = "standard", "archive"
ARCHIVING, RESTORING = "archival-in-progress", "permanent-restore-in-progress"


def observe_snapshot(account: AwsAccount, change: Change) -> Live:
    """Return a snapshot of the account as it is: where it is stored, and what else depends on it."""
    name = short(change.target.resource_id)
    try:
        found = read(account, change, "ec2:DescribeSnapshots", OwnerIds=["self"], SnapshotIds=[name])["Snapshots"]
    except Gone:
        return Live(exists=False)
    if not found:
        return Live(exists=False)
    filters = [{"Name": "snapshot-id", "Values": [name]}]
    answer = read(account, change, "ec2:DescribeSnapshotTierStatus", Filters=filters)
    tiers = answer["SnapshotTierStatuses"] or [{}]
    facts = {
        "volume": found[0]["VolumeId"],
        "storage_tier": tiers[0].get("StorageTier") or STANDARD,
        "tiering": tiers[0].get("LastTieringOperationStatus") or "",
        "images": _images(account, change, name),
        "is_shared": _is_shared(account, change, name),
        "others_of_volume": _others(account, change, name, found[0]["VolumeId"]),
    }
    return Live(exists=True, state=found[0]["State"], tags=tags_of(found[0].get("Tags")), facts=facts)


def _images(account: AwsAccount, change: Change, name: str) -> list[str]:
    """Return the images that machines are started from with it; a disabled one starts none."""
    filters = [{"Name": "block-device-mapping.snapshot-id", "Values": [name]}]
    answer = read(account, change, "ec2:DescribeImages", Owners=["self"], Filters=filters)
    return sorted(each["ImageId"] for each in answer["Images"] if each.get("State") != "disabled")


def _is_shared(account: AwsAccount, change: Change, name: str) -> bool:
    asked = {"SnapshotId": name, "Attribute": "createVolumePermission"}
    answer: dict[str, Any] = read(account, change, "ec2:DescribeSnapshotAttribute", **asked)
    return bool(answer.get("CreateVolumePermissions"))


def _others(account: AwsAccount, change: Change, name: str, volume: str) -> int:
    """Return how many other snapshots of the volume are in the standard tier: they share its data."""
    filters = [{"Name": "volume-id", "Values": [volume]}]
    answer = read(account, change, "ec2:DescribeSnapshots", OwnerIds=["self"], Filters=filters)
    others = [each for each in answer["Snapshots"] if each["SnapshotId"] != name]
    return sum(each.get("StorageTier", STANDARD) == STANDARD for each in others)
