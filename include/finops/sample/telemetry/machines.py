"""How busy lasting machines without GPUs were, by the hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from finops.core.telemetry import TelemetryKind
from finops.sample.telemetry.assets import Asset, Purpose, Role
from finops.sample.telemetry.behaviour import Levels, cpu_levels
from finops.sample.telemetry.scene import Scene
from finops.sample.telemetry.waste import Part, behaviour_of

_CORES_OF_GPU_MACHINES = ("a2", "a3", "g2")
"""Google bills these apart from their GPUs, which are what is measured."""
_DAYS_BEFORE = 14


def write(scene: Scene, parts: Mapping[str, Part]) -> None:
    """Write the processors of each such machine; memory and network too of those that play a part."""
    for asset in scene.by_role(Role.OTHER, Role.BATCH):
        is_machine = asset.type == "machine" and not asset.instance_type.startswith(_CORES_OF_GPU_MACHINES)
        if not is_machine or not (asset.is_lasting or asset.purpose):
            continue
        measure(scene, asset, *cpu_levels(behaviour_of(asset, parts), asset, scene.period, scene.waste_draws))
        if asset.purpose in (Purpose.RESIZED, Purpose.NOT_RESIZED):
            _tell_saving(scene, asset)


def measure(scene: Scene, asset: Asset, hours: np.ndarray, levels: Levels) -> None:
    """Write hourly averages with what was largest in each hour."""
    for metric, (average, margin) in levels.items():
        average = np.round(average, 1)
        top = np.round(average + margin, 1)
        if metric.endswith("utilization"):
            top = np.minimum(top, 100.0)
        columns = {"average": average, "maximum": top, "p95": np.maximum(average, np.round(top - margin / 5, 1))}
        head = {"provider": str(scene.provider), "resource_id": asset.id, "metric": metric}
        scene.buckets(TelemetryKind.RESOURCE_METRICS, head, hours, columns)


def _tell_saving(scene: Scene, asset: Asset) -> None:
    """Note, of the month in which one machine was resized, what that saves, and that of the other one nothing does."""
    later = asset.later
    if asset.purpose is Purpose.NOT_RESIZED:
        same = next(each for each in scene.assets if each.purpose is Purpose.RESIZED)
        if same.later is None:
            return
        first, later = same.later.first, asset
    elif later is None:
        return
    else:
        first = later.first
    since = asset.begin >= first
    hours = float(asset.usage[since].sum())
    before = asset.usage[(asset.begin < first) & (asset.begin >= first - 24 * _DAYS_BEFORE)]
    known = {
        "effective_from": str(scene.moment(first).date()),
        "until": str((scene.period.end - timedelta(days=1)).date()),
        "instance_type_before": asset.instance_type,
        "instance_type_after": later.instance_type,
        "hours_before": round(float(before.sum()), 6),
        "hours_since": round(hours, 6),
        "effective_cost_per_hour_before": asset.hourly_cost,
        "effective_cost_per_hour_after": later.hourly_cost,
        "saving": round(hours * (asset.hourly_cost - later.hourly_cost), 6),
        "currency": "USD",
    }
    name = "machine that was resized" if asset.later else "action without effect"
    keys = {"resource_id": asset.id, "resource_type": asset.type, "action": "resize_machine"}
    scene.tell(name, "savings", keys, known)
