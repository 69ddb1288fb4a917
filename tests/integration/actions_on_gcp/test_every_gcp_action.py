"""Every action on Google Cloud reaches its goal by each change once, is undone, and survives a cloud that fails."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from cloud_steps import Case, Refused, World, apply, same
from gcp_cases import BUCKET, CASES, DISK, ENDPOINT, FEWER, GROUP, LOGS, MODEL, RESIZE, RULES, SCALED, STOPPED
from gcp_steps import COMPUTE

from finops.rightsizing.actions.model import WAIT, Busy, Denied, NoCapacity, Rejected, ReplyLost

pytestmark = pytest.mark.integration

RUNS = int(os.environ.get("RUNS", "20"))
START = RESIZE[2]
MARKS = ("fingerprint", "metageneration", "etag", "is_made")
"""Facts that every write changes; a schedule stays in its region for other machines."""
SMALLER = {"instance_type": "n2-standard-4"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action)
def test_reaches_its_goal_and_is_not_begun_again(world: World, case: Case) -> None:
    asked = case.asked_in(world)
    done = apply(world, asked)
    assert world.effects() == Counter(case.changes)
    assert not done.errors
    assert case.state in (None, done.after.state)
    assert {name: done.after.facts[name] for name in case.facts} == dict(case.facts)
    assert world.actions[case.action].next_step(world.settled(asked), asked) is None


@pytest.mark.parametrize(
    "case", [each for each in CASES if each.action != "delete_volume"], ids=lambda case: case.action
)
def test_what_undoes_it_brings_back_the_state_before(world: World, case: Case) -> None:
    asked = case.asked_in(world)
    before = world.live(asked)
    undo = apply(world, asked).undo
    assert undo is not None
    apply(world, undo)
    assert same(world.settled(asked), *MARKS) == same(before, *MARKS)


def test_a_deleted_disk_comes_back_from_its_snapshot_with_its_name(world: World) -> None:
    asked = world.change("delete_volume", world.has("disk", **DISK))
    done = apply(world, asked)
    assert not done.after.exists
    assert done.undo is not None
    apply(world, done.undo)
    found = world.settled(asked)
    assert (found.state, found.facts["volume_type"], found.facts["size_gib"]) == ("READY", "pd-ssd", 50)
    assert found.tags == {"owner": "ana"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.action)
def test_what_has_vanished_since_the_plan_is_refused(world: World, case: Case) -> None:
    there = world.has(case.kind, **case.row)
    with pytest.raises(Refused, match="gone since the plan"):
        apply(world, world.change(case.action, f"{there}-gone", **case.parameters))


@pytest.mark.parametrize("seed", range(RUNS))
def test_a_run_with_random_faults_ends_whole_and_does_nothing_twice(world: World, seed: int) -> None:
    die = Random(seed)
    case = die.choice(CASES)
    asked = case.asked_in(world)
    before = world.live(asked)
    world.cloud.fail(seed=seed, rate=die.choice((0.1, 0.3, 0.5)))
    done = apply(world, asked)
    world.cloud.fail()
    after, effects, once = world.settled(asked), world.effects(), Counter(case.changes)
    if not any(isinstance(error, NoCapacity) for error in done.errors):
        assert world.actions[case.action].next_step(after, asked) is None
        assert effects == once
        assert case.state in (None, after.state)
    else:
        assert same(after, *MARKS) == same(before, *MARKS)
        assert not effects - (once + once)
    if before.state == "RUNNING" and case.action != "stop_machine":
        assert after.state == "RUNNING"


@pytest.mark.parametrize(
    ("kind", "error"), [("throttle", Busy), ("error", ReplyLost), ("reset", ReplyLost), ("lost", ReplyLost)]
)
def test_a_start_whose_reply_is_lost_is_looked_at_before_it_is_tried_again(
    world: World, kind: str, error: type[Exception]
) -> None:
    asked = world.change("resize_machine", world.has("machine"), **SMALLER)
    world.cloud.fail((START, kind))
    done = apply(world, asked)
    assert [type(each) for each in done.errors] == [error]
    assert done.steps.count("start") == (1 if kind == "lost" else 2)
    assert world.effects() == Counter(RESIZE)


def test_capacity_that_is_missing_only_in_the_operation_brings_back_the_old_size(world: World) -> None:
    asked = world.change("resize_machine", world.has("machine"), **SMALLER)
    world.cloud.fail((START, "no_capacity"))
    done = apply(world, asked)
    assert isinstance(done.errors[-1], NoCapacity)
    assert "ZONE_RESOURCE_POOL_EXHAUSTED" in str(done.errors[-1])
    live = world.settled(asked)
    assert (live.state, live.facts["instance_type"]) == ("RUNNING", "n2-standard-8")


def test_without_capacity_for_either_size_it_is_tried_until_the_machine_runs(world: World) -> None:
    asked = world.change("resize_machine", world.has("machine"), **SMALLER)
    world.cloud.fail(*[(START, "no_capacity")] * 4)
    done = apply(world, asked)
    assert done.brought_back is not None
    assert len(done.brought_back.errors) == 2
    assert world.settled(asked).state == "RUNNING"


def test_what_cannot_be_finished_goes_back_from_every_half_state(world: World) -> None:
    asked = world.change("resize_machine", world.has("machine"), **SMALLER)
    before, action = world.live(asked), world.actions["resize_machine"]
    for steps in ((), ("stop",), ("stop", "set_type"), ("stop", "set_type", "start")):
        for step in steps:
            action.perform(world.client, step, world.settled(asked), asked, uuid4().hex)
        back = action.fallback(before, asked)
        assert back is not None
        live = world.settled(back)
        assert (action.next_step(live, back) is None) == (steps == ())
        apply(world, back)
        assert same(world.settled(asked), *MARKS) == same(before, *MARKS)


def test_a_request_that_google_knows_is_asked_anew_where_the_first_has_failed(world: World) -> None:
    asked = world.change("start_machine", world.has("machine", **STOPPED))
    action, live = world.actions["start_machine"], world.live(asked)
    world.cloud.fail((START, "no_capacity"))
    token = uuid4().hex
    with pytest.raises(NoCapacity):
        action.perform(world.client, "start", live, asked, token)
    action.perform(world.client, "start", live, asked, token)
    assert world.settled(asked).state == "RUNNING"


def test_labels_that_another_has_changed_meanwhile_are_kept(world: World) -> None:
    asked = world.change("tag", world.has("machine", labels={"team": "a"}), tags={"owner": "ana"})
    live, action = world.live(asked), world.actions["tag"]
    apply(world, world.change("tag", asked.target.resource_id, tags={"stage": "train"}))
    with pytest.raises(Busy, match="labelFingerprint"):
        action.perform(world.client, "set", live, asked, uuid4().hex)
    assert apply(world, asked).after.tags == {"team": "a", "stage": "train", "owner": "ana"}


def test_rules_of_another_stay_and_one_with_another_age_takes_the_place_of_the_old(world: World) -> None:
    asked = world.change("set_lifecycle", world.has("bucket", **BUCKET), rules=RULES)
    first = apply(world, asked).after.facts["rules"]
    assert first[0] == LOGS
    assert [rule["condition"]["age"] for rule in first] == [7, 30, 90]
    later = world.change("set_lifecycle", asked.target.resource_id, rules=[{**RULES[0], "delete_after_days": 60}])
    assert [rule["condition"]["age"] for rule in apply(world, later).after.facts["rules"]] == [7, 30, 60]


def test_a_bucket_that_another_has_changed_meanwhile_is_read_again(world: World) -> None:
    asked = world.change("set_lifecycle", world.has("bucket", **BUCKET), rules=RULES)
    live = world.live(asked)
    apply(world, world.change("tag", asked.target.resource_id, tags={"owner": "ana"}))
    with pytest.raises(Busy):
        world.actions["set_lifecycle"].perform(world.client, "put", live, asked, uuid4().hex)


def test_a_missing_permission_is_named(world: World) -> None:
    asked = world.change("stop_machine", world.has("machine"))
    live = world.live(asked)
    refused = world.cloud.refused(403, "forbidden", "no")
    world.cloud.fail((RESIZE[0], "throttle"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.cloud, "failure", lambda _kind: refused)
        with pytest.raises(Denied, match=r"compute\.instances\.stop is needed: deploy/permissions/gcp"):
            world.actions["stop_machine"].perform(world.client, "stop", live, asked, uuid4().hex)


def test_what_is_in_no_zone_is_named(world: World) -> None:
    asked = world.change("stop_machine", f"{COMPUTE}/instances/7134187342342")
    nowhere = replace(asked, target=replace(asked.target, zone=""))
    with pytest.raises(Rejected, match="its zone is not known"):
        apply(world, nowhere)


def test_the_zone_of_the_target_counts_where_the_bill_has_none(world: World) -> None:
    machine = world.has("machine").rpartition("/")[2]
    asked = world.change("stop_machine", f"{COMPUTE}/locations/us-central1/{machine}")
    assert apply(world, asked).after.state == "TERMINATED"


SPOT = {"provisioningModel": "SPOT", "instanceTerminationAction": "STOP"}
LOCAL = {"disks": [{"type": "PERSISTENT"}, {"type": "SCRATCH"}]}
SCRATCH = {"labels": {"finops-local-disk": "scratch"}}
MANAGER = "projects/1/zones/us-central1-a/instanceGroupManagers/workers"
STOPS = [
    (LOCAL, "local disks lose their data"),
    ({"metadata": {"items": [{"key": "created-by", "value": MANAGER}]}}, "member of the group 'workers'"),
    ({"labels": {"goog-gke-node": ""}}, "GKE runs it"),
    ({"scheduling": {**SPOT, "instanceTerminationAction": "DELETE"}}, "deleted when it is taken away"),
    ({"scheduling": {"nodeAffinities": [{"key": "node"}]}}, "sole-tenant node"),
    (
        {"reservationAffinity": {"consumeReservationType": "SPECIFIC_RESERVATION", "values": ["res-1"]}},
        "it uses res-1",
    ),
    ({"status": "SUSPENDED"}, "it is suspended"),
]
G2 = {"type": "g2-standard-8"}
T4 = {"type": "n1-standard-8", "guestAccelerators": [{"acceleratorType": "x/nvidia-tesla-t4", "acceleratorCount": 1}]}
REQUIRES = {"dedicatedResources": {**MODEL["dedicatedResources"], "requiredReplicaCount": 3}}


def of_model(resources: dict[str, Any]) -> dict[str, Any]:
    """Return an endpoint with one model, which has these resources."""
    return {"deployedModels": [{"id": "4711", **resources}]}


OTHERS: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("resize_machine", "machine", {}, {}, "parameter instance_type is missing"),
    ("resize_machine", "machine", {}, {**SMALLER, "colour": "red"}, "no parameter colour"),
    ("resize_machine", "machine", {}, {"instance_type": "n2-huge"}, "does not offer n2-huge"),
    ("resize_machine", "machine", {}, {"instance_type": "f1-old"}, "does not offer f1-old"),
    (
        "resize_machine",
        "machine",
        {},
        {"instance_type": "t2a-standard-4"},
        "is for X86_64, t2a-standard-4 is ARM64",
    ),
    ("resize_machine", "machine", STOPPED, SMALLER, "it is TERMINATED"),
    ("resize_machine", "machine", {}, {**SMALLER, "from_type": "n2-standard-16"}, "it was n2-standard-16"),
    ("resize_machine", "machine", {"scheduling": SPOT}, SMALLER, "spot machine, whose capacity may not come back"),
    ("resize_machine", "machine", {**LOCAL, **SCRATCH}, SMALLER, "with which Google changes no type"),
    ("resize_machine", "machine", G2, SMALLER, "n2-standard-4 has no GPU"),
    ("resize_machine", "machine", G2, {"instance_type": "a2-highgpu-1g"}, "other GPUs"),
    ("resize_machine", "machine", T4, SMALLER, "GPUs are attached to it"),
    ("set_lifecycle", "bucket", BUCKET, {}, "rules is missing"),
    ("set_lifecycle", "bucket", BUCKET, {"rules": [{**RULES[0], "delete_after_days": 20}]}, "before it archives"),
    ("set_lifecycle", "bucket", BUCKET, {"rules": [*RULES, *RULES]}, "do the same to the same objects"),
    ("set_lifecycle", "bucket", {"versioning": {"enabled": True}}, {"rules": RULES}, "it keeps versions"),
    ("scale_group", "group", GROUP, {"minimum": 1}, "it needs desired"),
    ("scale_group", "group", SCALED, {"desired": 4}, "its autoscaler decides"),
    ("scale_group", "group", SCALED, {"minimum": 9}, "sizes contradict"),
    ("scale_endpoint", "endpoint", ENDPOINT, {**FEWER, "variant": "none"}, "no deployed model 'none'"),
    ("scale_endpoint", "endpoint", ENDPOINT, {**FEWER, "minimum": 0}, "bounds contradict: minimum 0, maximum 8"),
    ("scale_endpoint", "endpoint", ENDPOINT, {**FEWER, "maximum": None}, "parameter maximum is missing"),
    ("scale_endpoint", "endpoint", of_model({"sharedResources": "pools/p"}), FEWER, "shares those of a pool"),
    ("scale_endpoint", "endpoint", of_model({"dedicatedResources": {}}), FEWER, "it scales to none"),
    ("scale_endpoint", "endpoint", of_model(REQUIRES), FEWER, "requires 3 machines to be there"),
    ("tag", "machine", {}, {"tags": {"protect": "false"}}, "protect: a person sets that label"),
    ("tag", "machine", {}, {"tags": {"goog-x": "y"}}, "Google's own"),
    ("tag", "machine", {}, {"tags": {"Owner": "y"}}, "Google takes a-z"),
    ("delete_volume", "disk", {"users": ["zones/z/instances/trainer"]}, {}, "attached to trainer"),
]


@pytest.mark.parametrize(("row", "words"), STOPS, ids=[words for _, words in STOPS])
def test_no_machine_is_stopped_where_it_would_do_harm(world: World, row: dict[str, Any], words: str) -> None:
    machine = world.has("machine", **row)
    for action, parameters in (("stop_machine", {}), ("resize_machine", SMALLER)):
        with pytest.raises(Refused, match=words):
            apply(world, world.change(action, machine, **parameters))
    assert not world.effects()


@pytest.mark.parametrize(
    ("action", "kind", "row", "parameters", "words"), OTHERS, ids=[f"{each[0]}: {each[4]}" for each in OTHERS]
)
def test_is_refused(
    world: World, action: str, kind: str, row: dict[str, Any], parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        apply(world, world.change(action, world.has(kind, **row), **parameters))
    assert not world.effects()


def test_an_owner_may_say_that_local_disks_hold_nothing(world: World) -> None:
    machine = world.has("machine", **LOCAL, **SCRATCH)
    assert apply(world, world.change("stop_machine", machine)).after.state == "TERMINATED"


def test_a_group_in_several_zones_is_left_alone(world: World) -> None:
    group = f"{COMPUTE}/regions/us-central1/instanceGroupManagers/workers"
    with pytest.raises(Refused, match="several zones"):
        apply(world, world.change("scale_group", group, desired=1))


def test_a_disk_with_a_snapshot_of_an_earlier_attempt_is_left_alone(world: World) -> None:
    asked = world.change("delete_volume", world.has("disk", **DISK))
    world.actions["delete_volume"].perform(world.client, "snapshot", world.live(asked), asked, uuid4().hex)
    world.settled(asked)
    with pytest.raises(Refused, match="an earlier attempt has left"):
        apply(world, asked)


def test_an_endpoint_is_waited_for_until_google_is_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = world.change("scale_endpoint", world.has("endpoint", **ENDPOINT), **FEWER)
    action, live = world.actions["scale_endpoint"], world.live(asked)
    monkeypatch.setattr(world.cloud, "looks", 30)
    action.perform(world.client, "bound", live, asked, uuid4().hex)
    under_way = world.live(asked)
    assert (under_way.state, under_way.facts["minimum"], action.next_step(under_way, asked)) == ("updating", 4, WAIT)
    with pytest.raises(Refused, match="its state is updating"):
        apply(world, asked)
    with pytest.raises(Busy, match="in progress"):
        action.perform(world.client, "bound", live, asked, uuid4().hex)
    done = world.settled(asked)
    assert (done.state, done.facts["minimum"], action.next_step(done, asked)) == ("ready", 1, None)


def test_an_endpoint_without_capacity_for_more_stays_as_it_is(world: World) -> None:
    more = world.change("scale_endpoint", world.has("endpoint", **ENDPOINT), variant="4711", minimum=6, maximum=9)
    before = world.live(more)
    world.cloud.fail(("aiplatform.endpoints.deploy", "no_capacity"))
    done = apply(world, more)
    assert isinstance(done.errors[-1], NoCapacity)
    assert "out of resources" in str(done.errors[-1])
    assert same(world.settled(more)) == same(before)
    assert not world.effects()


def test_a_model_whose_resources_google_chooses_is_scaled_too(world: World) -> None:
    automatic = of_model({"automaticResources": {"minReplicaCount": 2, "maxReplicaCount": 5}})
    asked = world.change("scale_endpoint", world.has("endpoint", **automatic), variant="4711", minimum=1, maximum=5)
    done = apply(world, asked)
    assert (done.after.facts["minimum"], done.after.facts["maximum"]) == (1, 5)
    assert done.undo is not None
    assert done.undo.parameters == {"variant": "4711", "minimum": 2, "maximum": 5}


def test_an_endpoint_is_asked_for_in_its_own_region_and_where_the_bill_has_none_in_the_targets(world: World) -> None:
    there = world.has("endpoint", **ENDPOINT)
    asked = world.change("scale_endpoint", there.rpartition("/")[2], **FEWER)
    assert world.live(asked).exists
    elsewhere = replace(asked, target=replace(asked.target, region="europe-west4"))
    assert not world.live(elsewhere).exists
