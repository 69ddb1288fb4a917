"""What is stored and nobody uses, or in a dearer way than needed: disks, snapshots, checkpoints, uploads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finops.core.providers import Provider
from finops.rightsizing.models import Change, Finding, Level, ResourceType
from finops.rightsizing.proposing import change, finding, money
from finops.rightsizing.resource import Known, Resource

_GIB = 2**30
_FREE = ("available", "unattached", "ready", "detached")


def unattached_disk(resource: Resource, known: Known) -> Finding | None:
    """Find a disk that nothing is attached to, for long enough. A state that is not told is not unattached."""
    since = resource.last_used or resource.created
    rules = known.rules.storage
    if resource.type is not ResourceType.DISK or resource.attached_to or resource.state not in _FREE:
        return None
    if since is None or (days := (known.run_date - since).days) < rules.unattached_days:
        return None
    size = f"{resource.size_gb:g} GB" if resource.size_gb is not None else "unknown size"
    return finding(
        "unattached_disk",
        resource,
        known,
        1 - rules.snapshot_share,
        f"A disk of {size} is attached to nothing; it was {'used' if resource.last_used else 'made'} {days} days ago.",
        {"size_gb": resource.size_gb, "days": days, "snapshot_share": str(rules.snapshot_share)},
        confidence=0.9 if resource.last_used else 0.75,
        risk=Level.MEDIUM,
        proposed=change(resource, "delete_volume"),
        note="a snapshot is made first, and its cost is left out of the saving",
    )


def old_snapshot(resource: Resource, known: Known) -> Finding | None:
    """Find a snapshot that is older than anybody is likely to go back to, and that no backup service keeps."""
    limit = known.rules.storage.snapshot_days
    if resource.type is not ResourceType.SNAPSHOT or resource.created is None or resource.details.get("managed_by"):
        return None
    if resource.details.get("storage_tier") == "archive":
        return None
    days = (known.run_date - resource.created).days
    last_used = resource.last_used or resource.created
    if days <= limit or (known.run_date - last_used).days <= limit:
        return None
    gone = ", and its disk is gone" if resource.details.get("source_exists") is False else ""
    archived = _is_alone(resource, known) and resource.target.provider == Provider.AWS
    return finding(
        "old_snapshot",
        resource,
        known,
        known.rules.storage.snapshot_archive_discount if archived else Decimal(1),
        f"A snapshot is {days} days old; more than {limit} are old{gone}.",
        {"days": days, "source": resource.attached_to},
        confidence=0.8 if gone else 0.6,
        risk=Level.LOW if archived else Level.HIGH,
        proposed=change(resource, "archive_snapshot") if archived else None,
        note="in the archive for 90 days at least; to bring it back takes up to 72 hours. Deleted it would cost nothing"
        if archived
        else "deleting it cannot be undone",
    )


def _is_alone(resource: Resource, known: Known) -> bool:
    """Tell whether no other snapshot of its disk is known: an archive stores all of the disk, others but a part.

    A disk that is there may get another snapshot any day.
    """
    if resource.details.get("source_exists") is not False or not resource.attached_to:
        return False
    of_disk = (resource.target.provider, resource.attached_to)
    every = {name for (*disk, _), names in known.snapshots.items() if tuple(disk) == of_disk for name in names}
    return every <= {resource.target.resource_id}


def backup_cadence(resource: Resource, known: Known) -> Finding | None:
    """Find a snapshot that is one too many of its disk's day, beside the last of that day."""
    if resource.type is not ResourceType.SNAPSHOT or resource.created is None or not resource.attached_to:
        return None
    most = known.rules.storage.backups_per_day
    same_day = known.snapshots.get((resource.target.provider, resource.attached_to, resource.created), ())
    if len(same_day) <= most or resource.target.resource_id in same_day[-most:]:
        return None
    return finding(
        "backup_cadence",
        resource,
        known,
        Decimal(1),
        f"It is one of {len(same_day)} snapshots of {resource.attached_to} on {resource.created}; "
        f"{most} a day {'suffices' if most == 1 else 'suffice'}.",
        {"snapshots_of_the_day": len(same_day), "source": resource.attached_to},
        confidence=0.5,
        risk=Level.MEDIUM,
        note="make backups less often, and delete the surplus",
    )


def old_volume_type(resource: Resource, known: Known) -> Finding | None:
    """Find a gp2 volume that gp3 gives the same speed for less."""
    if resource.type is not ResourceType.DISK or resource.details.get("volume_type") != "gp2" or not resource.size_gb:
        return None
    rules, size = known.rules.storage, Decimal(str(resource.size_gb))
    iops = min(max(3 * size, Decimal(100)), Decimal(16_000))
    throughput = Decimal(250 if size > 170 else 128)
    old = size * rules.gp2_per_gb
    more_iops, more_throughput = max(iops - 3000, Decimal(0)), max(throughput - 125, Decimal(0))
    if size <= 170:
        # gp2 of this size bursts to 128 MB/s, which its 125 of gp3 are as good as.
        more_throughput = Decimal(0)
    new = size * rules.gp3_per_gb + more_iops * rules.gp3_per_iops + more_throughput * rules.gp3_per_mbps
    if not old or new >= old:
        return None
    speed = {"iops": int(3000 + more_iops), "throughput": int(125 + more_throughput)}
    return finding(
        "old_volume_type",
        resource,
        known,
        1 - new / old,
        f"A gp2 volume of {resource.size_gb:g} GB has {int(iops)} IOPS; gp3 with {speed['iops']} IOPS and "
        f"{speed['throughput']} MB/s costs {(1 - new / old) * 100:.0f} % less (prices of {rules.priced_on}).",
        {"size_gb": resource.size_gb, "price_ratio": float(new / old), **speed},
        confidence=0.95,
        proposed=change(resource, "change_volume", volume_type="gp3", **speed),
    )


def stale_checkpoints(resource: Resource, known: Known) -> Finding | None:
    """Find a bucket whose checkpoints are old or were never read, and that no lifecycle rule clears."""
    stored = known.stored.get((resource.target.provider, resource.target.resource_id))
    if resource.type is not ResourceType.BUCKET or not resource.cost.monthly:
        return None
    if stored is None:
        return _left_behind(resource, known)
    rules = known.rules.storage
    prefix = str(resource.details.get("checkpoint_prefix") or rules.checkpoint_prefix)
    if _has_rule(resource, prefix, "delete_after_days"):
        return None
    saving = stored.stale_cost + stored.archive_saving
    evidence = (
        f"{stored.stale} checkpoints of {stored.stale_gb:,.0f} GB were never read and are stale, at "
        f"{money(stored.stale_cost, resource.currency)} a month; archiving {stored.old} old ones saves "
        f"{money(stored.archive_saving, resource.currency)}."
    )
    rule: dict[str, Any] = {
        "id": "finops-checkpoints",
        "prefix": prefix,
        "archive_after_days": rules.archive_after_days,
        "delete_after_days": rules.delete_after_days,
        "abort_uploads_after_days": rules.abort_uploads_after_days,
    }
    return finding(
        "stale_checkpoints",
        resource,
        known,
        saving / resource.cost.monthly,
        evidence,
        {"stale": stored.stale, "stale_gb": stored.stale_gb, "old": stored.old, "prefix": prefix},
        confidence=0.8,
        risk=Level.HIGH,
        proposed=change(resource, "set_lifecycle", rules=[rule]),
        note=f"everything below {prefix} is deleted after {rules.delete_after_days} days, read or not",
    )


def _left_behind(resource: Resource, known: Known) -> Finding | None:
    """Find a bucket of checkpoints that no run of the telemetry wrote, and that nobody has used for long.

    What is in it is not known one by one, so it is archived and not deleted.
    """
    rules = known.rules.storage
    prefix = resource.details.get("checkpoint_prefix")
    name = resource.target.resource_id.casefold()
    is_of_checkpoints = prefix is not None or any(each.casefold() in name for each in rules.checkpoint_words)
    if not is_of_checkpoints or resource.last_used is None:
        return None
    days = (known.run_date - resource.last_used).days
    prefix = str(prefix or "")
    is_cleared = any(_has_rule(resource, prefix, each) for each in ("archive_after_days", "delete_after_days"))
    if days <= rules.delete_after_days or is_cleared:
        return None
    rule = {"id": "finops-checkpoints", "prefix": prefix, "archive_after_days": rules.archive_after_days}
    return finding(
        "stale_checkpoints",
        resource,
        known,
        rules.archive_discount,
        f"Nobody has used its checkpoints for {days} days, since {resource.last_used}, and no lifecycle clears them; "
        f"archived they cost {rules.archive_discount * 100:.0f} % less.",
        {"days": days, "prefix": prefix, "archive_discount": str(rules.archive_discount)},
        confidence=0.7,
        risk=Level.MEDIUM,
        proposed=change(resource, "set_lifecycle", rules=[rule]),
        note="archived objects take hours to read again; delete them once nobody needs them",
    )


def incomplete_uploads(resource: Resource, known: Known) -> Finding | None:
    """Find parts of uploads that never ended: nobody sees them, and they cost as objects do."""
    parts = _number(resource.details.get("incomplete_upload_bytes"))
    if resource.type is not ResourceType.BUCKET or not parts or not resource.size_gb:
        return None
    is_aborted = resource.details.get("has_abort_rule")
    if _has_rule(resource, "", "abort_uploads_after_days") if is_aborted is None else is_aborted:
        return None
    days = known.rules.storage.abort_uploads_after_days
    gigabytes = parts / _GIB
    return finding(
        "incomplete_uploads",
        resource,
        known,
        Decimal(str(round(min(gigabytes / max(resource.size_gb, gigabytes), 1), 6))),
        f"Uploads that never ended hold {gigabytes:,.1f} of {resource.size_gb:,.0f} GB.",
        {"incomplete_upload_bytes": parts, "size_gb": resource.size_gb},
        confidence=0.9,
        proposed=_abort(resource, days),
        note="Azure throws them away by itself after a week" if resource.target.provider == Provider.AZURE else "",
    )


def _abort(resource: Resource, days: int) -> Change | None:
    """Return the change: a lifecycle rule of its own on AWS, one among the others on Google Cloud, none on Azure."""
    if resource.target.provider == Provider.AWS:
        return change(resource, "abort_uploads", after_days=days)
    if resource.target.provider == Provider.AZURE:
        return None
    return change(resource, "set_lifecycle", rules=[{"id": "finops-abort-uploads", "abort_uploads_after_days": days}])


def _has_rule(resource: Resource, prefix: str, what: str) -> bool:
    """Tell whether a lifecycle rule of the bucket does it below the prefix. Rules that are not told may do it."""
    found = resource.details.get("lifecycle_rules")
    if not isinstance(found, list):
        return True
    return any(
        isinstance(each, dict) and each.get(what) and prefix.startswith(each.get("prefix") or "") for each in found
    )


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0
