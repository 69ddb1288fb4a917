"""What EC2 says of snapshots that move between the tiers, and moto does not; an archival takes a while."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami

from finops_airflow.local.aws_standin.request import Request
from finops_airflow.local.aws_standin.state import Reason, State

_filter_value = Ami.get_filter_value


def _of_image(self: Ami, filter_name: str, method_name: str | None = None) -> Any:
    # moto does not look for images by their snapshot.
    if filter_name == "block-device-mapping.snapshot-id":
        return self.ebs_snapshot.id
    return _filter_value(self, filter_name, method_name)


Ami.get_filter_value = _of_image  # type: ignore[method-assign]


def archive(rules: State, request: Request) -> Reason | None:
    """Refuse what is not whole, is in the archive or on its way, and what an image uses."""
    snapshot = _snapshot(request)
    if snapshot is None:
        return None
    if snapshot.status != "completed":
        return "IncorrectState", f"Snapshot {snapshot.id} is in invalid state - {snapshot.status}"
    if snapshot.storage_tier == "archive" or _is_archiving(snapshot):
        return "InvalidParameterValue", f"Snapshot {snapshot.id} is in the archive, or on its way there."
    images = [each for each in ec2_backends[request.account][request.region].amis.values() if _uses(each, snapshot)]
    if images:
        return "InvalidSnapshot.InUse", f"The snapshot {snapshot.id} is currently in use by {images[0].id}"
    return None


def restore(rules: State, request: Request) -> Reason | None:
    """Refuse what is not in the archive."""
    snapshot = _snapshot(request)
    if snapshot is None or snapshot.storage_tier == "archive":
        return None
    return "IncorrectState", f"Snapshot {snapshot.id} is not in the archive tier."


def archiving(rules: State, request: Request) -> None:
    """Let an archival take a while."""
    snapshot = _snapshot(request)
    if snapshot is not None:
        snapshot.storage_tier, snapshot.last_tiering_operation_status = "standard", "archival-in-progress"
        rules.move(f"tier of {snapshot.id}", snapshot, "archive")


def looked_at_tiers(rules: State, request: Request) -> None:
    """Count a look at the tiers of an account's snapshots."""
    for name, (thing, end, looks) in list(rules.moving.items()):
        if end != "archive" or thing.owner_id != request.account:
            continue
        if looks > 1:
            rules.moving[name] = (thing, end, looks - 1)
        else:
            del rules.moving[name]
            thing.storage_tier, thing.last_tiering_operation_status = end, "archival-completed"


def _snapshot(request: Request) -> Any:
    return ec2_backends[request.account][request.region].snapshots.get(request.resource)


def _is_archiving(snapshot: Any) -> bool:
    return bool(snapshot.last_tiering_operation_status == "archival-in-progress")


def _uses(image: Any, snapshot: Any) -> bool:
    return image.state != "disabled" and image.ebs_snapshot is snapshot
