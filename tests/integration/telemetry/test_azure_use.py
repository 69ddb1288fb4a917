"""How much the resources of a subscription of Azure are used, and how they scale, as Azure tells beside its lists."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from azure_inventory_steps import BALANCERS, DAY, SETS, Credential, land, rows_of, source_of
from servers.azure_lists import GROUP, SUBSCRIPTION, AzureLists
from telemetry_steps import configure

from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.telemetry.monitors.inventories import use
from finops.telemetry.readers import reach
from finops.telemetry.service import ingest

pytestmark = pytest.mark.integration
GATEWAYS, SETTINGS = "Microsoft.Network/applicationGateways", "Microsoft.Insights/autoscalesettings"
WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
MADE = {"createdAt": "2025-01-31T10:00:00+00:00", "lastModifiedAt": "2025-02-28T10:00:00+00:00"}


def days_ago(*days: int) -> list[date]:
    return [DAY - timedelta(days=each) for each in days]


def scaled(subscription: AzureLists, name: str, resource_id: str, *bounds: tuple[int, int], **more: Any) -> None:
    """Have an autoscale setting with a profile for each of these bounds. Azure has their numbers as texts."""
    profiles = [
        {"name": f"p{number}", "capacity": {"minimum": str(least), "maximum": str(most), "default": str(least)}}
        for number, (least, most) in enumerate(bounds)
    ]
    subscription.has(SETTINGS, name, {"targetResourceUri": resource_id, "profiles": profiles, "enabled": True} | more)


def serving(subscription: AzureLists, workspace: str, endpoint: str, **deployments: int) -> tuple[str, list[str]]:
    """Have an endpoint with deployments of so many instances; return its id and theirs."""
    if not any(each["id"] == workspace for each in subscription.resources.get(WORKSPACES, [])):
        subscription.has(WORKSPACES, workspace.rpartition("/")[2], tags={"team": "chat"})
    ready = {"provisioningState": "Succeeded"}
    made = subscription.has_below(workspace, "onlineEndpoints", endpoint, ready, systemData=MADE)
    of = ready | {"endpointComputeType": "Managed", "instanceType": "Standard_NC4as_T4_v3"}
    ids = [
        subscription.has_below(made, "deployments", name, of, sku={"name": "Default", "capacity": number})
        for name, number in deployments.items()
    ]
    return made, ids


WORKSPACE = f"{GROUP}/{WORKSPACES}/ml"


def test_scale_sets_say_between_which_numbers_their_setting_keeps_them(
    settings: Settings, subscription: AzureLists
) -> None:
    sets = {
        name: subscription.has(SETS, name, sku={"name": "Standard_D8s_v5", "capacity": 3})
        for name in ("busy", "off", "fixed")
    }
    scaled(subscription, "by-hour", sets["busy"].upper(), (2, 6), (1, 4))
    scaled(subscription, "old", sets["off"], (1, 9), enabled=False)
    source = configure(settings, source_of(subscription))
    land(settings)
    found = {name: each["details"] for name, each in rows_of(settings, source, "group").items()}
    assert found == {
        "busy": {"minimum": 1, "maximum": 6, "desired": 3},
        "off": {"desired": 3},
        "fixed": {"desired": 3},
    }


def test_a_workspace_says_what_serves_in_it_and_when_it_was_called_last(
    settings: Settings, subscription: AzureLists
) -> None:
    """The bill has its endpoints under the workspace's id."""
    endpoint, [deployment] = serving(subscription, WORKSPACE, "chat", blue=3)
    scaled(subscription, "chat", deployment, (2, 5))
    quiet, busy = days_ago(3, 40)
    subscription.counted[endpoint, "RequestsPerMinute", "Average"] = {quiet: 0.0, busy: 0.2}
    source = configure(settings, source_of(subscription))
    land(settings)
    [(name, row)] = rows_of(settings, source, "endpoint").items()
    assert (name, row["resource_id"]) == ("ml", WORKSPACE)
    assert (row["state"], row["instance_type"], row["tags"]) == ("in_service", "Standard_NC4as_T4_v3", {"team": "chat"})
    assert row["details"] == {
        "endpoints": 1,
        "variant": "chat/blue",
        "instances": 3,
        "desired": 3,
        "minimum": 2,
        "maximum": 5,
        "compute": "managed",
    }
    assert (row["last_used_at"].date(), row["created_at"].date()) == (busy, date(2025, 1, 31))


def test_of_several_deployments_no_number_is_of_all_and_the_latest_call_counts(
    settings: Settings, subscription: AzureLists
) -> None:
    one, _ = serving(subscription, WORKSPACE, "chat", blue=3, green=1)
    serving(subscription, WORKSPACE, "search", main=2)
    subscription.has(WORKSPACES, "empty")
    [used] = days_ago(5)
    subscription.counted[one, "RequestsPerMinute", "Average"] = {used: 1.0}
    source = configure(settings, source_of(subscription))
    land(settings)
    [row] = rows_of(settings, source, "endpoint").values()
    assert row["details"] == {"endpoints": 2, "variants": 3}
    assert row["last_used_at"].date() == used


def test_an_endpoint_that_nobody_has_called_is_unused_as_long_as_can_be_known_unless_a_cluster_serves_it(
    settings: Settings, subscription: AzureLists
) -> None:
    serving(subscription, WORKSPACE, "chat", blue=3)
    own, _ = serving(subscription, f"{WORKSPACE}-own", "chat", blue=3)
    [found] = subscription.resources[f"{own}/deployments"]
    found["properties"] |= {
        "endpointComputeType": "Kubernetes",
        "scaleSettings": {"minInstances": 1, "maxInstances": 8},
    }
    source = configure(settings, source_of(subscription))
    land(settings)
    rows = rows_of(settings, source, "endpoint")
    assert rows["ml"]["last_used_at"].date() == DAY - timedelta(days=use.USE_DAYS)
    assert rows["ml-own"]["last_used_at"] is None
    assert (rows["ml-own"]["details"]["minimum"], rows["ml-own"]["details"]["maximum"]) == (1, 8)


def test_load_balancers_and_gateways_say_how_many_requests_they_have_a_day(
    settings: Settings, subscription: AzureLists
) -> None:
    """Azure measures nothing of a Basic load balancer: nobody knows."""
    standard, basic = {"name": "Standard"}, {"name": "Basic"}
    busy = subscription.has(BALANCERS, "busy", sku=standard)
    subscription.has(BALANCERS, "idle", sku=standard)
    subscription.has(BALANCERS, "basic", sku=basic)
    pool = {"properties": {"backendAddresses": [{"ipAddress": "10.0.0.4"}, {"fqdn": "a.example"}]}}
    gateway = subscription.has(GATEWAYS, "web", {"backendAddressPools": [pool], "sku": {"name": "WAF_v2"}})
    subscription.counted[busy, "SYNCount", "Total"] = dict.fromkeys(days_ago(0, 1, 30), 28.0)
    subscription.counted[gateway, "ResponseStatus", "Total"] = {days_ago(2)[0]: 1.0}
    source = configure(settings, source_of(subscription))
    land(settings)
    found = {name: each["details"] for name, each in rows_of(settings, source, "load_balancer").items()}
    assert {name: each.get("requests_per_day") for name, each in found.items()} == {
        "busy": 2,
        "idle": 0,
        "basic": None,
        "web": 1,
    }
    assert (found["web"]["kind"], found["web"]["targets"], found["web"]["sku"]) == ("application_gateway", 2, "WAF_v2")


def test_without_the_right_to_ask_for_use_all_else_lands_and_the_permissions_are_named(
    settings: Settings, subscription: AzureLists
) -> None:
    for name in ("one", "two"):
        subscription.has(BALANCERS, name, sku={"name": "Standard"})
    subscription.has(SETS, "workers", sku={"capacity": 3})
    serving(subscription, WORKSPACE, "chat", blue=3)
    subscription.denied = {"metrics", SETTINGS, GATEWAYS}
    source = configure(settings, source_of(subscription))
    report = ingest(settings, source, client=Credential())
    gives = "which deploy/permissions/azure/read.json gives"
    assert sorted(report.notes) == [
        f"azure: {DAY} has no application gateways in {SUBSCRIPTION}: the login lacks {GATEWAYS}/read, {gives}",
        f"azure: {DAY} has no bounds of groups in {SUBSCRIPTION}, bounds of endpoints in {SUBSCRIPTION}: the login "
        f"lacks Microsoft.Insights/autoscaleSettings/read, {gives}",
        f"azure: {DAY} has no requests of load balancers in {SUBSCRIPTION}, last use of endpoints in {SUBSCRIPTION}: "
        f"the login lacks Microsoft.Insights/metrics/read, {gives}",
    ]
    assert len(rows_of(settings, source, "load_balancer")) == 2
    [endpoint] = rows_of(settings, source, "endpoint").values()
    assert (endpoint["last_used_at"], endpoint["details"]["instances"]) == (None, 3)
    with pytest.raises(BadInput, match=r"Microsoft\.Insights/autoscaleSettings/read.*Microsoft\.Insights/metrics/read"):
        reach(source, Credential())


def test_endpoints_that_may_not_be_listed_hold_back_nothing_else(settings: Settings, subscription: AzureLists) -> None:
    subscription.has(BALANCERS, "one", sku={"name": "Standard"})
    subscription.has(WORKSPACES, "ml")
    subscription.denied = {WORKSPACES}
    source = configure(settings, source_of(subscription))
    report = ingest(settings, source, client=Credential())
    [note] = report.notes
    assert f"has no endpoint in {SUBSCRIPTION}: the login lacks {WORKSPACES}/read or" in note
    assert list(rows_of(settings, source, "load_balancer")) == ["one"]
