"""Sources of public prices: ``aws_price_list``, ``azure_retail_prices`` and ``gcp_price_catalog``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from finops.core.telemetry import TelemetryKind
from finops.policy.telemetry.asked import AskedSource, HttpSource, Url
from finops.policy.telemetry.clouds import Project
from finops.policy.telemetry.cloudwatch import Region

AzureRegion = Annotated[str, StringConstraints(pattern=r"^[a-z]+[0-9]?$")]
GcpRegion = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]+$")]


class PriceSource(AskedSource):
    """A price list that is asked, once a day, what machines cost now. A past day cannot be asked for."""

    is_of_now: ClassVar[bool] = True
    kind: Literal[TelemetryKind.MACHINE_PRICES]
    days_back: Literal[0] = 0
    settle_minutes: Literal[0] = 0


class AwsPrices(PriceSource):
    """AWS's price list of EC2."""

    type: Literal["aws_price_list"]
    regions: tuple[Region, ...] = Field(default=("us-east-1",), min_length=1)


class AzurePrices(PriceSource, HttpSource):
    """Azure's retail prices, which are public: nobody logs in."""

    type: Literal["azure_retail_prices"]
    url: Url = "https://prices.azure.com"
    connection: None = None
    token_file: None = None
    regions: tuple[AzureRegion, ...] = Field(default=("eastus",), min_length=1)


class GcpPrices(PriceSource, HttpSource):
    """Google's price catalogue, and the types of machines that a project can have."""

    type: Literal["gcp_price_catalog"]
    url: Url = "https://cloudbilling.googleapis.com"
    compute_url: Url = Field(
        default="https://compute.googleapis.com", description="Where what a type of machines has is asked."
    )
    project: Project = Field(description="Any project in which the login may list types of machines.")
    regions: tuple[GcpRegion, ...] = Field(default=("us-central1",), min_length=1)
