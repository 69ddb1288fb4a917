"""Compute Engine's instances, disks and snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories.gcp_project import COMPUTE, GcpProject, moment, path_of, short
from finops.telemetry.monitors.inventories.parts import Row, word, yes_no

_GIB = 2**30
_STATES = {"terminated": "stopped"}
"""What Google calls a machine that is stopped."""
_GROUPS = "/instanceGroupManagers/"


def machines(project: GcpProject, client: Any) -> Iterator[Row | Gap]:
    """Yield instances of all zones."""
    for each in project.everywhere(client, "instances", "machine"):
        if isinstance(each, Gap):
            yield each
            continue
        project.machines[path_of(each.self_link)] = project.full_name(each.self_link, each.id)
        if (columns := project.columns(each)) is None:
            continue
        disks = list(each.disks)
        state = word(each.status)
        yield columns | {
            "instance_type": short(each.machine_type),
            "state": _STATES.get(state or "", state),
            "group_id": _group(project, each),
            "is_spot": yes_no(each.scheduling.provisioning_model == "SPOT" or each.scheduling.preemptible),
            "has_local_disk": yes_no(any(disk.type_ == "SCRATCH" for disk in disks)),
            "details": {"architecture": next((disk.architecture.lower() for disk in disks if disk.architecture), None)},
        }


def disks(project: GcpProject, client: Any) -> Iterator[Row | Gap]:
    """Yield disks of all zones and regions; the first machine of one that several share is what it is attached to."""
    found: set[str] = set()
    is_whole = True
    for each in project.everywhere(client, "disks", "disk"):
        if isinstance(each, Gap):
            is_whole = False
            yield each
            continue
        found.add(project.full_name(each.self_link, each.id))
        if (columns := project.columns(each)) is None:
            continue
        user = next(iter(each.users), "")
        yield columns | {
            "state": "in_use" if user else word(each.status),
            "size_gb": float(each.size_gb),
            "attached_to": project.named(user),
            "last_used_at": None if user else moment(each.last_detach_timestamp),
            "details": {
                "volume_type": short(each.type_),
                "iops": each.provisioned_iops or None,
                "throughput": each.provisioned_throughput or None,
            },
        }
    project.disks = found if is_whole else None


def snapshots(project: GcpProject, client: Any) -> Iterator[Row]:
    """Yield snapshots, with the bytes that they hold, as Google bills them."""
    for each in project.listed(client):
        place = next(iter(each.storage_locations), "")
        if (columns := project.columns(each, place)) is None:
            continue
        source = project.full_name(each.source_disk, each.source_disk_id) if each.source_disk else ""
        yield columns | {
            "state": word(each.status),
            "size_gb": round(each.storage_bytes / _GIB, 6),
            "attached_to": (project.text(source) or source) or None,
            "details": {
                "source_exists": source in project.disks if source and project.disks is not None else None,
                "managed_by": "snapshot schedule" if each.auto_created else None,
            },
        }


def _group(project: GcpProject, machine: Any) -> str | None:
    """Return the managed group that has made a machine: Google notes it there with the project's number."""
    made_by = next((each.value for each in machine.metadata.items if each.key == "created-by"), "")
    if _GROUPS not in made_by:
        return None
    place = path_of(made_by).split("/", 2)[2]
    name = f"{COMPUTE}projects/{project.id}/{place}"
    return project.text(name) or name
