"""What holds of every action on AWS: the engine takes it to its goal once and back, and survives a cloud that fails."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from action_steps import ACL, BY_NAME, Case, Refused, World, apply, change, settled, undo
from aws_cases import CASES

from finops.rightsizing.actions import registry
from finops.rightsizing.engine import verifying
from finops.rightsizing.models import Change
from finops.stores.state import actions

pytestmark = pytest.mark.integration
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.action}-{case.resource_type}")
GONE = {
    "machine": "i-00000000000000000",
    "disk": "vol-00000000000000000",
    "snapshot": "snap-00000000000000000",
    "address": "eipalloc-00000000000000000",
    "bucket": "no-such-bucket-anywhere",
    "group": "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:0:autoScalingGroupName/nothing",
    "endpoint": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/nothing",
    "account": "000000000000",
    "web_acl": f"{ACL}/nothing/00000000-0000-0000-0000-000000000000",
}


def _is_done(case: Case, world: World, asked: Change) -> None:
    live = world.live(asked)
    assert BY_NAME[case.action].next_step(live, asked) is None
    assert case.state in (None, live.state)
    assert {name: live.facts[name] for name in case.facts} == dict(case.facts)


def test_every_action_of_the_registry_is_tried() -> None:
    assert {case.action for case in CASES} == {each.name for each in registry.every() if each.provider == "aws"}


@every_case
def test_is_planned_approved_applied_verified_and_rolled_back(world: World, case: Case) -> None:
    action, asked = BY_NAME[case.action], case.asked_in(world)
    before = world.settled(asked)
    world.aws.calls()
    done = apply(world, asked)
    assert done.action.status == actions.APPLIED
    assert settled(done.before) == before
    calls = world.aws.calls()
    assert Counter(each["permission"] for each in calls if each["has_effect"]) == Counter(case.changes)
    assert {each["permission"] for each in calls} <= {*action.reads, *action.acts}
    _is_done(case, world, asked)
    kinds = Counter(each.kind for each in done.entries)
    assert kinds == Counter(
        planned=1, approved=1, begun=1, intent=len(case.changes), outcome=len(case.changes), finished=1
    )
    assert len(set(done.steps)) == len(case.changes), "each step once"

    world.to.clock.sleep(timedelta(days=3).total_seconds())
    found = {each.action_id: each for each in verifying.verify(world.to)}[done.action.action_id]
    assert (found.days, found.is_as_intended, found.fault) == (3, True, "")

    assert (done.undoing is not None) == action.is_reversible
    if done.undoing is None:
        return
    world.aws.pass_hours(7)  # A volume rests six hours between two changes.
    world.aws.calls()
    undone = undo(world, done)
    assert undone.action.status == actions.APPLIED
    inverse = BY_NAME[done.undoing.action]
    assert {each["permission"] for each in world.aws.calls()} <= {*inverse.reads, *inverse.acts}
    if case.action != "delete_volume":  # Its volume comes back under another id.
        assert world.settled(asked) == before


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
    before = world.settled(asked)
    # The last of its changes is denied; those before it are taken back.
    world.aws.fail({"permission": case.changes[-1], "kind": "denied"})
    done = apply(world, asked)
    assert done.action.status in (actions.BACKED_OUT, actions.FAILED)
    assert f"the permission {case.changes[-1]} is needed" in done.action.reason
    assert world.settled(asked) == before


@pytest.mark.parametrize(
    "case",
    [each for each in CASES if each.action not in ("tag", "remove_schedule", "restore_volume", "restore_snapshot")],
    ids=lambda case: case.action,
)
def test_what_has_vanished_since_the_plan_is_refused(world: World, case: Case) -> None:
    resource = GONE[case.resource_type]
    parameters = {**case.parameters, "web_acl": resource} if case.action == "limit_requests" else case.parameters
    with pytest.raises(Refused, match="does not exist any more"):
        apply(world, change(case.action, resource, **parameters))
