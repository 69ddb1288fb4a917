"""The live state of a volume."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from finops.rightsizing.actions.aws.base import tags_of
from finops.rightsizing.actions.aws.calls import AwsAccount, Gone, read
from finops.rightsizing.actions.aws.names import short
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change

REST = timedelta(hours=6)
"""How long AWS lets a volume rest between two changes."""
KEPT_OF = "finops-snapshot-of"
"""The tag of a snapshot that was made before its volume was deleted; its value is the volume's id."""


def observe_volume(account: AwsAccount, change: Change) -> Live:
    """Return a volume as it is. Sizes are GiB, throughput is MiB a second."""
    volume_id = short(change.target.resource_id)
    try:
        found = read(account, change, "ec2:DescribeVolumes", VolumeIds=[volume_id])["Volumes"]
    except Gone:
        return Live(exists=False)
    if not found:
        return Live(exists=False)
    volume = found[0]
    facts = {
        "zone": volume["AvailabilityZone"],
        "size_gib": volume["Size"],
        "volume_type": volume["VolumeType"],
        "iops": volume.get("Iops"),
        "throughput": volume.get("Throughput"),
        "is_shared": volume.get("MultiAttachEnabled", False),
        "attached_to": [each["InstanceId"] for each in volume.get("Attachments", [])],
    }
    return Live(exists=True, state=volume["State"], tags=tags_of(volume.get("Tags")), facts=facts)


def last_modification(account: AwsAccount, change: Change) -> dict[str, Any]:
    """Return whether the volume is being changed, and until when AWS lets it rest (ISO, UTC; empty: it may change)."""
    volume_id = short(change.target.resource_id)
    try:
        answer = read(account, change, "ec2:DescribeVolumesModifications", VolumeIds=[volume_id])
    except Gone:
        return {"is_changing": False, "rests_until": ""}
    found = answer["VolumesModifications"]
    is_changing = any(each.get("ModificationState") == "modifying" for each in found)
    ends = [each["StartTime"] + REST for each in found if each.get("ModificationState") != "failed"]
    last = max(ends, default=datetime.min.replace(tzinfo=UTC))
    rests = last.isoformat(timespec="minutes") if last > datetime.now(UTC) else ""
    return {"is_changing": is_changing, "rests_until": rests}


def kept_snapshot(account: AwsAccount, change: Change) -> dict[str, Any] | None:
    """Return the newest snapshot that was made of the volume before its deletion; None where there is none."""
    volume_id = short(change.target.resource_id)
    filters = [{"Name": f"tag:{KEPT_OF}", "Values": [volume_id]}]
    found = read(account, change, "ec2:DescribeSnapshots", OwnerIds=["self"], Filters=filters)["Snapshots"]
    return max(found, key=lambda each: each["StartTime"], default=None)
