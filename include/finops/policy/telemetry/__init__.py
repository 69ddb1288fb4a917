"""Where usage telemetry comes from: ``telemetry.yml``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from finops.core.settings import Settings
from finops.policy.loader import Entry
from finops.policy.loader import load as load_file
from finops.policy.telemetry.advice import AdvisorAdvice, HubAdvice, RecommenderAdvice
from finops.policy.telemetry.asked import AskedSource, ColumnSource, HttpSource
from finops.policy.telemetry.clouds import AzureMonitorMetrics, CloudMonitoringMetrics
from finops.policy.telemetry.cloudwatch import CloudWatchMetrics
from finops.policy.telemetry.inventories import AwsInventory, AzureInventory, GcpInventory, InventorySource
from finops.policy.telemetry.mlflow import MlflowCheckpoints, MlflowRuns, MlflowSource
from finops.policy.telemetry.prices import AwsPrices, AzurePrices, GcpPrices
from finops.policy.telemetry.prometheus import PrometheusCounts, PrometheusMetrics, PrometheusSource
from finops.policy.telemetry.source import FILE, FileSource, TelemetrySource

__all__ = [
    "FILE",
    "AdvisorAdvice",
    "AskedSource",
    "AwsInventory",
    "AwsPrices",
    "AzureInventory",
    "AzureMonitorMetrics",
    "AzurePrices",
    "CloudMonitoringMetrics",
    "CloudWatchMetrics",
    "ColumnSource",
    "FileSource",
    "GcpInventory",
    "GcpPrices",
    "HttpSource",
    "HubAdvice",
    "InventorySource",
    "MlflowCheckpoints",
    "MlflowRuns",
    "MlflowSource",
    "PrometheusCounts",
    "PrometheusMetrics",
    "PrometheusSource",
    "RecommenderAdvice",
    "TelemetrySource",
    "load",
]


def _typed(entry: Any) -> Any:
    """Return an entry with its type: one that names none is of files."""
    if isinstance(entry, dict) and entry.get("type") is None:
        return {**entry, "type": "files"}
    return entry


_Prometheus = Annotated[PrometheusMetrics | PrometheusCounts, Field(discriminator="kind")]
_Mlflow = Annotated[MlflowRuns | MlflowCheckpoints, Field(discriminator="kind")]
_Measured = CloudWatchMetrics | AzureMonitorMetrics | CloudMonitoringMetrics
_Inventory = AwsInventory | AzureInventory | GcpInventory
_Advice = HubAdvice | AdvisorAdvice | RecommenderAdvice
_Prices = AwsPrices | AzurePrices | GcpPrices
_Source = Annotated[
    Annotated[
        FileSource | _Prometheus | _Mlflow | _Measured | _Inventory | _Advice | _Prices,
        Field(discriminator="type"),
    ],
    BeforeValidator(_typed),
]


class _Telemetry(Entry):
    sources: tuple[_Source, ...] = ()


def load(settings: Settings) -> tuple[TelemetrySource, ...]:
    """Return the sources in their order, ``{home}`` replaced; none without the file.

    Raise BadInput, naming file, line and key, for an invalid one, and for a name that appears twice.
    """
    content, found = load_file(settings, FILE, _Telemetry)
    names: set[str] = set()
    for number, each in enumerate(content.sources):
        if each.name in names:
            raise found.error(("sources", number, "name"), f"source {each.name} appears twice")
        names.add(each.name)
    return content.sources
