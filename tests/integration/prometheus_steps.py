"""Sources of type ``prometheus`` for the lines that the tests' server has."""

from __future__ import annotations

from typing import Any

from servers.prometheus import PrometheusServer

LABELS = {"from": "Hostname", "pattern": r"(.+)\.internal", "names": {"gpu-2": "i-0b2"}}


def metrics(server: PrometheusServer, **more: Any) -> dict[str, Any]:
    columns = {"provider": {"value": "aws"}, "resource_id": LABELS}
    head = {"name": "gpu", "kind": "resource_metrics", "type": "prometheus", "url": server.proxy.url}
    return head | {"columns": columns, "days_back": 1, "settle_minutes": 0} | more


def counts(server: PrometheusServer, **more: Any) -> dict[str, Any]:
    columns = {
        "provider": {"value": "aws"},
        "endpoint_id": "service",
        "model": "model_name",
        "model_version": "version",
        "stage": {"value": "production"},
    }
    head = {"name": "vllm", "kind": "inference_counts", "type": "prometheus", "url": server.proxy.url}
    return head | {"columns": columns, "days_back": 1, "settle_minutes": 0} | more


ONLY_GPU = {
    name: False
    for name in (
        "gpu_memory_utilization",
        "cpu_utilization",
        "memory_utilization",
        "network_bytes_per_second",
        "disk_bytes_per_second",
    )
}
