"""Actions on an AWS that fails, or that somebody changes meanwhile."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from action_steps import ACL, BY_NAME, World, apply, change, undo
from aws_cases import BUCKET, GPU_MACHINE, LOGS, MACHINE, OFF_HOURS, RULES

from finops.rightsizing.actions.model import Busy, Rejected

pytestmark = pytest.mark.integration

NO_MACHINE = {"permission": "ec2:StartInstances", "kind": "no_capacity"}


def test_without_capacity_for_the_new_type_a_machine_runs_again_with_the_old(world: World) -> None:
    asked = change("resize_machine", world.has("machine", **GPU_MACHINE), instance_type="g5.xlarge")
    world.aws.fail(NO_MACHINE)
    done = apply(world, asked)
    assert "NoCapacity" in done.errors[-1]
    assert done.action.status == "backed_out"
    live = world.live(asked)
    assert (live.state, live.facts["instance_type"]) == ("running", "g5.12xlarge")


def test_without_capacity_for_either_type_it_is_tried_until_the_machine_runs(world: World) -> None:
    asked = change("resize_machine", world.has("machine", **GPU_MACHINE), instance_type="g5.xlarge")
    world.aws.fail(NO_MACHINE | {"times": 5})
    done = apply(world, asked)
    assert [error.partition(":")[0] for error in done.errors] == ["NoCapacity"] * 5
    assert (done.action.status, done.after.state) == ("backed_out", "running")


def test_an_answer_that_never_comes_is_a_lost_reply(world: World) -> None:
    asked = change("stop_machine", world.has("machine", **MACHINE))
    world.aws.fail({"permission": "ec2:StopInstances", "kind": "timeout"})
    done = apply(world, asked)
    assert [error.partition(":")[0] for error in done.errors] == ["ReplyLost"]
    assert world.effects() == Counter({"ec2:StopInstances": 1})
    assert done.after.state == "stopped"


def test_a_machine_that_ends_midway_is_told_of(world: World) -> None:
    machine = world.has("machine", **GPU_MACHINE)
    asked = change("resize_machine", machine, instance_type="g5.xlarge")
    world.account.client("ec2", "us-east-1").terminate_instances(InstanceIds=[machine])
    action, live = BY_NAME["resize_machine"], world.live(asked)
    step = action.next_step(live, asked)
    with pytest.raises(Rejected, match="terminated since the action began"):
        action.perform(world.account, str(step), live, asked, "token")


def test_other_rules_of_a_bucket_stay_as_they_are_in_the_old_form_too(world: World) -> None:
    old = {"ID": "old", "Status": "Enabled", "Prefix": "old/", "Expiration": {"Days": 5}}
    asked = change("set_lifecycle", world.has("bucket", details={"lifecycle": [old]}), rules=RULES)
    done = apply(world, asked)
    rules = {rule["ID"]: rule for rule in done.after.facts["rules"]}
    assert rules["old"]["Filter"] == {"Prefix": "old/"}
    assert rules["old"]["Expiration"] == {"Days": 5}
    assert rules["stale"]["Transitions"] == [{"Days": 30, "StorageClass": "GLACIER"}]
    assert rules["stale"]["Expiration"] == {"Days": 90}


def test_a_rule_of_the_same_id_is_replaced_and_put_back(world: World) -> None:
    asked = change("set_lifecycle", world.has("bucket", **BUCKET), rules=[{"id": "logs", "delete_after_days": 3}])
    done = apply(world, asked)
    assert [rule["Expiration"]["Days"] for rule in done.after.facts["rules"]] == [3]
    undo(world, done)
    assert world.live(asked).facts["rules"] == [LOGS]


def test_a_volume_that_is_protected_while_it_changes_keeps_its_new_type_and_can_go_back_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = change("change_volume", world.has("disk", size_gb=100, details={"volume_type": "gp2"}), volume_type="gp3")
    sleep, ec2 = world.to.clock.sleep, world.account.client("ec2", "us-east-1")

    def protecting(seconds: float) -> None:
        ec2.create_tags(Resources=[asked.target.resource_id], Tags=[{"Key": "protect", "Value": "true"}])
        sleep(seconds)

    monkeypatch.setattr(world.to.clock, "sleep", protecting)
    done = apply(world, asked)
    assert (done.action.status, done.after.facts["volume_type"]) == ("applied", "gp3")
    assert done.undoing is not None


def test_a_deleted_volume_comes_back_from_its_snapshot_with_its_type_and_tags(world: World) -> None:
    row: dict[str, Any] = {"size_gb": 70, "tags": {"owner": "ana"}, "details": {"volume_type": "io1", "iops": 900}}
    done = apply(world, change("delete_volume", world.has("disk", **row)))
    snapshot = done.after.facts["snapshot_id"]
    restored = undo(world, done)
    ec2 = world.account.client("ec2", "us-east-1")
    (volume,) = ec2.describe_volumes(VolumeIds=[restored.after.facts["volume_id"]])["Volumes"]
    assert (volume["Size"], volume["VolumeType"], volume["Iops"], volume["SnapshotId"]) == (70, "io1", 900, snapshot)
    assert {"Key": "owner", "Value": "ana"} in volume["Tags"]


def test_a_machine_that_sleeps_is_started_when_its_off_hours_are_taken_away(world: World) -> None:
    machine = world.has("machine", **MACHINE)
    done = apply(world, change("schedule_machine", machine, **OFF_HOURS))
    apply(world, change("stop_machine", machine))  # As the schedule does in the evening.
    undone = undo(world, done)
    assert (undone.after.state, undone.after.facts["start"], undone.after.facts["stop"]) == ("running", None, None)


def test_off_hours_change_and_go_back_to_the_earlier_ones(world: World) -> None:
    machine = world.has("machine", **MACHINE)
    first = apply(world, change("schedule_machine", machine, **OFF_HOURS))
    later = apply(world, change("schedule_machine", machine, **OFF_HOURS | {"stop_at": "21:30", "skip_days": []}))
    assert later.after.facts["stop"]["expression"] == "cron(30 21 ? * * *)"
    undo(world, later)
    live = world.live(first.asked)
    assert {name: live.facts[name] for name in ("start", "stop")} == {
        name: first.after.facts[name] for name in ("start", "stop")
    }


def test_a_limit_stands_before_the_other_rules_of_a_web_acl_and_leaves_them(world: World) -> None:
    other = {
        "Name": "block-old-clients",
        "Priority": 1,
        "Statement": {"GeoMatchStatement": {"CountryCodes": ["AQ"]}},
        "Action": {"Block": {}},
    }
    arn = world.has(
        "web_acl",
        resource_id=f"{ACL}/site/0a0a0a0a-0000-0000-0000-000000000001",
        details={"rules": [other]},
    )
    done = apply(world, change("limit_requests", arn, web_acl=arn, limit_per_5_minutes=500))
    waf, (_, name, identity) = world.account.client("wafv2", "us-east-1"), arn.rsplit("/", 2)
    named = {"Name": name, "Scope": "REGIONAL", "Id": identity}
    rules = waf.get_web_acl(**named)["WebACL"]["Rules"]
    assert {rule["Name"]: rule["Priority"] for rule in rules} == {"block-old-clients": 1, "finops-limit-requests": 0}
    undo(world, done)
    assert [rule["Name"] for rule in waf.get_web_acl(**named)["WebACL"]["Rules"]] == ["block-old-clients"]


def test_a_web_acl_that_someone_changes_meanwhile_is_not_overwritten(world: World) -> None:
    arn = world.has("web_acl", resource_id=f"{ACL}/shared/0b0b0b0b-0000-0000-0000-000000000001")
    asked = change("limit_requests", arn, web_acl=arn, limit_per_5_minutes=500)
    stale = world.live(asked)
    apply(world, replace(asked, parameters={**asked.parameters, "limit_per_5_minutes": 900}))
    with pytest.raises(Busy):
        BY_NAME["limit_requests"].perform(world.account, "update", stale, asked, "token")
    assert world.live(asked).facts["limit"] == 900
