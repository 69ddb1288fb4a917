"""The kinds of usage telemetry, as configuration, ledger, paths and files name them."""

from __future__ import annotations

from enum import StrEnum


class TelemetryKind(StrEnum):
    """What a row of telemetry is about; ``finops.telemetry.schemas`` has the columns of each kind."""

    RESOURCE_METRICS = "resource_metrics"
    INFERENCE_COUNTS = "inference_counts"
    TRAINING_RUNS = "training_runs"
    CHECKPOINTS = "checkpoints"
    SPOT_INTERRUPTIONS = "spot_interruptions"
    NETWORK_FLOWS = "network_flows"
    ENDPOINT_TRAFFIC = "endpoint_traffic"
    KUBERNETES_USAGE = "kubernetes_usage"
    RESOURCE_INVENTORY = "resource_inventory"
    RECOMMENDATIONS = "recommendations"
    MACHINE_PRICES = "machine_prices"
