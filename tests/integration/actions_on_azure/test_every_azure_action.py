"""Every action on Azure reaches its goal by each change once, is undone, and survives an Azure that fails."""

from __future__ import annotations

import os
from collections import Counter
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from azure_cases import BUCKET, CASES, DISK, LOGS, RESIZE, RULES
from azure_steps import GROUP, MACHINES
from cloud_steps import Case, Refused, World, apply, same

from finops.rightsizing.actions.model import Busy, Denied, NoCapacity, Rejected, ReplyLost

pytestmark = pytest.mark.integration

RUNS = int(os.environ.get("RUNS", "20"))
START = RESIZE[2]
SMALLER = {"instance_type": "Standard_D4s_v5"}


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
    assert same(world.settled(asked)) == same(before)


def test_a_deleted_disk_comes_back_from_its_snapshot_with_its_name(world: World) -> None:
    asked = world.change("delete_volume", world.has("disk", **DISK))
    done = apply(world, asked)
    assert not done.after.exists
    assert done.undo is not None
    apply(world, done.undo)
    found = world.settled(asked)
    assert (found.state, found.facts["volume_type"], found.facts["zones"]) == ("Unattached", "Premium_LRS", ["1"])
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
        assert same(after) == same(before)
        assert not effects - (once + once)
    if before.state == "running" and case.action != "stop_machine":
        assert after.state == "running"


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
    assert "AllocationFailed" in str(done.errors[-1])
    live = world.settled(asked)
    assert (live.state, live.facts["instance_type"]) == ("running", "Standard_D8s_v5")


def test_without_capacity_for_either_size_it_is_tried_until_the_machine_runs(world: World) -> None:
    asked = world.change("resize_machine", world.has("machine"), **SMALLER)
    world.cloud.fail(*[(START, "no_capacity")] * 4)
    done = apply(world, asked)
    assert done.brought_back is not None
    assert len(done.brought_back.errors) == 3
    assert world.settled(asked).state == "running"


def test_what_cannot_be_finished_goes_back_from_every_half_state(world: World) -> None:
    asked = world.change("resize_machine", world.has("machine"), **SMALLER)
    before, action = world.live(asked), world.actions["resize_machine"]
    for steps in ((), ("deallocate",), ("deallocate", "update"), ("deallocate", "update", "start")):
        for step in steps:
            action.perform(world.client, step, world.settled(asked), asked, "token")
        back = action.fallback(before, asked)
        assert back is not None
        live = world.settled(back)
        assert (action.next_step(live, back) is None) == (steps == ())
        apply(world, back)
        assert same(world.settled(asked)) == same(before)


def test_what_is_only_powered_off_costs_on_and_is_deallocated(world: World) -> None:
    done = apply(world, world.change("stop_machine", world.has("machine", power="stopped")))
    assert (done.steps, done.after.state, done.undo) == (("deallocate",), "deallocated", None)


def test_a_rule_of_another_stays_and_the_last_rule_goes_with_the_policy(world: World) -> None:
    asked = world.change("set_lifecycle", world.has("bucket", **BUCKET), rules=RULES)
    done = apply(world, asked)
    assert [rule["name"] for rule in done.after.facts["rules"]] == ["logs", "stale"]
    assert done.after.facts["rules"][0] == LOGS
    alone = world.change("set_lifecycle", world.has("bucket", **{**BUCKET, "policy": []}), rules=RULES)
    undo = apply(world, alone).undo
    assert undo is not None
    assert apply(world, undo).after.facts["rules"] == []


def test_a_missing_permission_is_named(world: World) -> None:
    asked = world.change("stop_machine", world.has("machine"))
    live = world.live(asked)
    refused = world.cloud.refused(403, "AuthorizationFailed", "no")
    world.cloud.fail((RESIZE[0], "throttle"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.cloud, "failure", lambda _kind: refused)
        with pytest.raises(Denied, match="virtualMachines/deallocate/action is needed: deploy/permissions/azure"):
            world.actions["stop_machine"].perform(world.client, "deallocate", live, asked, "token")


def test_an_id_of_another_kind_is_named(world: World) -> None:
    member = f"{GROUP}/Microsoft.Compute/virtualMachineScaleSets/workers/virtualMachines/0"
    with pytest.raises(Rejected, match=r"is no id of microsoft\.compute/virtualmachines"):
        apply(world, world.change("stop_machine", member))


def test_ids_are_taken_in_any_case(world: World) -> None:
    machine = world.has("machine").upper()
    assert apply(world, world.change("stop_machine", machine)).after.state == "deallocated"


def _with(**properties: Any) -> dict[str, Any]:
    return {"properties": properties}


SPOT = {"priority": "Spot", "evictionPolicy": "Deallocate"}
STOPS = [
    ({"size": "Standard_D4ds_v5"}, "local disks lose their data"),
    (_with(virtualMachineScaleSet={"id": f"{GROUP}/x/workers"}), "member of the scale set 'workers'"),
    (_with(storageProfile={"osDisk": {"diffDiskSettings": {"option": "Local"}}}), "system disk is ephemeral"),
    (_with(**{**SPOT, "evictionPolicy": "Delete"}), "deleted when evicted"),
    (_with(capacityReservation={"capacityReservationGroup": {"id": f"{GROUP}/x/reserved"}}), "runs in reserved"),
    (_with(host={"id": f"{GROUP}/x/host-1"}), "runs in host-1"),
]
SCRATCH = {"tags": {"finops-local-disk": "scratch"}}
T4 = {"size": "Standard_NC16as_T4_v3", **SCRATCH}
OTHERS: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
    ("resize_machine", "machine", {}, {}, "parameter instance_type is missing"),
    ("resize_machine", "machine", {}, {**SMALLER, "colour": "red"}, "no parameter colour"),
    ("resize_machine", "machine", {}, {"instance_type": "Standard_D9"}, "Standard_D9 is unknown in eastus"),
    (
        "resize_machine",
        "machine",
        {},
        {"instance_type": "Standard_D4ps_v5"},
        "image is for x64, Standard_D4ps_v5 is Arm",
    ),
    ("resize_machine", "machine", {}, {"instance_type": "Standard_D2ads_v5"}, "has a temporary disk"),
    ("resize_machine", "machine", {}, {"instance_type": "Standard_D4_v5"}, "takes no premium disks"),
    ("resize_machine", "machine", {}, {"instance_type": "Standard_D1s_v5"}, "1 data disks"),
    ("resize_machine", "machine", {"zones": ["1"]}, {"instance_type": "Standard_E4s_v5"}, "zone 1 does not offer"),
    ("resize_machine", "machine", {}, {"instance_type": "Standard_E8s_v5"}, "may not use Standard_E8s_v5"),
    ("resize_machine", "machine", {"power": "deallocated"}, SMALLER, "it is deallocated"),
    ("resize_machine", "machine", {}, {**SMALLER, "from_type": "Standard_D2s_v5"}, "it was Standard_D2s_v5"),
    ("resize_machine", "machine", _with(**SPOT), SMALLER, "spot machine, whose capacity may not come back"),
    ("resize_machine", "machine", T4, {"instance_type": "Standard_D2ads_v5"}, "has no GPU"),
    ("resize_machine", "machine", T4, {"instance_type": "Standard_NC24ads_A100_v4"}, "of another family"),
    ("change_volume", "disk", DISK, {"volume_type": "UltraSSD_LRS"}, "none of"),
    ("change_volume", "disk", DISK, {"volume_type": "StandardSSD_ZRS"}, "kept in other places"),
    ("change_volume", "disk", DISK, {"volume_type": "Standard_LRS", "from_type": "X"}, "it was X when planned"),
    ("set_lifecycle", "bucket", BUCKET, {}, "rules is missing"),
    ("set_lifecycle", "bucket", BUCKET, {"rules": [{"delete_after_days": 3}]}, "have no id"),
    ("set_lifecycle", "bucket", BUCKET, {"rules": [{**RULES[0], "delete_after_days": 20}]}, "before it archives"),
    ("set_lifecycle", "bucket", BUCKET, {"rules": [{"id": "u", "abort_uploads_after_days": 3}]}, "ends uploads"),
    ("set_lifecycle", "bucket", {**BUCKET, "sku": {"name": "Premium_LRS"}}, {"rules": RULES}, "cannot archive"),
    ("scale_group", "group", {"sku": {"capacity": 4}}, {"desired": 1, "minimum": 2}, "sizes contradict"),
    (
        "scale_group",
        "group",
        {"sku": {"capacity": 4}, "tags": {"aks-managed-poolName": "gpu"}},
        {"desired": 1},
        "node pool of AKS",
    ),
    ("tag", "machine", {}, {"tags": {"Protect": "false"}}, "protect: a person sets that tag"),
    ("tag", "machine", {}, {"tags": {"microsoft.x": "y"}}, "Azure's own"),
    ("tag", "machine", {}, {"tags": {"a/b": "y"}}, "letters that Azure does not take"),
]


@pytest.mark.parametrize(("row", "words"), STOPS, ids=[words for _, words in STOPS])
def test_no_machine_is_deallocated_where_it_would_do_harm(world: World, row: dict[str, Any], words: str) -> None:
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


@pytest.mark.parametrize("action", ["delete_volume", "change_volume"])
def test_a_disk_that_a_running_machine_uses_is_left_alone(world: World, action: str) -> None:
    properties = {**DISK["properties"], "diskState": "Attached"}
    disk = world.has("disk", **{**DISK, "properties": properties, "managedBy": world.has("machine")})
    parameters = {"volume_type": "Standard_LRS"} if action == "change_volume" else {}
    with pytest.raises(Refused, match=r"it is [aA]ttached"):
        apply(world, world.change(action, disk, **parameters))


def test_an_owner_may_say_that_local_disks_hold_nothing(world: World) -> None:
    machine = world.has("machine", size="Standard_D4ds_v5", **SCRATCH)
    assert apply(world, world.change("stop_machine", machine)).after.state == "deallocated"


def test_a_machine_that_is_deleted_meanwhile_is_not_brought_back(world: World) -> None:
    gone = world.change("start_machine", f"{MACHINES}/m{uuid4().hex[:6]}")
    with pytest.raises(Rejected, match="gone since the action began"):
        world.actions["start_machine"].perform(world.client, "start", world.live(gone), gone, "token")
