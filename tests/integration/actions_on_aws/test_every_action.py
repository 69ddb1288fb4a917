"""What holds of every action on AWS: it reaches its goal once, can be undone, and survives a cloud that fails."""

from __future__ import annotations

from collections import Counter

import pytest
from action_steps import ACL, BY_NAME, CASES, Case, Refused, World, apply, change, settled

from finops.rightsizing.actions.model import Denied
from finops.rightsizing.models import Change

pytestmark = pytest.mark.integration
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.action}-{case.resource_type}")
GONE = {
    "machine": "i-00000000000000000",
    "disk": "vol-00000000000000000",
    "address": "eipalloc-00000000000000000",
    "bucket": "no-such-bucket-anywhere",
    "group": "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:0:autoScalingGroupName/nothing",
    "endpoint": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/nothing",
    "web_acl": f"{ACL}/nothing/00000000-0000-0000-0000-000000000000",
}


def _is_done(case: Case, world: World, asked: Change) -> None:
    live = world.live(asked)
    assert BY_NAME[case.action].next_step(live, asked) is None
    assert case.state in (None, live.state)
    assert {name: live.facts[name] for name in case.facts} == dict(case.facts)


@every_case
def test_reaches_its_goal_by_one_change_of_each_kind_with_its_own_permissions_and_back(
    world: World, case: Case
) -> None:
    action, asked = BY_NAME[case.action], case.asked_in(world)
    done = apply(world, asked)
    calls = world.aws.calls()
    assert Counter(each["permission"] for each in calls if each["has_effect"]) == Counter(case.changes)
    assert {each["permission"] for each in calls} <= {*action.reads, *action.acts}
    _is_done(case, world, asked)
    if not action.is_reversible:
        assert action.inverse(done.before, asked) is None
        return
    world.aws.pass_hours(7)  # A volume rests six hours between two changes.
    world.aws.calls()
    undo = done.undo()
    apply(world, undo)
    inverse = BY_NAME[undo.action]
    assert {each["permission"] for each in world.aws.calls()} <= {*inverse.reads, *inverse.acts}
    if case.action != "delete_volume":  # Its volume comes back under another id.
        assert settled(world.live(asked)) == settled(done.before)


@every_case
def test_a_change_whose_answer_is_lost_is_not_made_twice(world: World, case: Case) -> None:
    asked = case.asked_in(world)
    world.aws.fail(*({"permission": each, "kind": "reset"} for each in set(case.changes)))
    done = apply(world, asked)
    assert len(done.errors) == len(set(case.changes))
    assert world.effects() == Counter(case.changes)
    _is_done(case, world, asked)


@every_case
def test_what_was_throttled_or_failed_before_its_effect_is_asked_and_done_again(world: World, case: Case) -> None:
    asked = case.asked_in(world)
    permissions = (*set(case.changes), *BY_NAME[case.action].reads)
    world.aws.fail(*({"permission": each, "kind": kind} for each in permissions for kind in ("throttle", "error")))
    apply(world, asked)
    assert world.effects() == Counter(case.changes)
    _is_done(case, world, asked)


@every_case
def test_a_permission_that_is_missing_is_named_and_nothing_stays_half(world: World, case: Case) -> None:
    asked = case.asked_in(world)
    before = world.live(asked)
    # The last of its changes is denied; those before it are taken back.
    world.aws.fail({"permission": case.changes[-1], "kind": "denied"})
    done = apply(world, asked)
    assert isinstance(done.errors[-1], Denied)
    assert f"the permission {case.changes[-1]} is needed" in str(done.errors[-1])
    assert settled(world.live(asked)) == settled(before)


@pytest.mark.parametrize("case", [each for each in CASES if each.action != "tag"], ids=lambda case: case.action)
def test_what_has_vanished_since_the_plan_is_refused(world: World, case: Case) -> None:
    resource = GONE[case.resource_type]
    parameters = {**case.parameters, "web_acl": resource} if case.action == "limit_requests" else case.parameters
    with pytest.raises(Refused, match="gone since the plan"):
        apply(world, change(case.action, resource, **parameters))
