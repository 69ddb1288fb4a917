"""Kubernetes on GPU nodes: what pods asked for and used, and what was left idle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from finops.core.telemetry import TelemetryKind
from finops.sample.telemetry.assets import Asset
from finops.sample.telemetry.scene import Scene

_RESTART = 100
"""The hour of the month in which a pod is replaced by the next: half of it each."""
_GIBIBYTE = 2**30


@dataclass(frozen=True, slots=True)
class _Workload:
    """A workload by its share of a node: GPUs and processors that it asks for, and which part of these it uses."""

    namespace: str
    name: str
    gpus: float
    cpus: float
    used: float
    is_slice: bool = False


_WORKLOADS = (
    _Workload("serving", "server", 0.5, 0.4, 0.8),
    _Workload("search", "embedder", 0.125, 0.2, 0.6),
    _Workload("research", "notebook", 0.25, 0.15, 0.2, is_slice=True),
)
"""Together they ask for three quarters of a node's processors; a slice is of one GPU, the others are of all."""


def nodes(servers: Sequence[Asset]) -> list[Asset]:
    """Choose the nodes among the machines that serve: the largest and the smallest, where there are enough others."""
    machines = [each for each in servers if each.instance_type and "ml." not in each.instance_type]
    ordered = sorted(machines, key=lambda each: (-each.gpus, each.id))
    return [ordered[0], ordered[-1]] if len(ordered) > 4 else []


def write(scene: Scene, chosen: Sequence[Asset]) -> None:
    """Write each pod's hours on each node, and note the shares of the workloads and of what is idle."""
    for asset in chosen:
        cluster = f"{scene.provider}-{asset.region}"
        cpus = 12 * asset.gpus
        capacity = {
            "node_gpus": float(asset.gpus),
            "node_cpus": float(cpus),
            "node_memory_bytes": cpus * 4 * _GIBIBYTE,
        }
        shares = {}
        for work in _WORKLOADS:
            gpus = work.gpus if work.is_slice else work.gpus * asset.gpus
            columns = _columns(work, gpus, work.cpus * cpus) | capacity
            name = f"{asset.model}-{work.name}"
            for pod, hours, minutes in _pods(work, name, asset):
                head = {
                    "provider": str(scene.provider),
                    "cluster": cluster,
                    "node_resource_id": asset.id,
                    "namespace": work.namespace,
                    "workload": name,
                    "pod": pod,
                }
                scene.buckets(TelemetryKind.KUBERNETES_USAGE, head, hours, columns, minutes)
            shares[f"{work.namespace}/{name}"] = {"gpu": gpus, "gpu_share": gpus / asset.gpus, "cpu_share": work.cpus}
        _tell(scene, asset, cluster, shares)


def _columns(work: _Workload, gpus: float, cpus: float) -> dict[str, Any]:
    memory = round(cpus * 3 * _GIBIBYTE)
    return {
        "gpu_requested": gpus,
        "gpu_used": round(gpus * work.used, 6),
        "cpu_requested": round(cpus, 6),
        "cpu_used": round(cpus * work.used, 6),
        "memory_requested_bytes": memory,
        "memory_used_bytes": int(memory * work.used),
    }


def _pods(work: _Workload, name: str, asset: Asset) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return a workload's pods with their hours and minutes; the embedder's pod is replaced within an hour."""
    hours = asset.hours
    whole = np.full(len(hours), 60)
    if work.name != "embedder" or not asset.first < _RESTART < asset.last - 1:
        return [(f"{name}-0", hours, whole)]
    early, late = hours <= _RESTART, hours >= _RESTART
    minutes = np.where(hours == _RESTART, 30, 60)
    return [(f"{name}-0", hours[early], minutes[early]), (f"{name}-1", hours[late], minutes[late])]


def _tell(scene: Scene, asset: Asset, cluster: str, shares: dict[str, dict[str, float]]) -> None:
    keys = {"node_resource_id": asset.id, "resource_id": asset.id, "cluster": cluster}
    known = {
        "node_gpus": asset.gpus,
        "workloads": shares,
        "idle_gpu_share": 1 - sum(each["gpu_share"] for each in shares.values()),
        "idle_cpu_share": round(1 - sum(each["cpu_share"] for each in shares.values()), 6),
        "hours": len(asset.hours),
    }
    scene.tell("node with workloads and idle GPUs", "kubernetes", keys, known)
