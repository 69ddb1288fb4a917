"""AWS's Cost Optimization Hub, read live: a stand-in that checks the calls and gives pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from advice_steps import by_id, essence, land, source_of
from servers.cost_optimization_hub import HubServer, hub_server
from servers.s3 import ACCESS_KEY, SECRET_KEY
from telemetry_steps import TODAY, configure

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.telemetry.readers import reach
from finops_airflow.steps.telemetry import land_telemetry

pytestmark = pytest.mark.integration


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """Cost Optimization Hub, with nothing in it."""
    with hub_server() as server:
        yield server


def of_aws(number: int, action: str, kind: str, resource: str = "", **more: Any) -> dict[str, Any]:
    usual = {
        "recommendationId": f"r-{number}",
        "accountId": "210000000002",
        "region": "us-east-1",
        "resourceId": resource.rpartition("/")[2],
        "resourceArn": f"arn:aws:ec2:us-east-1:210000000002:{resource}",
        "currentResourceType": kind,
        "recommendedResourceType": kind,
        "actionType": action,
        "estimatedMonthlySavings": 10.0 * number,
        "estimatedSavingsPercentage": 50.0,
        "currencyCode": "USD",
        "implementationEffort": "Medium",
        "restartNeeded": True,
        "lastRefreshTimestamp": 1767225600,
        "source": "ComputeOptimizer",
    }
    return usual | more


def test_the_hub_has_what_compute_optimizer_and_cost_explorer_recommend(settings: Settings, hub: HubServer) -> None:
    summary = {"currentResourceSummary": "m5.4xlarge", "recommendedResourceSummary": "m5.2xlarge"}
    gp3 = {"currentResourceSummary": "100 GB gp2", "recommendedResourceSummary": "100 GB gp3"}
    group = "autoScalingGroup:x:autoScalingGroupName/workers"
    hub.items = [
        of_aws(1, "Rightsize", "Ec2Instance", "instance/i-1", **summary),
        of_aws(2, "Stop", "Ec2Instance", "instance/i-2", currentResourceSummary="m5.large"),
        of_aws(3, "Upgrade", "EbsVolume", "volume/vol-1", **gp3),
        of_aws(4, "Delete", "EbsVolume", "volume/vol-2"),
        of_aws(5, "ScaleIn", "Ec2AutoScalingGroup", group),
        of_aws(6, "Rightsize", "RdsDbInstance", "db:orders"),
        of_aws(7, "PurchaseSavingsPlans", "ComputeSavingsPlans", source="CostExplorer", region=None),
        of_aws(8, "MigrateToGraviton", "Ec2Instance", "instance/i-3", estimatedMonthlySavings=None, **summary),
    ]
    hub.items = [{name: value for name, value in each.items() if value is not None} for each in hub.items]
    hub.page = 3
    source = configure(settings, source_of("cost_optimization_hub"))
    assert land(settings, hub.client) == [str(TODAY.date())]

    rows = by_id(settings, source)
    assert {name: essence(row) for name, row in rows.items()} == {
        "r-1": ("machine", "resize", "i-1", 10, "USD"),
        "r-2": ("machine", "stop", "i-2", 20, "USD"),
        "r-3": ("disk", "change_volume", "vol-1", 30, "USD"),
        "r-4": ("disk", "delete", "vol-2", 40, "USD"),
        "r-5": ("group", "other", f"arn:aws:ec2:us-east-1:210000000002:{group}", 50, "USD"),
        "r-6": ("other", "resize", "arn:aws:ec2:us-east-1:210000000002:db:orders", 60, "USD"),
        "r-7": ("account", "commitment", None, 70, "USD"),
        "r-8": ("machine", "resize", "i-3", None, None),
    }
    first = rows["r-1"]
    assert (first["current_instance_type"], first["recommended_instance_type"]) == ("m5.4xlarge", "m5.2xlarge")
    assert (first["title"], first["account_id"]) == ("Change: m5.4xlarge to m5.2xlarge", "210000000002")
    assert json.loads(first["details"]) == {
        "aws_type": "Ec2Instance",
        "current": "m5.4xlarge",
        "effort": "Medium",
        "recommended": "m5.2xlarge",
        "refreshed_at": "2026-01-01T00:00:00Z",
        "restart_needed": True,
        "saving_percent": 50,
    }
    assert rows["r-2"]["recommended_instance_type"] is rows["r-3"]["current_instance_type"] is None
    assert {row["recommended_by"] for name, row in rows.items() if name != "r-7"} == {"compute_optimizer"}
    assert rows["r-7"]["recommended_by"] == "cost_optimization_hub"
    assert [each.get("nextToken") for each in hub.asked] == [None, "3", "6"]
    assert all(each["includeAllRecommendations"] is False for each in hub.asked), "of several the best"


def test_the_hub_is_asked_once_a_day(settings: Settings, hub: HubServer) -> None:
    hub.items = [of_aws(1, "Stop", "Ec2Instance", "instance/i-1")]
    configure(settings, source_of("cost_optimization_hub"))
    land(settings, hub.client)
    assert land(settings, hub.client) == []
    assert len(hub.asked) == 1


def test_a_connection_of_airflow_says_with_which_keys_the_hub_is_asked(
    settings: Settings, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.items = [of_aws(1, "Stop", "Ec2Instance", "instance/i-1")]
    configure(settings, source_of("cost_optimization_hub", connection="aws_costs"))
    extra = json.dumps({"endpoint_url": hub.url})
    connection = {"conn_type": "aws", "login": ACCESS_KEY, "password": SECRET_KEY, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_COSTS", json.dumps(connection))
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))
    monkeypatch.setenv("FINOPS_CONFIG_DIR", str(settings.configuration_dir))
    assert land_telemetry("advice") == [str(TODAY.date())]


@pytest.mark.parametrize(
    ("refuses", "kind", "says"),
    [
        (
            (400, "AccessDeniedException"),
            BadInput,
            "access denied; allow cost-optimization-hub:ListRecommendations, and",
        ),
        ((400, "ThrottlingException"), Unavailable, "is busy and answered ThrottlingException"),
        ((500, "InternalServerException"), Unavailable, "is busy and answered InternalServerException"),
        ((400, "ValidationException"), BadInput, r"refuses the request \(ValidationException\)"),
    ],
)
def test_what_the_hub_refuses_is_said_in_one_line(
    settings: Settings, hub: HubServer, refuses: tuple[int, str], kind: type[Exception], says: str
) -> None:
    hub.refuses = refuses
    source = configure(settings, source_of("cost_optimization_hub"))
    with pytest.raises(kind, match=f"advice: Cost Optimization Hub:? ?{says}") as caught:
        land(settings, hub.client)
    assert SECRET_KEY not in str(caught.value)
    assert by_id(settings, source) == {}


def test_an_answer_that_is_none_of_the_hub_lands_nothing(settings: Settings, hub: HubServer) -> None:
    hub.items = [of_aws(1, "Stop", "Ec2Instance", "instance/i-1"), {"recommendationId": "r-2"}]
    source = configure(settings, source_of("cost_optimization_hub"))
    with pytest.raises(BadInput, match="answers in a form that is not known"):
        land(settings, hub.client)
    assert by_id(settings, source) == {}


def test_the_doctor_tries_a_provider_without_keeping_anything(settings: Settings, hub: HubServer) -> None:
    hub.items = [of_aws(1, "Stop", "Ec2Instance", "instance/i-1")]
    source = configure(settings, source_of("cost_optimization_hub"))
    reach(source, hub.client)
    assert len(hub.asked) == 1
    assert not list(settings.answers_dir.rglob("*.parquet"))


def test_observations_are_of_now(settings: Settings, hub: HubServer) -> None:
    hub.items = [of_aws(1, "Stop", "Ec2Instance", "instance/i-1")]
    source = configure(settings, source_of("cost_optimization_hub"))
    land(settings, hub.client)
    [row] = by_id(settings, source).values()
    assert isinstance(row["observed_at"], datetime)
    assert row["observed_at"].date() == TODAY.date()
