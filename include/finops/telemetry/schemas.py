"""The one table of kinds and columns, from which validation, landing and the documentation follow."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from finops.core.telemetry import TelemetryKind
from finops.telemetry.advice import RECOMMENDATIONS
from finops.telemetry.inventory import RESOURCE_INVENTORY
from finops.telemetry.models import Column, ColumnType, RollUp, Schema
from finops.telemetry.prices import MACHINE_PRICES

_ZERO = Decimal(0)
_HOUR = Decimal(60)
_LARGEST = Decimal(10) ** 12 - 1
"""Below what a number of six decimals can hold in eight bytes."""

_MOST_UNITS = Decimal(100_000)

SHARES = (
    *("gpu_utilization", "gpu_memory_utilization", "cpu_utilization", "memory_utilization"),
    "concurrency_utilization",
)
RATES = ("network_bytes_per_second", "disk_bytes_per_second")


def _text(name: str, description: str, **more: object) -> Column:
    return Column(name, ColumnType.TEXT, description, **more)  # type: ignore[arg-type]


def _moment(name: str, description: str, **more: object) -> Column:
    return Column(name, ColumnType.MOMENT, description, **more)  # type: ignore[arg-type]


def _count(name: str, description: str, **more: object) -> Column:
    return Column(name, ColumnType.COUNT, description, least=_ZERO, **more)  # type: ignore[arg-type]


def _used(name: str, description: str) -> Column:
    """Describe an average of a bucket: a share of a thing, such as a slice of a GPU, is a fraction."""
    return Column(name, ColumnType.NUMBER, description, least=_ZERO, most=_MOST_UNITS, roll_up=RollUp.AVERAGE)


def _capacity(name: str, description: str) -> Column:
    return Column(
        *(name, ColumnType.NUMBER, description),
        is_required=False,
        least=_ZERO,
        most=_MOST_UNITS,
        roll_up=RollUp.MAXIMUM,
    )


def _metric(name: str, description: str, roll_up: RollUp, **more: object) -> Column:
    return Column(
        *(name, ColumnType.NUMBER, description),
        least=_ZERO,
        most=_LARGEST,
        is_share_where_metric=SHARES,
        roll_up=roll_up,
        **more,  # type: ignore[arg-type]
    )


_PROVIDER = "Whose resource it is, as bills have it: aws, azure, gcp or a vendor's name."
_RESOURCE = "The resource, exactly as the bill's ResourceId has it."
_VERSION = "Version of the model."
_STAGE = "Stage of its life cycle: ingestion, data-preprocessing, training or evaluation."
_ENDPOINT = "The endpoint, exactly as the bill's ResourceId has it."
_START = _moment("bucket_start", "When the measurement begins.", roll_up=RollUp.HOUR)
_MINUTES = Column(
    *("bucket_minutes", ColumnType.COUNT),
    "How many minutes it covers, at most an hour. Lands as `minutes_covered` of the hour: less than 60 is a gap.",
    least=Decimal(1),
    most=_HOUR,
    roll_up=RollUp.MINUTES,
    landed_as="minutes_covered",
)

_RESOURCE_METRICS = Schema(
    TelemetryKind.RESOURCE_METRICS,
    "One row per resource, metric and bucket of time; lands as one row per resource, metric and hour.",
    (
        _text("provider", _PROVIDER, roll_up=RollUp.KEY),
        _text("resource_id", _RESOURCE, roll_up=RollUp.KEY),
        _text(
            *("metric", "What is measured: percent for a utilization, else bytes per second."),
            among=(*SHARES, *RATES),
            roll_up=RollUp.KEY,
        ),
        _START,
        _MINUTES,
        _metric("average", "Average over the bucket.", RollUp.AVERAGE),
        _metric("maximum", "Largest value in the bucket.", RollUp.MAXIMUM, is_required=False, not_below="average"),
        _metric(
            *("p95", "95th percentile in the bucket. Of the hour it is the largest of its buckets', an upper bound."),
            RollUp.MAXIMUM,
            is_required=False,
            not_above="maximum",
        ),
    ),
    key=("provider", "resource_id", "metric", "bucket_start"),
    moment="bucket_start",
)

_INFERENCE_COUNTS = Schema(
    TelemetryKind.INFERENCE_COUNTS,
    "One row per endpoint, model, version, stage and bucket of time; lands as one row an hour.",
    (
        _text("provider", _PROVIDER, roll_up=RollUp.KEY),
        _text("endpoint_id", _ENDPOINT, roll_up=RollUp.KEY),
        _text("model", "Name of the model, as the ai-model tag has it.", roll_up=RollUp.KEY),
        _text("model_version", _VERSION, is_required=False, roll_up=RollUp.KEY),
        _text("stage", "Where it serves: production, staging …", is_required=False, roll_up=RollUp.KEY),
        _START,
        _MINUTES,
        _count("requests", "Requests in the bucket.", roll_up=RollUp.SUM),
        _count("successes", "Requests that were answered.", not_above="requests", roll_up=RollUp.SUM),
        _count("tokens_in", "Tokens of the requests.", is_required=False, roll_up=RollUp.SUM),
        _count("tokens_out", "Tokens of the answers.", is_required=False, roll_up=RollUp.SUM),
        Column(
            *("latency_p95_ms", ColumnType.NUMBER),
            "95th percentile of the latency, in milliseconds. Of the hour it is the largest of its buckets', an upper "
            "bound.",
            is_required=False,
            least=_ZERO,
            most=_LARGEST,
            roll_up=RollUp.MAXIMUM,
        ),
    ),
    key=("provider", "endpoint_id", "model", "model_version", "stage", "bucket_start"),
    moment="bucket_start",
)

_TRAINING_RUNS = Schema(
    TelemetryKind.TRAINING_RUNS,
    "One row per training run, stage and resource that it used; of the day on which it began.",
    (
        _text("run_id", "The run."),
        _text("experiment", "The experiment that it belongs to.", is_required=False),
        _text("model", "Name of the model, as the ai-model tag has it."),
        _text("model_version", _VERSION, is_required=False),
        _text("stage", _STAGE),
        _text("provider", _PROVIDER),
        _text("resource_id", _RESOURCE),
        Column(
            *("gpu_count", ColumnType.NUMBER, "GPUs that it had of the resource; parts of one are fractions."),
            least=_ZERO,
            most=Decimal(100_000),
        ),
        _moment("started_at", "When it began to use the resource."),
        _moment("ended_at", "When it ended; empty while it runs.", is_required=False, not_below="started_at"),
        Column(
            *("epochs", ColumnType.NUMBER, "Epochs that were completed so far."),
            is_required=False,
            least=_ZERO,
            most=_LARGEST,
        ),
        _text("status", "How it stands.", among=("running", "finished", "failed", "killed")),
        _text("pipeline", "The pipeline that started it.", is_required=False),
    ),
    key=("run_id", "stage", "provider", "resource_id"),
    moment="started_at",
)

_CHECKPOINTS = Schema(
    TelemetryKind.CHECKPOINTS,
    "One row per checkpoint of a training run; of the day on which it was written.",
    (
        _text("run_id", "The run that wrote it."),
        _moment("created_at", "When it was written."),
        _count("size_bytes", "Its size in bytes."),
        _text("uri", "Where it lies; holds no secret."),
        _moment("last_read_at", "When it was read last; empty for never.", is_required=False),
    ),
    key=("run_id", "uri"),
    moment="created_at",
)

_SPOT_INTERRUPTIONS = Schema(
    TelemetryKind.SPOT_INTERRUPTIONS,
    "One row per interruption of a spot instance; of the day of the notice.",
    (
        _text("provider", _PROVIDER),
        _text("resource_id", _RESOURCE),
        _text("instance_type", "Type of the instance, as the bill has it."),
        _text("zone", "Availability zone.", is_required=False),
        _text("job_id", "The job that was interrupted: a run_id, where it is a training run.", is_required=False),
        _moment("interrupted_at", "When the provider took the instance."),
        _moment(
            *("restarted_at", "When the job went on; empty where it has not."),
            is_required=False,
            not_below="interrupted_at",
        ),
    ),
    key=("provider", "resource_id", "interrupted_at"),
    moment="interrupted_at",
)

_ZONE = "a zone, a region, or `internet`."

_NETWORK_FLOWS = Schema(
    TelemetryKind.NETWORK_FLOWS,
    "One row per resource, pair of zones and bucket of time; lands as one row an hour.",
    (
        _text("provider", _PROVIDER, roll_up=RollUp.KEY),
        _text("resource_id", _RESOURCE, roll_up=RollUp.KEY),
        _text("source_zone", f"Where the bytes come from: {_ZONE}", roll_up=RollUp.KEY),
        _text("destination_zone", f"Where they go: {_ZONE}", roll_up=RollUp.KEY),
        _START,
        _MINUTES,
        _count("bytes", "Bytes that were sent in the bucket.", roll_up=RollUp.SUM),
    ),
    key=("provider", "resource_id", "source_zone", "destination_zone", "bucket_start"),
    moment="bucket_start",
)

_ENDPOINT_TRAFFIC = Schema(
    TelemetryKind.ENDPOINT_TRAFFIC,
    "One row per endpoint, caller and bucket of time; lands as one row an hour.",
    (
        _text("provider", _PROVIDER, roll_up=RollUp.KEY),
        _text("endpoint_id", _ENDPOINT, roll_up=RollUp.KEY),
        _text("traffic_source", "Who calls: an application or a client.", roll_up=RollUp.KEY),
        _START,
        _MINUTES,
        _count("requests", "Requests in the bucket.", roll_up=RollUp.SUM),
    ),
    key=("provider", "endpoint_id", "traffic_source", "bucket_start"),
    moment="bucket_start",
)

_KUBERNETES_USAGE = Schema(
    TelemetryKind.KUBERNETES_USAGE,
    "One row per pod and bucket of time; lands as one row per pod and hour.",
    (
        _text("provider", _PROVIDER, roll_up=RollUp.KEY),
        _text("cluster", "The cluster.", roll_up=RollUp.KEY),
        _text("node_resource_id", "The node's machine, exactly as the bill's ResourceId has it.", roll_up=RollUp.KEY),
        _text("namespace", "The pod's namespace.", roll_up=RollUp.KEY),
        _text("workload", "What the pod is of: a deployment, a job …", roll_up=RollUp.KEY),
        _text("pod", "The pod.", roll_up=RollUp.KEY),
        _START,
        replace(
            _MINUTES,
            description="How many minutes of it the pod ran, at most an hour. Lands as `minutes_covered` of the hour: "
            "less than 60 where the pod began or ended in it.",
        ),
        _used("gpu_requested", "GPUs that it asked for; a slice (MIG, time-slicing) is a fraction. 0 for none."),
        _used("gpu_used", "GPUs that it kept busy, on average while it ran."),
        _used("cpu_requested", "Processors that it asked for."),
        _used("cpu_used", "Processors that it kept busy, on average while it ran."),
        _count("memory_requested_bytes", "Memory that it asked for.", roll_up=RollUp.AVERAGE),
        _count("memory_used_bytes", "Memory that it used, on average while it ran.", roll_up=RollUp.AVERAGE),
        _capacity("node_gpus", "GPUs of the node."),
        _capacity("node_cpus", "Processors of the node."),
        _count("node_memory_bytes", "Memory of the node.", is_required=False, roll_up=RollUp.MAXIMUM),
    ),
    key=("provider", "cluster", "node_resource_id", "namespace", "workload", "pod", "bucket_start"),
    moment="bucket_start",
)

SCHEMAS: dict[TelemetryKind, Schema] = {
    each.kind: each
    for each in (
        _RESOURCE_METRICS,
        _INFERENCE_COUNTS,
        _TRAINING_RUNS,
        _CHECKPOINTS,
        _SPOT_INTERRUPTIONS,
        _NETWORK_FLOWS,
        _ENDPOINT_TRAFFIC,
        _KUBERNETES_USAGE,
        RESOURCE_INVENTORY,
        RECOMMENDATIONS,
        MACHINE_PRICES,
    )
}

_LANDED = {
    ColumnType.TEXT: "varchar",
    ColumnType.OBJECT: "varchar",
    ColumnType.NUMBER: "decimal(18, 6)",
    ColumnType.COUNT: "bigint",
    ColumnType.MOMENT: "timestamp",
}


def landed_columns() -> dict[TelemetryKind, dict[str, str]]:
    """Return, per kind, the columns of its landed files with their types in DuckDB."""
    return {kind: {each.landed_name: _LANDED[each.type] for each in schema.columns} for kind, schema in SCHEMAS.items()}
