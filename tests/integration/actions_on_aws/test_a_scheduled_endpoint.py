"""An endpoint gets a schedule of its own, never beside somebody else's, and gets back what it had, exactly."""

from __future__ import annotations

from typing import Any

import pytest
from action_steps import REGION, Refused, World, apply, change, undo
from aws_cases import BY_HOUR, ENDPOINT

from finops.rightsizing.actions.aws.names import short
from finops.stores.state import actions

pytestmark = pytest.mark.integration

OTHER_HOURS = {
    "variant": "blue",
    "changes": [
        {"days": ["Monday", "Tuesday"], "at": "20:00", "minimum": 1, "maximum": 2},
        {"days": ["Saturday"], "at": "00:00", "minimum": 1, "maximum": 1},
    ],
}


def scaling(world: World, endpoint: str) -> tuple[Any, dict[str, str]]:
    """Return the client of what scales endpoints, and what it calls the variant."""
    what = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{short(endpoint)}/variant/blue",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    return world.account.client("application-autoscaling", REGION), what


def scheduled(world: World, endpoint: str) -> dict[str, tuple[Any, ...]]:
    """Return the endpoint's scheduled actions, as AWS has them."""
    client, what = scaling(world, endpoint)
    found = client.describe_scheduled_actions(**what)["ScheduledActions"]
    return {
        each["ScheduledActionName"]: (each["Schedule"], each["Timezone"], *each["ScalableTargetAction"].values())
        for each in found
    }


def test_an_earlier_schedule_of_ours_is_replaced_and_comes_back_as_it_was(world: World) -> None:
    endpoint = world.has("endpoint", **ENDPOINT)
    assert apply(world, change("schedule_endpoint", endpoint, **BY_HOUR)).action.status == actions.APPLIED
    before = scheduled(world, endpoint)
    done = apply(world, change("schedule_endpoint", endpoint, **OTHER_HOURS))
    assert scheduled(world, endpoint) == {
        "finops-mon-tue-2000": ("cron(0 20 ? * MON,TUE *)", "UTC", 1, 2),
        "finops-sat-0000": ("cron(0 0 ? * SAT *)", "UTC", 1, 1),
    }
    assert undo(world, done).action.status == actions.APPLIED
    assert scheduled(world, endpoint) == before


def test_bounds_that_the_schedule_has_moved_since_are_set_back_with_the_number_of_machines(world: World) -> None:
    endpoint = world.has("endpoint", **ENDPOINT)
    client, what = scaling(world, endpoint)
    client.register_scalable_target(**what, MinCapacity=3, MaxCapacity=5)
    wanted = change("schedule_endpoint", endpoint, **BY_HOUR)
    before = world.settled(wanted)
    done = apply(world, wanted)
    # It is 20:00: the schedule acts.
    client.register_scalable_target(**what, MinCapacity=1, MaxCapacity=1)
    world.account.client("sagemaker", REGION).update_endpoint_weights_and_capacities(
        EndpointName=short(endpoint), DesiredWeightsAndCapacities=[{"VariantName": "blue", "DesiredInstanceCount": 1}]
    )
    while world.live(wanted).state != "InService":
        pass
    assert undo(world, done).action.status == actions.APPLIED
    assert world.settled(wanted) == before
    assert scheduled(world, endpoint) == {}


def test_no_schedule_is_made_beside_one_of_somebody_else(world: World) -> None:
    endpoint = world.has("endpoint", **ENDPOINT)
    client, what = scaling(world, endpoint)
    client.register_scalable_target(**what, MinCapacity=1, MaxCapacity=5)
    action = {"MinCapacity": 2}
    client.put_scheduled_action(
        **what, ScheduledActionName="morning", Schedule="cron(0 7 ? * * *)", ScalableTargetAction=action
    )
    with pytest.raises(Refused, match="it has a schedule of somebody else: morning"):
        apply(world, change("schedule_endpoint", endpoint, **BY_HOUR))


def test_a_schedule_of_ours_that_somebody_has_altered_is_left_alone(world: World) -> None:
    endpoint = world.has("endpoint", **ENDPOINT)
    apply(world, change("schedule_endpoint", endpoint, **BY_HOUR))
    client, what = scaling(world, endpoint)
    client.put_scheduled_action(
        **what,
        ScheduledActionName="finops-mon-tue-2000",
        Schedule="cron(0 21 ? * MON,TUE *)",
        Timezone="UTC",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 1},
    )
    with pytest.raises(Refused, match="somebody has altered its schedule: finops-mon-tue-2000"):
        apply(world, change("schedule_endpoint", endpoint, **OTHER_HOURS))
