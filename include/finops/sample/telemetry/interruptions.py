"""Checkpoints of training runs, and the interruptions of spot instances that cost what came after the last one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from finops.core.telemetry import TelemetryKind
from finops.sample.telemetry.assets import Asset, Purpose, Role
from finops.sample.telemetry.runs import Cast, Run
from finops.sample.telemetry.scene import Scene

_STALE_DAYS = 7
_BYTES_PER_GPU = 4_000_000_000
_LOST, _RESTART = 0.75, 0.5
_SPOT_CADENCE = 2
_HOT, _COLD = 4, 12
"""Of so many instances one is interrupted: in the group where it happens too often, and in the others."""


@dataclass(frozen=True, slots=True)
class _Interruption:
    """A run that lost its instance at an hour of the month; its last checkpoint was ``_LOST`` hours before."""

    run: Run
    hour: float


def write(scene: Scene, cast: Cast) -> None:
    """Write spot interruptions and the checkpoints of all training runs; nothing where no bucket is billed."""
    every = scene.by_role(Role.BUCKET)
    buckets = [each for each in every if not each.is_old_bucket] or every
    if not buckets:
        return
    interrupted = {each.run.id for each in _interruptions(scene, cast.runs)}
    steady = [run for run in cast.runs if _checkpoints_of(run, interrupted)]
    daily = _daily(cast, steady, {each.model for each in buckets})
    for run in steady:
        bucket = _bucket(run, buckets)
        is_hourly = run is cast.planted.get("full")
        cadence = 24 if run is daily else _cadence(run, interrupted, is_hourly=is_hourly)
        hours = np.arange(run.start + cadence, run.until + 0.01, cadence)
        _checkpoint(scene, run, bucket, hours, is_read=run is not daily)
        if is_hourly or run is daily:
            _tell_cadence(scene, run, bucket, cadence, len(hours))
    _tell_stale(scene)


def _cadence(run: Run, interrupted: set[str], *, is_hourly: bool) -> int:
    """Return after how many hours a run writes its next checkpoint; what bears interruptions writes often."""
    if is_hourly:
        return 1
    return _SPOT_CADENCE if run.id in interrupted or run.asset.purpose is Purpose.SPOT_CANDIDATE else 12


def _checkpoints_of(run: Run, interrupted: set[str]) -> bool:
    return run.asset.gpus > 0 and (run.stage == "training" or run.id in interrupted)


def _daily(cast: Cast, steady: Sequence[Run], models: set[str]) -> Run | None:
    """Return the longest run that is planted for nothing else: its checkpoints are daily, and never read.

    One whose model has a bucket of its own (``models``) comes first.
    """
    planted = {run.id for run in cast.planted.values()}
    free = [run for run in steady if run.id not in planted and not run.asset.is_spot and not run.asset.purpose]
    return max(free, key=lambda run: (run.asset.model in models, run.until - run.start, run.id), default=None)


def _bucket(run: Run, buckets: Sequence[Asset]) -> Asset:
    of_model = [each for each in buckets if each.model == run.asset.model]
    return (of_model or buckets)[0]


def _checkpoint(scene: Scene, run: Run, bucket: Asset, hours: np.ndarray, *, is_read: bool) -> None:
    size = _BYTES_PER_GPU * run.asset.gpus
    rows = scene.rows[TelemetryKind.CHECKPOINTS]
    for number, hour in enumerate(hours, start=1):
        read = is_read and scene.chance.random() < 0.6
        last_read = min(hour + scene.chance.randint(1, 10), scene.hours - 0.01) if read else None
        rows.append(
            {
                "run_id": run.id,
                "created_at": scene.moment(hour),
                "size_bytes": size,
                "uri": f"{bucket.uri}/{run.id}/checkpoint-{number:04d}.pt",
                "last_read_at": None if last_read is None else scene.moment(max(last_read, hour)),
            }
        )


def _tell_cadence(scene: Scene, run: Run, bucket: Asset, cadence: int, count: int) -> None:
    keys = {"run_id": run.id, "model": run.asset.model, "bucket": bucket.uri, "bucket_resource_id": bucket.id}
    size = _BYTES_PER_GPU * run.asset.gpus
    known = {"hours_between": cadence, "checkpoints": count, "bytes": count * size}
    scene.tell("hourly checkpoints" if cadence == 1 else "daily checkpoints, never read", "storage", keys, known)


def _tell_stale(scene: Scene) -> None:
    """Note how many checkpoints, and how many bytes, are old and were never read when the month ends."""
    before = scene.moment(scene.hours - 24 * _STALE_DAYS)
    rows = scene.rows[TelemetryKind.CHECKPOINTS]
    stale = [each for each in rows if each["last_read_at"] is None and each["created_at"] < before]
    known = {
        "as_of": scene.text(scene.hours),
        "created_before": scene.text(scene.hours - 24 * _STALE_DAYS),
        "checkpoints": len(rows),
        "stale_checkpoints": len(stale),
        "stale_bytes": sum(each["size_bytes"] for each in stale),
    }
    scene.tell("stale checkpoints", "storage", {}, known)


def _interruptions(scene: Scene, runs: Sequence[Run]) -> list[_Interruption]:
    groups: dict[tuple[str, str], list[Asset]] = defaultdict(list)
    for asset in scene.by_role(Role.TRAINER):
        if asset.is_spot:
            groups[asset.instance_type, asset.zone or ""].append(asset)
    if not groups:
        return []
    hot = max(groups, key=lambda name: (len(groups[name]), name))
    first = {run.asset.id: run for run in reversed(runs)}
    found: list[_Interruption] = []
    for name in sorted(groups):
        found += _of_group(scene, groups[name], first, is_hot=name == hot)
    _write_interruptions(scene, found)
    mine = [each for each in found if (each.run.asset.instance_type, each.run.asset.zone or "") == hot]
    _tell_group(scene, hot, len(groups[hot]), mine)
    return found


def _of_group(scene: Scene, assets: Sequence[Asset], first: dict[str, Run], *, is_hot: bool) -> Iterator[_Interruption]:
    """Yield which instances are interrupted: one in four of the hot group (at least one), else one in twelve."""
    count = ceil(len(assets) / _HOT) if is_hot else len(assets) // _COLD
    lasting = [each for each in assets if each.id in first and first[each.id].until - first[each.id].start >= 6]
    for asset in lasting[:count]:
        run = first[asset.id]
        steps = max(1, int((run.until - run.start) // (2 * _SPOT_CADENCE)))
        hour = run.start + _SPOT_CADENCE * scene.chance.randint(1, steps) + _LOST
        yield _Interruption(run, hour)


def _write_interruptions(scene: Scene, found: Sequence[_Interruption]) -> None:
    for each in found:
        asset = each.run.asset
        scene.rows[TelemetryKind.SPOT_INTERRUPTIONS].append(
            {
                "provider": str(scene.provider),
                "resource_id": asset.id,
                "instance_type": asset.instance_type,
                "zone": asset.zone,
                "job_id": each.run.id,
                "interrupted_at": scene.moment(each.hour),
                "restarted_at": scene.moment(each.hour + _RESTART),
            }
        )


def _tell_group(scene: Scene, name: tuple[str, str], instances: int, found: Sequence[_Interruption]) -> None:
    known = {
        "spot_instances": instances,
        "interrupted": len(found),
        "interruption_rate": round(len(found) / instances, 6),
        "lost_gpu_hours": sum(_LOST * each.run.asset.gpus for each in found),
        "restart_gpu_hours": sum(_RESTART * each.run.asset.gpus for each in found),
    }
    keys = {"instance_type": name[0], "zone": name[1] or None}
    scene.tell("spot instances that are interrupted too often", "spot", keys, known)
    for each in found[:3]:
        run = each.run
        keys = {"job_id": run.id, "resource_id": run.asset.id, "model": run.asset.model, "model_version": run.version}
        job = {
            "interrupted_at": scene.text(each.hour),
            "last_checkpoint_at": scene.text(each.hour - _LOST),
            "lost_hours": _LOST,
            "restart_hours": _RESTART,
            "gpu_count": run.asset.gpus,
        }
        scene.tell("spot job that lost its instance", "spot", keys, job)
