"""Sources of type ``prometheus``: what is asked, and which label holds what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from finops.core.telemetry import TelemetryKind
from finops.policy.loader import Entry, Text
from finops.policy.telemetry.asked import ColumnSource, HttpSource

Metric = Literal[
    "gpu_utilization",
    "gpu_memory_utilization",
    "cpu_utilization",
    "memory_utilization",
    "concurrency_utilization",
    "network_bytes_per_second",
    "disk_bytes_per_second",
]

_PHYSICAL = 'device!~"lo|veth.*|docker.*|cali.*|cni.*|br-.*"'

DEFAULT_METRICS: dict[Metric, str] = {
    "gpu_utilization": "avg by ($by) (DCGM_FI_DEV_GPU_UTIL)",
    "gpu_memory_utilization": (
        "100 * sum by ($by) (DCGM_FI_DEV_FB_USED) / sum by ($by) (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE)"
    ),
    "cpu_utilization": '100 * (1 - avg by ($by) (rate(node_cpu_seconds_total{mode="idle"}[5m])))',
    "memory_utilization": (
        "100 * (1 - sum by ($by) (node_memory_MemAvailable_bytes) / sum by ($by) (node_memory_MemTotal_bytes))"
    ),
    "network_bytes_per_second": (
        f"sum by ($by) (rate(node_network_receive_bytes_total{{{_PHYSICAL}}}[5m])) + "
        f"sum by ($by) (rate(node_network_transmit_bytes_total{{{_PHYSICAL}}}[5m]))"
    ),
    "disk_bytes_per_second": (
        "sum by ($by) (rate(node_disk_read_bytes_total[5m])) + sum by ($by) (rate(node_disk_written_bytes_total[5m]))"
    ),
}
"""One value per resource at any time, of the exporters dcgm-exporter and node_exporter."""


def _as_list(given: object) -> object:
    return [given] if isinstance(given, str) else given


Counters = Annotated[tuple[Text, ...], BeforeValidator(_as_list)]
"""Counters that are added up."""


class PrometheusSource(HttpSource):
    """A server with Prometheus's HTTP API: Prometheus itself, Thanos, Mimir, VictoriaMetrics.

    ``$by`` in a query stands for the labels that the columns need.
    """

    type: Literal["prometheus"]
    step_seconds: int = Field(
        default=60, ge=10, le=3600, description="How far apart the values are that are looked at."
    )

    @field_validator("step_seconds")
    @classmethod
    def _in_an_hour(cls, value: int) -> int:
        if 3600 % value:
            raise ValueError("must divide an hour: 10, 15, 30, 60, 300 …")
        return value


class ResourceColumns(Entry):
    """Which label says whose resource it is, and which resource."""

    provider: ColumnSource
    resource_id: ColumnSource


class PrometheusMetrics(PrometheusSource):
    """Utilization and throughput of resources."""

    kind: Literal[TelemetryKind.RESOURCE_METRICS]
    columns: ResourceColumns
    metrics: dict[Metric, Text | Literal[False]] = Field(
        default={}, description="Queries instead of the usual ones; false: not asked for."
    )

    @property
    def queries(self) -> dict[str, str]:
        """What is asked for each metric."""
        return {name: query for name, query in (DEFAULT_METRICS | self.metrics).items() if query is not False}


class EndpointColumns(Entry):
    """Which label says which endpoint serves which model."""

    provider: ColumnSource
    endpoint_id: ColumnSource
    model: ColumnSource
    model_version: ColumnSource | None = None
    stage: ColumnSource | None = None


class EndpointCounters(Entry):
    """The counters of requests and tokens; without any those of vLLM."""

    requests: Counters
    successes: Counters
    tokens_in: Counters = ()
    tokens_out: Counters = ()
    latency_p95_ms: Text | None = Field(
        default=None, description="One value per endpoint; $window stands for the hour it is about."
    )


VLLM = EndpointCounters(
    requests=("vllm:request_success_total",),
    successes=('vllm:request_success_total{finished_reason!="abort"}',),
    tokens_in=("vllm:prompt_tokens_total",),
    tokens_out=("vllm:generation_tokens_total",),
    latency_p95_ms=(
        "1000 * histogram_quantile(0.95, sum by (le, $by) (rate(vllm:e2e_request_latency_seconds_bucket[$window])))"
    ),
)


class PrometheusCounts(PrometheusSource):
    """Requests and tokens of inference endpoints."""

    kind: Literal[TelemetryKind.INFERENCE_COUNTS]
    columns: EndpointColumns
    counters: EndpointCounters = VLLM

    @model_validator(mode="after")
    def _fine_enough(self) -> PrometheusCounts:
        if self.step_seconds > 300:
            raise ValueError("step_seconds must be at most 300 for counters: a reset between two values is not seen")
        return self
