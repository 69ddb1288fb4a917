"""Deployments and scale sets keep the number that is asked for, and what else decides on it is not fought over."""

from __future__ import annotations

from typing import Any

import pytest
from azure_cases import ENDPOINTS
from azure_steps import scales
from cloud_steps import Refused, World, apply

from finops.rightsizing.actions.model import NoCapacity, Rejected
from finops.rightsizing.models import Change

pytestmark = pytest.mark.integration
WRITE, SET_BOUNDS = f"{ENDPOINTS}/deployments/write", "Microsoft.Insights/autoscaleSettings/write"


def asked(world: World, row: dict[str, Any] | None = None, **parameters: Any) -> Change:
    return world.change("scale_endpoint", world.has("endpoint", **(row or {})), **{"variant": "chat/blue"} | parameters)


def test_where_nothing_scales_it_a_deployment_gets_the_fewest_machines_that_are_meant(world: World) -> None:
    done = apply(world, asked(world, minimum=2, maximum=4))
    assert (done.steps[0], done.after.facts["desired"], dict(world.effects())) == ("set_number", 2, {WRITE: 1})
    assert done.undo is not None
    assert done.undo.parameters == {"variant": "chat/blue", "desired": 4}


def test_bounds_that_have_room_for_what_there_is_leave_the_number_alone(world: World) -> None:
    """Its scaling goes lower by itself."""
    change = asked(world, {"bounds": ((4, 8, 6),)}, minimum=1, maximum=8)
    done = apply(world, change)
    assert (done.steps, dict(world.effects())) == (("set_bounds",), {SET_BOUNDS: 1})
    found = {name: done.after.facts[name] for name in ("minimum", "maximum", "default", "desired")}
    assert found == {"minimum": 1, "maximum": 8, "default": 6, "desired": 4}


def test_only_the_bounds_of_its_setting_are_changed(world: World) -> None:
    change = asked(world, {"bounds": ((4, 8, 6),)}, minimum=1, maximum=2)
    server: Any = world.cloud
    setting = server.serving.settings[-1]
    rules = setting["properties"]["profiles"][0]["rules"]
    apply(world, change)
    [profile] = setting["properties"]["profiles"]
    assert profile["capacity"] == {"minimum": "1", "maximum": "2", "default": "2"}
    assert (profile["rules"], setting["properties"]["enabled"]) == (rules, True)


def test_its_setting_is_found_on_a_later_page_and_one_that_is_off_decides_nothing(world: World) -> None:
    change = asked(world, minimum=1, maximum=4)
    deployment = f"{change.target.resource_id}/onlineEndpoints/chat/deployments/blue"
    scales(world.cloud, deployment, (4, 8, 6), enabled=False)
    assert world.live(change).facts["autoscale_setting"] == ""
    for _ in range(3):
        scales(world.cloud, "another", (1, 2, 1))
    scales(world.cloud, deployment, (3, 5, 3))
    facts = world.live(change).facts
    assert (facts["minimum"], facts["maximum"], facts["default"]) == (3, 5, 3)


def test_a_deployment_whose_scaling_up_fails_gets_back_the_number_that_it_had(world: World) -> None:
    change = asked(world, {"bounds": ((2, 4, 2),), "instances": 2}, minimum=6, maximum=8)
    world.cloud.fail((WRITE, "no_capacity"))
    done = apply(world, change)
    assert isinstance(done.errors[-1], NoCapacity)
    assert "OutOfCapacity" in str(done.errors[-1])
    live = world.settled(change)
    found = {name: live.facts[name] for name in ("minimum", "maximum", "default", "desired")}
    assert (live.state, found) == ("succeeded", {"minimum": 2, "maximum": 4, "default": 2, "desired": 2})


REFUSALS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"minimum": 1, "maximum": 2, "variant": "chat/green"}, "it has no deployment 'chat/green'"),
    ({}, {"minimum": 1, "maximum": 2, "variant": "AllTraffic"}, "it has no deployment 'AllTraffic'"),
    ({}, {"minimum": 0, "maximum": 2}, "the bounds contradict: minimum 0, desired 0, maximum 2"),
    ({}, {"minimum": 3, "maximum": 2}, "the bounds contradict: minimum 3, desired 3, maximum 2"),
    ({}, {"maximum": 2}, "its parameter minimum or desired is missing"),
    ({"bounds": ((1, 4, 1),)}, {"desired": 2}, "its parameter minimum or maximum is missing"),
    ({"bounds": ((1, 4, 1), (2, 8, 2))}, {"minimum": 1, "maximum": 2}, "has several profiles: change that instead"),
    ({"properties": {"provisioningState": "Failed"}}, {"minimum": 1, "maximum": 2}, "its state is failed"),
    (
        {"properties": {"endpointComputeType": "Kubernetes"}},
        {"minimum": 1, "maximum": 2},
        "runs on a cluster: scale that instead",
    ),
]


@pytest.mark.parametrize(("row", "parameters", "words"), REFUSALS, ids=[words for *_, words in REFUSALS])
def test_scaling_an_endpoint_is_refused(
    world: World, row: dict[str, Any], parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        apply(world, asked(world, row, **parameters))
    assert not world.effects()


def test_a_tag_of_the_workspace_the_endpoint_or_the_deployment_protects_it(world: World) -> None:
    change = asked(world, {"tags": {"team": "chat"}}, minimum=1, maximum=2)
    server: Any = world.cloud
    endpoint = f"{change.target.resource_id}/onlineEndpoints/chat".lower()
    server.serving.found[endpoint]["tags"] = {"protect": "true"}
    server.serving.found[f"{endpoint}/deployments/blue"]["tags"] = {"owner": "ana"}
    assert world.live(change).tags == {"team": "chat", "protect": "true", "owner": "ana"}


def test_a_setting_that_is_made_meanwhile_is_left_as_it_is_when_the_number_goes_back(world: World) -> None:
    change = asked(world, minimum=2, maximum=4)
    undo = apply(world, change).undo
    assert undo is not None
    scales(world.cloud, f"{change.target.resource_id}/onlineEndpoints/chat/deployments/blue", (1, 4, 1))
    live = world.settled(undo)
    assert world.actions["scale_endpoint"].refusal(live, undo) == "its parameter minimum or maximum is missing"
    assert world.actions["scale_endpoint"].next_step(live, undo) == "set_number"


def test_a_setting_that_gets_a_second_profile_meanwhile_is_not_changed(world: World) -> None:
    change = asked(world, minimum=1, maximum=2)
    scales(world.cloud, f"{change.target.resource_id}/onlineEndpoints/chat/deployments/blue", (1, 4, 1), (2, 8, 2))
    action, live = world.actions["scale_endpoint"], world.live(change)
    assert action.next_step(live, change) == "set_bounds"
    with pytest.raises(Rejected, match="has several profiles"):
        action.perform(world.client, "set_bounds", live, change, "token")
    assert not world.effects()


def test_a_deployment_that_is_deleted_meanwhile_is_not_made_again(world: World) -> None:
    change = asked(world, minimum=1, maximum=2)
    server: Any = world.cloud
    del server.serving.found[f"{change.target.resource_id}/onlineEndpoints/chat/deployments/blue".lower()]
    action, live = world.actions["scale_endpoint"], world.live(change)
    assert action.next_step(live, change) == "set_number"
    with pytest.raises(Rejected, match="gone since the action began"):
        action.perform(world.client, "set_number", live, change, "token")


def test_a_scale_set_that_an_autoscale_setting_decides_on_is_left_alone(world: World) -> None:
    scale_set = world.has("group", sku={"capacity": 4})
    scales(world.cloud, scale_set, (1, 4, 1))
    with pytest.raises(Refused, match=r"autoscale setting 'scale-\d+' decides"):
        apply(world, world.change("scale_group", scale_set, desired=1))
