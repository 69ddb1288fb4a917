"""The telemetry of a month: of every cloud's assets, into one file for each kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.telemetry import TelemetryKind
from finops.sample.files import write_json
from finops.sample.models import AnomalyKind, Label
from finops.sample.telemetry import (
    advice,
    columns,
    concurrency,
    flows,
    interruptions,
    inventory,
    machines,
    pods,
    runs,
    serving,
    utilization,
    waste,
)
from finops.sample.telemetry.assets import Asset, Role
from finops.sample.telemetry.scene import Scene, Truth

FOLDER = "telemetry"


def write(
    out: Path,
    seed: int,
    period: BillingPeriod,
    assets: Mapping[Provider, Sequence[Asset]],
    labels: Iterable[Label],
) -> tuple[list[Path], list[Truth]]:
    """Write a month under ``out/telemetry/KIND`` and return its files and what is known of them.

    ``labels`` are the anomalies of the bills; behind a runaway endpoint is somebody who calls it.
    """
    runaway = sorted({each for each in labels if each.kind is AnomalyKind.RUNAWAY_ENDPOINT})
    scenes = [
        _played(Scene.of(provider, period, seed, found, [each for each in runaway if each.provider == provider]))
        for provider, found in assets.items()
    ]
    files = []
    for kind in TelemetryKind:
        tables: list[pa.Table] = []
        for scene in scenes:
            tables += scene.tables[kind]
            if scene.rows[kind]:
                tables.append(columns.of_rows(scene.rows[kind]))
        if tables:
            files.append(columns.write(out / FOLDER, kind, period, tables))
    return files, [truth for scene in scenes for truth in scene.truths]


def write_truths(out: Path, truths: Sequence[Truth]) -> Path:
    """Write all that is known beforehand."""
    path = out / FOLDER / "truths.json"
    write_json(path, [asdict(each) for each in truths])
    return path


def _played(scene: Scene) -> Scene:
    cast = runs.cast(scene)
    sent = flows.sent_by(scene, cast)
    runs.write(scene, cast, sent)
    interruptions.write(scene, cast)
    flows.write(scene, cast, sent)
    servers = scene.by_role(Role.SERVER)
    nodes = pods.nodes(servers)
    pods.write(scene, nodes)
    endpoints = [each for each in servers if each not in nodes]
    chosen = waste.parts(scene, cast, endpoints, nodes)
    waste.tell(scene, chosen)
    parts = {each.asset.id: each for each in chosen}
    serving.write(scene, endpoints, parts)
    utilization.write(scene, cast, endpoints, parts)
    machines.write(scene, parts)
    concurrency.write(scene)
    inventory.write(scene, parts)
    advice.write(scene, parts)
    return scene
