"""Sources of type ``aws_inventory``, ``azure_inventory`` and ``gcp_inventory``: where, and which types of resources."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from finops.core.telemetry import TelemetryKind
from finops.policy.telemetry.asked import AskedSource, Url
from finops.policy.telemetry.clouds import MachineColumns, Project, Subscription
from finops.policy.telemetry.cloudwatch import Region
from finops.policy.telemetry.prices import GcpRegion

_Type = Literal["machine", "disk", "snapshot", "address", "load_balancer", "group", "bucket"]


def _once(places: tuple[str, ...]) -> tuple[str, ...]:
    for place in places:
        if places.count(place) > 1:
            raise ValueError(f"{place} is named twice")
    return places


class InventorySource(AskedSource):
    """A cloud that is asked, once a day, what there is. A past day cannot be asked for."""

    is_of_now: ClassVar[bool] = True
    kind: Literal[TelemetryKind.RESOURCE_INVENTORY]
    days_back: Literal[0] = 0
    settle_minutes: Literal[0] = 0


class AwsInventory(InventorySource):
    """The regions of one account: that of the connection, or of AWS's own chain. Buckets are of all regions."""

    type: Literal["aws_inventory"]
    regions: Annotated[tuple[Region, ...], AfterValidator(_once)] = Field(min_length=1)
    types: dict[_Type | Literal["notebook", "endpoint"], Literal[False]] = Field(
        default={}, description="Those that are not asked for: false."
    )


class AzureInventory(InventorySource):
    """Subscriptions of one login."""

    type: Literal["azure_inventory"]
    url: Url = "https://management.azure.com"
    subscriptions: Annotated[tuple[Subscription, ...], AfterValidator(_once)] = Field(min_length=1)
    columns: MachineColumns = MachineColumns()
    types: dict[_Type | Literal["endpoint"], Literal[False]] = Field(
        default={}, description="Those that are not asked for: false."
    )


class GcpInventory(InventorySource):
    """Projects of one login."""

    type: Literal["gcp_inventory"]
    url: Url = "https://compute.googleapis.com"
    storage_url: Url = Field(default="https://storage.googleapis.com", description="Address that buckets are asked at.")
    vertex_url: Url = Field(
        default="https://{region}-aiplatform.googleapis.com",
        description="Address that endpoints are asked at; {region} stands for each of regions.",
    )
    monitoring_url: Url = Field(
        default="https://monitoring.googleapis.com",
        description="Address that requests of load balancers and the last use of endpoints are asked at.",
    )
    projects: Annotated[tuple[Project, ...], AfterValidator(_once)] = Field(min_length=1)
    regions: Annotated[tuple[GcpRegion, ...], AfterValidator(_once)] = Field(
        default=(), description="Regions of Vertex AI whose endpoints are asked for. All else is of all regions."
    )
    columns: MachineColumns = MachineColumns()
    types: dict[Literal[_Type, "endpoint"], Literal[False]] = Field(
        default={}, description="Those that are not asked for: false."
    )
