"""Sources of type ``azure_monitor`` and ``cloud_monitoring``: subscriptions and projects, and which metrics."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from finops.core.telemetry import TelemetryKind
from finops.policy.loader import Entry
from finops.policy.telemetry.asked import ColumnSource, HttpSource, Url
from finops.policy.telemetry.prometheus import Metric

Subscription = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
Project = Annotated[str, StringConstraints(pattern=r"^([a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{3,62}$")]


class MachineColumns(Entry):
    """What bills call a machine: ``id`` is the whole name that the cloud gives it."""

    resource_id: ColumnSource = ColumnSource.model_validate("id")


class AzureMonitorMetrics(HttpSource):
    """Utilization and throughput of Azure's virtual machines, as the platform measures them from outside."""

    type: Literal["azure_monitor"]
    kind: Literal[TelemetryKind.RESOURCE_METRICS]
    url: Url = "https://management.azure.com"
    subscriptions: tuple[Subscription, ...] = Field(min_length=1)
    columns: MachineColumns = MachineColumns()
    metrics: dict[Metric, Literal[False]] = Field(default={}, description="Those that are not asked for: false.")


class CloudMonitoringMetrics(HttpSource):
    """Utilization and throughput of Compute Engine's instances, by the platform and by the Ops Agent on them."""

    type: Literal["cloud_monitoring"]
    kind: Literal[TelemetryKind.RESOURCE_METRICS]
    url: Url = "https://monitoring.googleapis.com"
    projects: tuple[Project, ...] = Field(min_length=1)
    columns: MachineColumns = MachineColumns()
    metrics: dict[Metric, Literal[False]] = Field(default={}, description="Those that are not asked for: false.")
