"""Google's Recommender, read live: a stand-in that checks the calls and gives pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from advice_steps import TOKEN, Login, by_id, essence, land, source_of
from servers.cloud_monitoring import PROJECT
from servers.gcp_recommender import RecommenderServer, recommender_server
from telemetry_steps import TODAY, configure

from finops.core.errors import BadInput
from finops.core.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def recommender() -> Iterator[RecommenderServer]:
    """Google's Recommender, with nothing in it."""
    with recommender_server() as server:
        yield server


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
