"""What is shipped to read recommendations and prices with allows what the readers ask for, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from finops.policy.telemetry.advice import RECOMMENDERS
from finops.telemetry.monitors.gcp_price_catalog import PERMISSIONS as FOR_PRICES

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "permissions"
OF_RECOMMENDER = {
    "google.compute.instance.MachineTypeRecommender": "computeInstanceMachineTypeRecommendations",
    "google.compute.instance.IdleResourceRecommender": "computeInstanceIdleResourceRecommendations",
    "google.compute.disk.IdleResourceRecommender": "computeDiskIdleResourceRecommendations",
    "google.compute.address.IdleResourceRecommender": "computeAddressIdleResourceRecommendations",
    "google.compute.commitment.UsageCommitmentRecommender": "usageCommitmentRecommendations",
}
LOOKED_UP = {f"compute.{each}.list" for each in ("instances", "disks", "addresses")}
"""Where the numbers of what Recommender names are found."""


def content(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return found


def test_aws_may_list_recommendations_and_prices() -> None:
    [statement] = json.loads((FOLDER / "aws" / "advice.json").read_text(encoding="utf-8"))["Statement"]
    assert (statement["Effect"], statement["Action"]) == (
        "Allow",
        ["cost-optimization-hub:ListRecommendations", "pricing:GetProducts"],
    )


def test_azure_may_read_recommendations_where_its_owner_says() -> None:
    role = content("azure/advice.json")
    assert role["Actions"] == ["Microsoft.Advisor/recommendations/read"]
    assert role["AssignableScopes"] == ["/subscriptions/SUBSCRIPTION"]


def test_google_may_list_what_each_recommender_says_the_numbers_of_what_it_names_and_types_of_machines() -> None:
    asked = {f"recommender.{OF_RECOMMENDER[each]}.list" for each in RECOMMENDERS}
    assert set(content("gcp/advice.yaml")["includedPermissions"]) == asked | LOOKED_UP | FOR_PRICES
