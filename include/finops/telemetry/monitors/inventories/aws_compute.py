"""EC2's machines, disks, snapshots and addresses, named as in the Cost and Usage Report.

The report has ``i-…`` and ``vol-…`` for machines and volumes, and ARNs for snapshots and addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from finops.telemetry.monitors.inventories.aws_region import AwsRegion, listed, tags_of
from finops.telemetry.monitors.inventories.parts import Row, word, yes_no

_GROUP = "aws:autoscaling:groupName"
_BACKUPS = {"aws:backup:source-resource": "AWS Backup", "aws:dlm:lifecycle-policy-id": "Data Lifecycle Manager"}
"""Tags of snapshots that a backup service keeps and deletes."""
_COPIED = "vol-ffffffff"
"""What EC2 names as the volume of a snapshot that was copied or imported."""
_PAGE = {"PaginationConfig": {"PageSize": 1000}}


def machines(region: AwsRegion) -> Iterator[Row]:
    """Yield instances, but for those that have ended: EC2 lists them for an hour still."""
    client = region.client("ec2")
    stores = [{"Name": "instance-storage-supported", "Values": ["true"]}]
    with_disks = {
        each["InstanceType"] for each in listed(client, "describe_instance_types", ("InstanceTypes",), Filters=stores)
    }
    for each in listed(client, "describe_instances", ("Reservations", "Instances"), **_PAGE):
        if (state := each["State"]["Name"]) in ("terminated", "shutting-down"):
            continue
        tags = tags_of(each.get("Tags"))
        has_local_disk = each["InstanceType"] in with_disks or each.get("RootDeviceType") == "instance-store"
        group = tags.get(_GROUP)
        yield region.columns() | {
            "resource_id": each["InstanceId"],
            "zone": each.get("Placement", {}).get("AvailabilityZone"),
            "instance_type": each["InstanceType"],
            "state": word(state),
            "created_at": each.get("LaunchTime"),
            "group_id": region.groups.get(group, group) if group else None,
            "is_spot": yes_no(each.get("InstanceLifecycle") == "spot"),
            "has_local_disk": yes_no(has_local_disk),
            "tags": tags,
            "details": {"architecture": each.get("Architecture")},
        }


def disks(region: AwsRegion) -> Iterator[Row]:
    """Yield volumes; the first machine of one that several share is what it is attached to."""
    found: set[str] = set()
    for each in listed(region.client("ec2"), "describe_volumes", ("Volumes",), **_PAGE):
        found.add(each["VolumeId"])
        attached = next((one.get("InstanceId") or "a service" for one in each.get("Attachments") or ()), None)
        yield region.columns() | {
            "resource_id": each["VolumeId"],
            "zone": each.get("AvailabilityZone"),
            "state": word(each["State"]),
            "size_gb": float(each["Size"]),
            "attached_to": attached,
            "created_at": each.get("CreateTime"),
            "tags": tags_of(each.get("Tags")),
            "details": {
                "volume_type": each.get("VolumeType"),
                "iops": each.get("Iops"),
                "throughput": each.get("Throughput"),
            },
        }
    region.volumes = found


def snapshots(region: AwsRegion) -> Iterator[Row]:
    """Yield the account's own snapshots. What they hold is billed, which EC2 does not tell: only their disk's size."""
    for each in listed(region.client("ec2"), "describe_snapshots", ("Snapshots",), OwnerIds=["self"], **_PAGE):
        tags = tags_of(each.get("Tags"))
        volume = each.get("VolumeId")
        is_known = bool(volume) and volume != _COPIED
        yield region.columns() | {
            "resource_id": region.arn(f"snapshot/{each['SnapshotId']}"),
            "state": word(each.get("State")),
            "attached_to": volume if is_known else None,
            "created_at": each.get("StartTime"),
            "tags": tags,
            "details": {
                # Of a volume in a region whose volumes were not listed nobody knows whether it is there.
                "source_exists": volume in region.volumes if is_known and region.volumes is not None else None,
                "managed_by": _keeper(tags),
                "source_gb": each.get("VolumeSize"),
                "storage_tier": each.get("StorageTier"),
            },
        }


def addresses(region: AwsRegion) -> Iterator[Row]:
    """Yield elastic addresses. EC2 lists them on one page."""
    for each in region.client("ec2").describe_addresses()["Addresses"]:
        attached = each.get("InstanceId") or each.get("NetworkInterfaceId")
        is_used = bool(attached or each.get("AssociationId"))
        yield region.columns() | {
            "resource_id": region.arn(f"elastic-ip/{each.get('AllocationId') or each['PublicIp']}"),
            "state": "in_use" if is_used else "available",
            "attached_to": attached or each.get("AssociationId"),
            "tags": tags_of(each.get("Tags")),
            "details": {"kind": "address"},
        }


def _keeper(tags: Mapping[str, Any]) -> str | None:
    return next((name for tag, name in _BACKUPS.items() if tag in tags), None)
