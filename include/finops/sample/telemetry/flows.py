"""Bytes that crossed zones, as the bill charges them, and the runs that sent them."""

from __future__ import annotations

import numpy as np

from finops.core.telemetry import TelemetryKind
from finops.sample.telemetry.assets import Asset, Role
from finops.sample.telemetry.counts import by_hour
from finops.sample.telemetry.runs import Cast
from finops.sample.telemetry.scene import Scene

_RUNS = 2


def sent_by(scene: Scene, cast: Cast) -> dict[str, Asset]:
    """Choose, by the id of a run, the transfer-billed resource that it sent its data through."""
    planted = {run.id for run in cast.planted.values()}
    full = [run for name, run in cast.planted.items() if name == "full"]
    ordinary = [run for run in cast.runs if run.stage == "training" and run.asset.gpus and run.id not in planted]
    through = [each for each in scene.by_role(Role.TRANSFER) if each.is_whole and each.usage.sum() > 0]
    chosen: dict[str, Asset] = {}
    for run in [*full, *ordinary][:_RUNS]:
        near = [each for each in through if each.region == run.asset.region] or through
        if near:
            chosen[run.id] = near[0]
            through.remove(near[0])
    return chosen


def write(scene: Scene, cast: Cast, sent: dict[str, Asset]) -> None:
    """Write the billed bytes of every transfer, hour by hour; of those that a run used, note the bytes of an epoch."""
    amounts: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for asset in scene.by_role(Role.TRANSFER):
        hours, sizes = amounts[asset.id] = by_hour(asset, scene.period)
        source, destination = asset.flow
        head = {
            "provider": str(scene.provider),
            "resource_id": asset.id,
            "source_zone": source,
            "destination_zone": destination,
        }
        scene.buckets(TelemetryKind.NETWORK_FLOWS, head, hours, {"bytes": sizes})
    for run in cast.runs:
        used = sent.get(run.id)
        if used is None or run.stage != "training" or not run.asset.gpus or not run.epochs:
            continue
        hours, sizes = amounts[used.id]
        inside = int(sizes[(hours >= run.start) & (hours < run.until)].sum())
        keys = {"run_id": run.id, "resource_id": used.id, "model": run.asset.model, "model_version": run.version}
        zones = {"source_zone": used.flow[0], "destination_zone": used.flow[1]}
        known = {
            "started_at": scene.text(run.start),
            "ended_at": scene.text(run.until),
            "epochs": run.epochs,
            "bytes": inside,
            "bytes_per_epoch": inside / run.epochs,
            "bytes_of_month": int(sizes.sum()),
        }
        scene.tell("bytes that a run sent", "data transfer", keys | zones, known)
