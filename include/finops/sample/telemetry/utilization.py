"""How busy GPUs were, by the hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from finops.core.telemetry import TelemetryKind
from finops.sample.telemetry import machines
from finops.sample.telemetry.assets import Asset, Role
from finops.sample.telemetry.behaviour import NETWORK_BUSY, NETWORK_IDLE, SCALED, Behaviour, gpu_levels, traffic
from finops.sample.telemetry.runs import Cast
from finops.sample.telemetry.scene import Scene
from finops.sample.telemetry.waste import Part, behaviour_of

_BUSY, _RESTING = 91.0, 1.0
_NEARLY_IDLE = 3.0
_SERVING = 58.0
_GAP = (100, 106)
"""The hours of a month in which one endpoint was not measured."""


def write(scene: Scene, cast: Cast, servers: Sequence[Asset], parts: Mapping[str, Part]) -> None:
    """Write utilization of every GPU: high in a run, low between runs, moderate of what serves; plant some."""
    windows: dict[str, list[tuple[float, float]]] = {}
    for run in cast.runs:
        windows.setdefault(run.asset.id, []).append((run.start, run.until))
    full = cast.planted.get("full")
    for asset in scene.by_role(Role.TRAINER):
        hours = asset.hours
        busy = np.zeros(len(hours), bool)
        for start, end in windows.get(asset.id, ()):
            busy |= (hours >= start) & (hours < end)
        average = np.where(busy, 86 + 8 * scene.draws.random(len(hours)), _RESTING)
        if full and asset is full.asset:
            average = np.full(len(hours), _BUSY)
            _tell(scene, "GPUs of a training run", asset, _BUSY, len(hours))
        _measure(scene, asset, hours, average)
        if asset.id in parts:
            network = np.where(busy, NETWORK_BUSY, NETWORK_IDLE)
            machines.measure(scene, asset, hours, {"network_bytes_per_second": (network, NETWORK_IDLE)})
    idle, gap, *_ = [*servers[2:4], None, None]
    for asset in scene.by_role(Role.SERVER):
        hours = asset.hours
        behaviour = behaviour_of(asset, parts)
        if behaviour is not Behaviour.USUAL and behaviour not in SCALED:
            machines.measure(scene, asset, *gpu_levels(behaviour, hours, scene.waste_draws))
            continue
        busy = SCALED.get(behaviour, _SERVING) * traffic(behaviour, scene.period, hours)
        average = np.clip(busy + 4 * scene.draws.standard_normal(len(hours)), 5, 98)
        if asset is idle:
            average = np.full(len(hours), _NEARLY_IDLE)
            _tell(scene, "GPU that is nearly idle", asset, _NEARLY_IDLE, len(hours))
        if asset is gap:
            is_measured = (hours < _GAP[0]) | (hours >= _GAP[1])
            hours, average = hours[is_measured], average[is_measured]
            known = {"missing_from": scene.text(_GAP[0]), "missing_until": scene.text(_GAP[1]), "hours": len(hours)}
            scene.tell("GPU that was not measured for some hours", "utilization", {"resource_id": asset.id}, known)
        _measure(scene, asset, hours, average)


def _measure(scene: Scene, asset: Asset, hours: np.ndarray, average: np.ndarray) -> None:
    """Write the utilization of GPUs, and of their memory where a lasting machine trains."""
    average = np.round(average, 2)
    has_memory = asset.role is Role.TRAINER and not asset.is_spot
    for metric, factor in (("gpu_utilization", 1.0), ("gpu_memory_utilization", 0.8))[: 1 + has_memory]:
        level = np.round(average * factor, 2)
        top = np.minimum(100.0, np.round(level + 5, 2))
        columns = {"average": level, "maximum": top, "p95": np.minimum(top, np.round(level + 3, 2))}
        head = {"provider": str(scene.provider), "resource_id": asset.id, "metric": metric}
        scene.buckets(TelemetryKind.RESOURCE_METRICS, head, hours, columns)


def _tell(scene: Scene, name: str, asset: Asset, average: float, hours: int) -> None:
    keys = {"resource_id": asset.id, "instance_type": asset.instance_type, "model": asset.model}
    known = {"gpu_utilization": average, "idle_share": round(1 - average / 100, 6), "hours": hours, "gpus": asset.gpus}
    scene.tell(name, "utilization", keys, known)
