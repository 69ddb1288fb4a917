"""Sources of what providers recommend: ``cost_optimization_hub``, ``azure_advisor`` and ``gcp_recommender``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from finops.core.telemetry import TelemetryKind
from finops.policy.telemetry.asked import AskedSource, HttpSource, Url
from finops.policy.telemetry.clouds import MachineColumns, Project, Subscription

Recommender = Annotated[str, StringConstraints(pattern=r"^google(\.[A-Za-z0-9]+)+$")]
Location = Annotated[str, StringConstraints(pattern=r"^(global|[a-z]+-[a-z]+\d+(-[a-z])?)$")]

RECOMMENDERS = (
    "google.compute.instance.MachineTypeRecommender",
    "google.compute.instance.IdleResourceRecommender",
    "google.compute.disk.IdleResourceRecommender",
    "google.compute.address.IdleResourceRecommender",
    "google.compute.commitment.UsageCommitmentRecommender",
)


class AdviceSource(AskedSource):
    """A cloud that is asked, once a day, what it recommends. A past day cannot be asked for."""

    is_of_now: ClassVar[bool] = True
    kind: Literal[TelemetryKind.RECOMMENDATIONS]
    days_back: Literal[0] = 0
    settle_minutes: Literal[0] = 0


class HubAdvice(AdviceSource):
    """AWS's Cost Optimization Hub, which has the recommendations of Compute Optimizer and Cost Explorer in one list."""

    type: Literal["cost_optimization_hub"]
    columns: MachineColumns = MachineColumns()


class AdvisorAdvice(AdviceSource, HttpSource):
    """Azure Advisor's recommendations of the category Cost."""

    type: Literal["azure_advisor"]
    url: Url = "https://management.azure.com"
    subscriptions: tuple[Subscription, ...] = Field(min_length=1)
    columns: MachineColumns = MachineColumns()


class RecommenderAdvice(AdviceSource, HttpSource):
    """Google's Recommender: what each recommender says of each project and place."""

    type: Literal["gcp_recommender"]
    url: Url = "https://recommender.googleapis.com"
    compute_url: Url = Field(
        default="https://compute.googleapis.com", description="Where the numbers of what it names are looked up."
    )
    projects: tuple[Project, ...] = Field(min_length=1)
    locations: tuple[Location, ...] = Field(min_length=1, description="Zones of machines and disks, regions of others.")
    recommenders: tuple[Recommender, ...] = RECOMMENDERS
    columns: MachineColumns = MachineColumns()
