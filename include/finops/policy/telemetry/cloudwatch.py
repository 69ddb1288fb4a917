"""Sources of type ``cloudwatch``: in which regions, and which metrics."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from finops.core.telemetry import TelemetryKind
from finops.policy.loader import Entry, Text
from finops.policy.telemetry.asked import AskedSource, ColumnSource
from finops.policy.telemetry.prometheus import Metric

Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$")]


class InstanceColumns(Entry):
    """Which dimension of a metric says which resource it is about."""

    provider: ColumnSource = ColumnSource.model_validate({"value": "aws"})
    resource_id: ColumnSource = ColumnSource.model_validate("InstanceId")

    @field_validator("resource_id")
    @classmethod
    def _of_a_dimension(cls, column: ColumnSource) -> ColumnSource:
        if column.from_name is None:
            raise ValueError("from must name a dimension, such as InstanceId")
        return column


class CloudWatchMetrics(AskedSource):
    """Utilization and throughput of EC2 instances, by EC2 and the CloudWatch agent; use of provisioned concurrency."""

    type: Literal["cloudwatch"]
    kind: Literal[TelemetryKind.RESOURCE_METRICS]
    regions: tuple[Region, ...] = Field(min_length=1)
    columns: InstanceColumns = InstanceColumns()
    agent_namespace: Text = Field(default="CWAgent", description="Namespace that the CloudWatch agent writes to.")
    metrics: dict[Metric, Literal[False]] = Field(default={}, description="Those that are not asked for: false.")
