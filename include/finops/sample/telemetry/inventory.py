"""What resources there are, day by day, and how each is set up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np
import pyarrow as pa

from finops.core.providers import Provider
from finops.core.telemetry import TelemetryKind
from finops.sample.chance import seeded
from finops.sample.columnar import shared_text
from finops.sample.telemetry.assets import Asset, Purpose
from finops.sample.telemetry.columns import type_of
from finops.sample.telemetry.scene import Scene
from finops.sample.telemetry.waste import Part

_SEEN_AT = 23.5
"""Hour of the day."""
_FIRST_MADE, _LAST_USED = datetime(2023, 6, 1, tzinfo=UTC), datetime(2024, 10, 1, tzinfo=UTC)
_BACKED_UP = datetime(2025, 1, 1, tzinfo=UTC)
_MADE_WITHIN = 400
_HOURS_A_MONTH = 730
_FIXED_SIZES = {"P30 LRS Disk": 1024.0}
_VOLUME_TYPES = {"P30": "Premium_LRS", "SSD": "pd-ssd", "Storage PD": "pd-standard", "EBS": "gp3"}
_STATES = {
    "machine": "running",
    "disk": "in_use",
    "snapshot": "completed",
    "address": "in_use",
    "load_balancer": "active",
    "notebook": "running",
    "endpoint": "in_service",
    "group": "active",
}
_UNUSED = frozenset({"stale_checkpoints", "idle_load_balancer", "idle_notebook", "idle_endpoint"})
_IN_USE = frozenset({"bucket", "load_balancer", "notebook", "endpoint"})
_LOCAL_DISKS = {
    Provider.AWS: ("g5.", "g6e.", "p4d.", "p5."),
    Provider.AZURE: ("Standard_NC", "Standard_ND"),
    Provider.GCP: ("a3-",),
}
"""What types that have disks of their own begin with."""
_SCRATCH = {"finops-local-disk": "scratch"}
_STOPS = ("stop_machine", "resize_machine")
_LIFECYCLE = [{"id": "old-checkpoints", "prefix": "", "archive_after_days": 30, "delete_after_days": 180}]


def write(scene: Scene, parts: Mapping[str, Part]) -> None:
    """Write a row for each resource and day on which it is billed."""
    things = [*(each for each in scene.assets if each.type), *_groups(scene, parts)]
    if not things:
        return
    machines = [each for each in things if each.type == "machine" and each.is_lasting and not each.is_spot]
    rows = [_columns(scene, asset, parts.get(asset.id), machines) for asset in things]
    owner, days = _days(scene, things)
    observed = np.minimum(days * 24 + _SEEN_AT, np.array([each.last - 0.5 for each in things])[owner])
    is_later = np.array([each.later.first if each.later else np.inf for each in things])[owner] <= observed
    columns: dict[str, pa.Array] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if pa.types.is_string(type_of(name)):
            columns[name] = shared_text(values, owner).cast(pa.string())
        else:
            columns[name] = pa.array(values, type_of(name)).take(pa.array(owner))
    types = [each.later.instance_type if each.later else each.instance_type or None for each in things]
    later = shared_text(types, owner).cast(pa.string())
    columns["instance_type"] = pa.compute.if_else(pa.array(is_later), later, columns["instance_type"])
    columns["observed_at"] = _moments(scene, observed)
    used = np.array([_is_used(each, parts.get(each.id)) for each in things])[owner]
    recent = _moments(scene, observed - 1.25)
    columns["last_used_at"] = pa.compute.if_else(pa.array(used), recent, columns["last_used_at"])
    scene.tables[TelemetryKind.RESOURCE_INVENTORY].append(pa.table(columns))


def _days(scene: Scene, things: Sequence[Asset]) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each row, the position of its resource, and the day of the month."""
    # Where some of its use reached the bill late, it was there on the first day nevertheless.
    first = np.array([each.first // 24 if each.is_whole or not each.is_lasting else 0 for each in things])
    end = np.array([min(-(-each.last // 24), scene.hours // 24) for each in things])
    counts = end - first
    owner = np.repeat(np.arange(len(things), dtype=np.int32), counts)
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    return owner, offset + first[owner]


def _moments(scene: Scene, hours: np.ndarray) -> pa.Array:
    first = np.datetime64(scene.period.start.replace(tzinfo=None), "us")
    return pa.array(first + (hours * 3600).astype("timedelta64[s]"), pa.timestamp("us", "UTC"))


def _groups(scene: Scene, parts: Mapping[str, Part]) -> Iterator[Asset]:
    """Yield the scaling groups of AWS that a machine is a member of: they are on no bill."""
    for part in parts.values():
        if group := part.columns.get("group_id"):
            yield replace(part.asset, id=_group_arn(part.asset, group), type="group", zone=None, tags=())


def _group_arn(asset: Asset, name: str) -> str:
    """Return the name of a scaling group as AWS tells it: names alone are unique in a region, not in a company."""
    where = f"{asset.region}:{asset.account}"
    return f"arn:aws:autoscaling:{where}:autoScalingGroup:{uuid5(NAMESPACE_URL, name)}:autoScalingGroupName/{name}"


def _columns(scene: Scene, asset: Asset, part: Part | None, machines: Sequence[Asset]) -> dict[str, Any]:
    is_machine = asset.type == "machine"
    has_local_disk = is_machine and asset.instance_type.startswith(_LOCAL_DISKS[scene.provider])
    may_stop = part is not None and part.propose.get("action") in _STOPS
    made = {
        "provider": str(scene.provider),
        "resource_id": asset.id,
        "resource_type": asset.type,
        "observed_at": None,
        "account_id": asset.account,
        "region": asset.region,
        "zone": asset.zone,
        "instance_type": asset.instance_type or None,
        "state": _STATES.get(asset.type),
        "size_gb": _size(asset),
        "attached_to": _attached_to(asset, machines),
        "created_at": _created(scene, asset, part),
        "last_used_at": _LAST_USED if asset.type in _IN_USE else None,
        "group_id": None,
        "is_spot": str(asset.is_spot).lower() if is_machine else None,
        "has_local_disk": str(has_local_disk).lower() if is_machine else None,
        "tags": json.dumps(dict(asset.tags) | (_SCRATCH if has_local_disk and may_stop else {})),
        "details": json.dumps(_details(asset) | (part.details if part else {})),
    }
    told = dict(part.columns) if part else {}
    if "group_id" in told:
        told["group_id"] = _group_arn(asset, told["group_id"])
    return made | told


def _is_used(asset: Asset, part: Part | None) -> bool:
    return asset.type in _IN_USE and (part is None or part.rule not in _UNUSED or bool(part.reason))


def _size(asset: Asset) -> float | None:
    if asset.type not in ("disk", "snapshot", "bucket"):
        return None
    if asset.meter in _FIXED_SIZES:
        return _FIXED_SIZES[asset.meter]
    return float(np.ceil(asset.usage.sum() / (asset.last - asset.first) * _HOURS_A_MONTH))


def _attached_to(asset: Asset, machines: Sequence[Asset]) -> str | None:
    """Return the machine of a disk: one of its account where there is one, the same every month."""
    if asset.type == "address":
        return f"network-of-{asset.account}"
    if asset.type != "disk" or not machines:
        return None
    near = [each for each in machines if each.account == asset.account] or machines
    return seeded("attached", asset.id).choice(near).id


def _created(scene: Scene, asset: Asset, part: Part | None) -> datetime:
    """Return when it was made: of what lasts, before the first bill; a backup on its first day."""
    if not asset.is_lasting:
        return scene.moment(asset.first)
    if asset.type == "snapshot" and part is None:
        return min(_BACKED_UP, scene.period.start)
    made = _FIRST_MADE + timedelta(days=seeded("made", asset.id).randrange(_MADE_WITHIN))
    return min(made, scene.period.start - timedelta(days=_MADE_WITHIN))


def _details(asset: Asset) -> dict[str, Any]:
    match asset.type:
        case "machine":
            return {"architecture": "arm64" if asset.instance_type.startswith("c7g") else "x86_64"}
        case "disk":
            kind = next((name for start, name in _VOLUME_TYPES.items() if asset.meter.startswith(start)), None)
            return {"volume_type": kind, "iops": 3000, "throughput": 125}
        case "snapshot":
            return {"source_exists": True, "managed_by": "backup service"}
        case "address":
            return {"kind": "address" if asset.purpose is Purpose.IDLE_ADDRESS else "nat_gateway"}
        case "load_balancer":
            return {"targets": 3, "requests_per_day": 250_000}
        case "endpoint":
            # Azure names a deployment by its endpoint, too.
            variant = "serving/main" if asset.id.startswith("/subscriptions/") else "main"
            return {"variant": variant, "instances": 2, "minimum": 1, "maximum": 4} if asset.purpose is None else {}
        case "bucket":
            return {"lifecycle_rules": _LIFECYCLE, "has_abort_rule": True, "incomplete_upload_bytes": 0}
        case "group":
            return {"minimum": 1, "maximum": 6, "desired": 2}
        case _:
            return {}
