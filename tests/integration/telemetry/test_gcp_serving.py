"""What Google Cloud serves with: load balancers, what is behind them and asked of them, and Vertex AI's endpoints."""

from __future__ import annotations

from typing import Any

import pytest
from gcp_inventory_steps import DAY, land, machine, rows_of, source_of
from google.oauth2.credentials import Credentials
from servers.gcp_lists import PROJECT, TOKEN, ZONE, GcpLists
from telemetry_steps import configure

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.telemetry.readers import reach
from finops.telemetry.service import ingest

pytestmark = pytest.mark.integration

REGION, GLOBAL = "regions/us-central1", "global"
REQUESTS = "loadbalancing.googleapis.com/https/request_count"
OF_REGION = "loadbalancing.googleapis.com/https/external/regional/request_count"
ANSWERS = "aiplatform.googleapis.com/prediction/online/response_count"


def behind(project: GcpLists, place: str, **sizes: int) -> str:
    """Have a service with groups of machines of these sizes; return its link."""
    groups = [project.has("instanceGroups", f"{name}-group", size=size) for name, size in sizes.items()]
    name = "-".join(sizes) or "nothing"
    return project.has("backendServices", name, place, backends=[{"group": each} for each in groups])


def through_proxy(project: GcpLists, name: str, place: str, **rules: Any) -> str:
    url_map = project.has("urlMaps", f"{name}-map", place, **rules)
    return project.has("targetHttpsProxies", f"{name}-proxy", place, urlMap=url_map)


def balancer(project: GcpLists, name: str, place: str = GLOBAL, scheme: str = "EXTERNAL_MANAGED", **to: str) -> None:
    project.has("forwardingRules", name, place, loadBalancingScheme=scheme, labels={"name": name}, **to)


def measured(labels: dict[str, str], *values: tuple[str, str]) -> dict[str, Any]:
    points = [{"interval": {"endTime": end}, "value": {"int64Value": value}} for end, value in values]
    return {"resource": {"type": "x", "labels": labels | {"project_id": PROJECT}}, "points": points}


def details(settings: Settings, source: Any, kind: str = "load_balancer") -> dict[str, dict[str, Any]]:
    return {each["tags"]["name"]: each["details"] for each in rows_of(settings, source, kind).values()}


def test_what_is_behind_a_load_balancer_is_counted_by_way_of_all_that_leads_there(
    settings: Settings, project: GcpLists
) -> None:
    def to_proxy(name: str, **rules: Any) -> None:
        balancer(project, name, target=through_proxy(project, name, GLOBAL, **rules))

    two_services = {
        "defaultService": behind(project, GLOBAL, web=3),
        "pathMatchers": [{"name": "m", "pathRules": [{"paths": ["/api"], "service": behind(project, GLOBAL, api=2)}]}],
    }
    empty = behind(project, GLOBAL, gone=0)
    to_proxy("web", **two_services)
    to_proxy("empty", defaultService=empty)
    to_proxy("to-https", defaultUrlRedirect={"httpsRedirect": True})
    balancer(project, "inside", REGION, "INTERNAL", backendService=behind(project, REGION))
    pool = project.has("targetPools", "pool", REGION, instances=[project.has("instances", "vm", **machine())])
    balancer(project, "old", REGION, "EXTERNAL", target=pool)
    neg = {"networkEndpointType": "GCE_VM_IP_PORT", "size": 4}
    pods = project.has("networkEndpointGroups", "pods", **neg)
    run = project.has("networkEndpointGroups", "run", REGION, networkEndpointType="SERVERLESS", size=0)
    for name, group in (("pods", pods), ("run", run)):
        service = project.has("backendServices", name, GLOBAL, backends=[{"group": group}])
        balancer(project, name, GLOBAL, target=project.has("targetSslProxies", f"{name}-ssl", GLOBAL, service=service))
    balancer(
        project, "vpn", REGION, "EXTERNAL", target=f"projects/{PROJECT}/regions/us-central1/targetVpnGateways/gateway"
    )
    to_proxy("of-another", defaultService="projects/other/global/backendServices/web")
    source = configure(settings, source_of(project))
    assert land(settings) == [str(DAY)]

    found = details(settings, source)
    assert {name: each.get("targets") for name, each in found.items()} == {
        "web": 5,
        "empty": 0,
        "to-https": None,
        "inside": 0,
        "old": 1,
        "pods": 4,
        "run": 1,
        "vpn": None,
        "of-another": None,
    }, "a redirect serves without targets, and of a gateway or another project's service nobody knows"


def test_requests_are_counted_of_those_that_count_any(settings: Settings, project: GcpLists) -> None:
    for name, place, scheme in (
        ("web", GLOBAL, "EXTERNAL_MANAGED"),
        ("idle", GLOBAL, "EXTERNAL_MANAGED"),
        ("near", REGION, "EXTERNAL_MANAGED"),
        ("inside", REGION, "INTERNAL_MANAGED"),
        ("classic", REGION, "EXTERNAL"),
    ):
        target = through_proxy(project, name, place, defaultService=behind(project, place, **{name: 1}))
        balancer(project, name, place, scheme, target=target)
    balancer(project, "packets", REGION, "INTERNAL", backendService=behind(project, REGION, l4=1))
    end = "2026-01-15T00:00:00Z"
    project.series = {
        REQUESTS: [measured({"region": "global", "forwarding_rule_name": "web", "zone": ZONE}, (end, "1400"))],
        OF_REGION: [
            measured({"region": "us-central1", "forwarding_rule_name": "near"}, (end, "28")),
            measured({"region": "us-east1", "forwarding_rule_name": "idle"}, (end, "99")),
        ],
    }
    source = configure(settings, source_of(project))
    land(settings)
    found = details(settings, source)
    assert {name: each.get("requests_per_day") for name, each in found.items()} == {
        "web": 100,
        "idle": 0,
        "near": 2,
        "inside": None,
        "classic": None,
        "packets": None,
    }, "a metric that Google does not know says nothing, and what passes packets counts no requests"


def test_without_the_right_to_see_behind_them_load_balancers_land_and_it_is_said(
    settings: Settings, project: GcpLists
) -> None:
    target = through_proxy(project, "web", GLOBAL, defaultService=behind(project, GLOBAL, web=3))
    balancer(project, "web", target=target)
    group = project.has("instanceGroupManagers", "workers", targetSize=3, instanceTemplate="global/t")
    project.has("autoscalers", "scaler", target=group, autoscalingPolicy={"minNumReplicas": 1, "maxNumReplicas": 6})
    project.denied = {"urlMaps", "timeSeries", "autoscalers"}
    source = configure(settings, source_of(project))
    report = ingest(settings, source, client=Credentials(TOKEN))
    assert report.rejections == ()
    gives = "which deploy/permissions/gcp/read.yaml gives"
    assert report.notes == (
        f"gcp: {DAY} has no bounds of group in {PROJECT}: the login lacks compute.autoscalers.list, {gives}",
        f"gcp: {DAY} has no targets of load_balancer in {PROJECT}: the login lacks compute.urlMaps.list or "
        f"compute.regionUrlMaps.list, {gives}",
        f"gcp: {DAY} has no requests of load_balancer in {PROJECT}: the login lacks monitoring.timeSeries.list, "
        f"{gives}",
    )
    [rule] = rows_of(settings, source, "load_balancer").values()
    assert rule["details"] == {"kind": "external_managed"}
    [workers] = rows_of(settings, source, "group").values()
    assert workers["details"] == {"desired": 3, "template": "t"}
    with pytest.raises(BadInput, match=r"lacks compute\.autoscalers\.list.*; no targets of load_balancer"):
        reach(source, Credentials(TOKEN))


def test_a_silent_cloud_monitoring_is_asked_again_by_the_next_run(settings: Settings, project: GcpLists) -> None:
    project.down = {"timeSeries"}
    configure(settings, source_of(project))
    with pytest.raises(Unavailable, match=f"no load_balancer in {PROJECT}: Cloud Monitoring of {PROJECT} does not"):
        land(settings)


def deployed(ident: str, **facts: Any) -> dict[str, Any]:
    spec = {"machineType": "g2-standard-8", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}
    return {"id": ident, "dedicatedResources": {"machineSpec": spec, "minReplicaCount": 2, **facts}}


def endpoint(number: str, *models: dict[str, Any]) -> dict[str, Any]:
    made = {"createTime": "2025-01-31T10:00:00.123456Z", "labels": {"name": number}}
    return {"name": f"projects/123456/locations/us-central1/endpoints/{number}", "deployedModels": [*models], **made}


def test_endpoints_land_with_the_sizes_of_their_model_and_when_they_were_asked_last(
    settings: Settings, project: GcpLists
) -> None:
    project.page = 2
    project.endpoints = {
        "us-central1": [
            endpoint("1", deployed("blue", maxReplicaCount=6) | {"status": {"availableReplicaCount": 3}}),
            endpoint("2", deployed("only")),
            endpoint("3", deployed("a"), deployed("b")),
            endpoint("4"),
            endpoint("5", {"id": "auto", "automaticResources": {"minReplicaCount": 1, "maxReplicaCount": 4}}),
        ]
    }
    days = [("2026-01-15T00:00:00Z", "0"), ("2026-01-14T00:00:00Z", "7"), ("2026-01-13T00:00:00Z", "9")]
    project.series = {
        ANSWERS: [
            measured({"endpoint_id": "1", "location": "us-central1"}, *days),
            measured({"endpoint_id": "2", "location": "us-central1"}, days[0]),
        ]
    }
    source = configure(settings, source_of(project, regions=["us-central1", "europe-west4"]))
    land(settings)

    rows = rows_of(settings, source, "endpoint")
    place = f"//aiplatform.googleapis.com/projects/{PROJECT}/locations/us-central1/endpoints"
    assert rows.keys() == {f"{place}/{number}" for number in "12345"}
    one = rows[f"{place}/1"]
    assert (one["instance_type"], one["state"], one["region"]) == ("g2-standard-8", "in_service", "us-central1")
    assert one["last_used_at"].isoformat() == "2026-01-14T00:00:00"
    assert rows[f"{place}/2"]["last_used_at"] is None, "no answer is seen, so nobody knows"
    assert rows[f"{place}/4"]["state"] == "empty"
    assert details(settings, source, "endpoint") == {
        "1": {"variant": "blue", "instances": 3, "minimum": 2, "maximum": 6},
        "2": {"variant": "only", "instances": 2, "minimum": 2, "maximum": 2},
        "3": {"variants": 2},
        "4": {"variants": 0},
        "5": {"variant": "auto"},
    }, "without the number that there is now, bounds would be taken for it"


def test_without_the_right_to_endpoints_everything_else_lands(settings: Settings, project: GcpLists) -> None:
    project.has("instances", "vm", **machine())
    project.denied = {"endpoints"}
    source = configure(settings, source_of(project, regions=["us-central1"]))
    report = ingest(settings, source, client=Credentials(TOKEN))
    assert report.notes == (
        f"gcp: {DAY} has no endpoint in {PROJECT}, us-central1: the login lacks aiplatform.endpoints.list, which "
        "deploy/permissions/gcp/read.yaml gives",
    )
    assert len(rows_of(settings, source, "machine")) == 1
