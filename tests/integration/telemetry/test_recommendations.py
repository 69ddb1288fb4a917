"""What providers recommend, read live: stand-ins that check the calls and give pages, asked by the DAG's own code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest
from servers.azure_advisor import AdvisorServer, advisor_server
from servers.azure_monitor import SUBSCRIPTION
from servers.azure_monitor import says as azure_says
from servers.cloud_monitoring import PROJECT
from servers.cost_optimization_hub import HubServer, hub_server
from servers.gcp_recommender import RecommenderServer, recommender_server
from servers.s3 import ACCESS_KEY, SECRET_KEY
from telemetry_steps import TODAY, configure, landed

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.policy.telemetry import TelemetrySource
from finops.telemetry.readers import reach
from finops_airflow.steps.telemetry import land_telemetry

pytestmark = pytest.mark.integration

TOKEN = "canary-token-7f3a"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """Cost Optimization Hub, with nothing in it."""
    with hub_server() as server:
        yield server


@pytest.fixture
def advisor() -> Iterator[AdvisorServer]:
    """Azure Advisor, with nothing in it."""
    with advisor_server() as server:
        yield server


@pytest.fixture
def recommender() -> Iterator[RecommenderServer]:
    """Google's Recommender, with nothing in it."""
    with recommender_server() as server:
        yield server


class Login:
    """A credential of azure-identity's, and credentials of google-auth's."""

    token: str | None = None

    def get_token(self, *_: str, **__: Any) -> Any:
        return SimpleNamespace(token=TOKEN)

    def refresh(self, _request: Any) -> None:
        self.token = TOKEN


def land(settings: Settings, client: Any) -> list[str]:
    return pipeline.land(settings, "advice", client_for=lambda _: client)


def source_of(kind: str, **more: Any) -> dict[str, Any]:
    return {"name": "advice", "kind": "recommendations", "type": kind} | more


def by_id(settings: Settings, source: TelemetrySource) -> dict[str, dict[str, Any]]:
    return {each["recommendation_id"]: each for each in landed(settings, source, TODAY.date())}


def essence(row: dict[str, Any]) -> tuple[Any, ...]:
    saving = None if row["monthly_saving"] is None else round(float(row["monthly_saving"]), 2)
    return row["resource_type"], row["action"], row["resource_id"], saving, row["currency"]


# AWS


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


# Azure

MACHINE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ml/providers/Microsoft.Compute/virtualMachines/vm-1"


def of_azure(name: str, field: str, resource: str, solution: str, **extended: str) -> dict[str, Any]:
    properties = {
        "category": "Cost",
        "impact": "High",
        "impactedField": field,
        "impactedValue": resource.rpartition("/")[2],
        "lastUpdated": "2026-01-01T00:00:00Z",
        "shortDescription": {"problem": solution, "solution": solution},
        "extendedProperties": extended,
        "resourceMetadata": {"resourceId": resource},
    }
    return {
        "id": f"{resource}/providers/Microsoft.Advisor/recommendations/{name}",
        "name": name,
        "properties": properties,
    }


def advisor_source(server: AdvisorServer) -> dict[str, Any]:
    return source_of("azure_advisor", url=server.proxy.url, subscriptions=[SUBSCRIPTION])


def test_advisor_recommends_machines_disks_and_reservations(settings: Settings, advisor: AdvisorServer) -> None:
    low = "Right-size or shutdown underutilized virtual machines"
    sku = {"currentSku": "Standard_D4s_v5", "savingsCurrency": "EUR", "regionId": "eastus"}
    disk = MACHINE.replace("virtualMachines/vm", "disks/disk")
    whole = f"/subscriptions/{SUBSCRIPTION}"
    other = of_azure("other-category", "Microsoft.Compute/virtualMachines", MACHINE, "Enable backups")
    other["properties"]["category"] = "Security"
    dismissed = of_azure("dismissed", "Microsoft.Compute/virtualMachines", MACHINE, low)
    dismissed["properties"]["suppressionIds"] = ["s-1"]
    kinds = ("Microsoft.Compute/virtualMachines", "Microsoft.Compute/disks", "Microsoft.Subscriptions/subscriptions")
    resize = {"targetSku": "Standard_D2s_v5", "recommendationType": "SkuChange", "savingsAmount": "70.08", **sku}
    stop = {"targetSku": "Shutdown", "recommendationType": "Shutdown", "annualSavingsAmount": "1681.92", **sku}
    bought = {"annualSavingsAmount": "1200", "savingsCurrency": "EUR", "term": "P1Y"}
    advisor.recommendations = [
        of_azure("resize", kinds[0], MACHINE, low, **resize),
        of_azure("stop", kinds[0], MACHINE, low, **stop),
        of_azure(
            "disk", kinds[1], disk, "Review disks that are not attached to a VM and evaluate if you still need them"
        ),
        of_azure("commitment", kinds[2], whole, "Consider virtual machine reserved instance", **bought),
        of_azure("function", "Microsoft.Web/serverfarms", f"{whole}/x", "Consider a smaller plan"),
        other,
        dismissed,
    ]
    advisor.page = 2
    source = configure(settings, advisor_source(advisor))
    assert land(settings, Login()) == [str(TODAY.date())]

    rows = by_id(settings, source)
    assert {name: essence(row) for name, row in rows.items()} == {
        "resize": ("machine", "resize", MACHINE, 70.08, "EUR"),
        "stop": ("machine", "stop", MACHINE, 140.16, "EUR"),
        "disk": ("disk", "delete", disk, None, None),
        "commitment": ("account", "commitment", None, 100, "EUR"),
        "function": ("other", "other", f"{whole}/x", None, None),
    }
    first = rows["resize"]
    assert (first["current_instance_type"], first["recommended_instance_type"]) == (
        "Standard_D4s_v5",
        "Standard_D2s_v5",
    )
    assert (first["account_id"], first["region"], first["title"]) == (SUBSCRIPTION, "eastus", low)
    assert rows["stop"]["recommended_instance_type"] is None


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (azure_says(403, {"error": {"code": "AuthorizationFailed"}}), BadInput, r"refuses the login \(403\)"),
        (
            azure_says(404, {"error": {"code": "SubscriptionNotFound"}}),
            BadInput,
            r"refuses .* \(SubscriptionNotFound\)",
        ),
        (azure_says(500, {"error": {"code": "Oops"}}), Unavailable, r"failed at the list of recommendations \(Oops\)"),
        (azure_says(200, {"value": {"no": "list"}}), BadInput, "answers with no list of recommendations"),
        (azure_says(200, {"value": [{"name": "x"}]}), BadInput, "answers as no Azure Advisor does"),
        (azure_says(200, {"value": [], "nextLink": "http://127.0.0.1:9/x"}), BadInput, "sends elsewhere"),
    ],
)
def test_what_advisor_does_not_answer_is_said_in_one_line(
    settings: Settings, advisor: AdvisorServer, answer: Any, kind: type[Exception], says: str
) -> None:
    advisor.proxy.hook = lambda *_: answer
    configure(settings, advisor_source(advisor))
    with pytest.raises(kind, match=says) as caught:
        land(settings, Login())
    assert TOKEN not in str(caught.value)


# Google

ZONE, REGION = "us-central1-a", "us-central1"
MACHINE_TYPES = "google.compute.instance.MachineTypeRecommender"
IDLE_MACHINES = "google.compute.instance.IdleResourceRecommender"
IDLE_DISKS = "google.compute.disk.IdleResourceRecommender"
COMMITMENTS = "google.compute.commitment.UsageCommitmentRecommender"


def of_google(name: str, subtype: str, units: str, nanos: int = 0, *operations: dict[str, Any]) -> dict[str, Any]:
    cost = {"currencyCode": "USD", "units": units, "nanos": nanos}
    return {
        "name": f"projects/4711/locations/{ZONE}/recommenders/x/recommendations/{name}",
        "description": f"Save cost: {name}.",
        "recommenderSubtype": subtype,
        "lastRefreshTime": "2026-01-01T00:00:00Z",
        "primaryImpact": {"category": "COST", "costProjection": {"cost": cost, "duration": "2628000s"}},
        "content": {"operationGroups": [{"operations": list(operations)}]},
        "stateInfo": {"state": "ACTIVE"},
    }


def operation(action: str, kind: str, resource: str, path: str, **more: Any) -> dict[str, Any]:
    where = f"//compute.googleapis.com/projects/{PROJECT}/zones/{ZONE}/{resource}"
    return {"action": action, "resourceType": f"compute.googleapis.com/{kind}", "resource": where, "path": path} | more


def recommender_source(server: RecommenderServer) -> dict[str, Any]:
    where = {"url": server.proxy.url, "compute_url": server.proxy.url}
    return source_of("gcp_recommender", projects=[PROJECT], locations=[ZONE, REGION], **where)


def test_recommender_names_what_it_is_about_and_the_bills_number_is_looked_up(
    settings: Settings, recommender: RecommenderServer
) -> None:
    tested = {"valueMatcher": {"matchesPattern": f".*zones/{ZONE}/machineTypes/n1-standard-4"}}
    wanted = {"value": f"zones/{ZONE}/machineTypes/custom-2-5120"}
    resize = (
        operation("test", "Instance", "instances/web", "/machineType", **tested),
        operation("replace", "Instance", "instances/web", "/machineType", **wanted),
    )
    stop = operation("replace", "Instance", "instances/batch", "/status", value="TERMINATED")
    keep = operation("add", "Snapshot", "global/snapshots/s", "/")
    drop = operation("remove", "Disk", "disks/data", "/")
    larger = of_google("larger", "CHANGE_MACHINE_TYPE", "12", 0, *resize)
    done = of_google("done", "STOP_VM", "-9", 0, stop) | {"stateInfo": {"state": "SUCCEEDED"}}
    recommender.recommendations = {
        (ZONE, MACHINE_TYPES): [of_google("resize", "CHANGE_MACHINE_TYPE", "-73", -250_000_000, *resize), larger],
        (ZONE, IDLE_MACHINES): [of_google("stop", "STOP_VM", "-5", 0, stop), done],
        (ZONE, IDLE_DISKS): [of_google("disk", "SNAPSHOT_AND_DELETE_DISK", "-4", 0, keep, drop)],
        (REGION, COMMITMENTS): [of_google("commit", "COST_SAVING", "-90")],
    }
    place = f"projects/{PROJECT}/zones/{ZONE}"
    recommender.numbers = {
        f"{place}/instances": {"other": "1", "web": "4711", "batch": "4712"},
        f"{place}/disks": {"data": "99"},
    }
    recommender.page = 1
    source = configure(settings, recommender_source(recommender))
    assert land(settings, Login()) == [str(TODAY.date())]

    rows = by_id(settings, source)
    assert {name: essence(row) for name, row in rows.items()} == {
        "resize": ("machine", "resize", f"//compute.googleapis.com/{place}/instances/4711", 73.25, "USD"),
        "stop": ("machine", "stop", f"//compute.googleapis.com/{place}/instances/4712", 5, "USD"),
        "disk": ("disk", "delete", f"//compute.googleapis.com/{place}/disks/99", 4, "USD"),
        "commit": ("account", "commitment", None, 90, "USD"),
    }
    first = rows["resize"]
    assert (first["current_instance_type"], first["recommended_instance_type"]) == ("n1-standard-4", "custom-2-5120")
    assert (first["account_id"], first["region"]) == (PROJECT, REGION)
    asked = [target.partition("?")[0] for _, target in recommender.proxy.requests]
    assert f"/v1/projects/{PROJECT}/locations/{REGION}/recommenders/{MACHINE_TYPES}/recommendations" not in asked


def test_bills_may_have_names_of_google(settings: Settings, recommender: RecommenderServer) -> None:
    stop = operation("replace", "Instance", "instances/batch", "/status", value="TERMINATED")
    recommender.recommendations = {(ZONE, IDLE_MACHINES): [of_google("stop", "STOP_VM", "-5", 0, stop)]}
    columns = {"resource_id": {"from": "id", "pattern": ".*/([^/]+)"}}
    source = configure(settings, recommender_source(recommender) | {"columns": columns})
    land(settings, Login())
    assert by_id(settings, source)["stop"]["resource_id"] == "batch"


def test_what_recommender_refuses_is_said_in_one_line(settings: Settings, recommender: RecommenderServer) -> None:
    other = recommender_source(recommender) | {"projects": ["somebody-else"]}
    configure(settings, other)
    with pytest.raises(BadInput, match=r"gcp_recommender at .* refuses the login \(403\)") as caught:
        land(settings, Login())
    assert TOKEN not in str(caught.value)


def test_an_answer_that_is_none_of_recommender_lands_nothing(
    settings: Settings, recommender: RecommenderServer
) -> None:
    recommender.recommendations = {(ZONE, IDLE_MACHINES): [of_google("stop", "STOP_VM", "many")]}
    source = configure(settings, recommender_source(recommender))
    with pytest.raises(BadInput, match="answers as no Recommender does; correct url"):
        land(settings, Login())
    assert by_id(settings, source) == {}


def test_observations_are_of_now(settings: Settings, hub: HubServer) -> None:
    hub.items = [of_aws(1, "Stop", "Ec2Instance", "instance/i-1")]
    source = configure(settings, source_of("cost_optimization_hub"))
    land(settings, hub.client)
    [row] = by_id(settings, source).values()
    assert isinstance(row["observed_at"], datetime)
    assert row["observed_at"].date() == TODAY.date()
