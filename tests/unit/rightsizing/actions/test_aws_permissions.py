"""The policies that are shipped for AWS allow what the actions use, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from finops.rightsizing.actions.aws import ACTIONS as EVERY
from finops.telemetry.monitors.inventories.aws import PERMISSIONS as LISTED

FOLDER = Path(__file__).resolve().parents[4] / "deploy" / "permissions" / "aws"
ACTIONS = [each for each in EVERY if each.resource_types != ("account",)]
PERMITS = ("aws:ResourceTag/finops-actions", "allow")
WITHOUT_TAG = {
    # Asks other services, which check the resource's tag themselves.
    "tag:TagResources",
    "tag:UntagResources",
    # What they are done to has no tag yet, or none at all: limited by tag of the request, name or service.
    "application-autoscaling:DeleteScheduledAction",
    "application-autoscaling:DeregisterScalableTarget",
    "application-autoscaling:PutScheduledAction",
    "application-autoscaling:RegisterScalableTarget",
    "ec2:CreateSnapshot",
    "ec2:CreateTags",
    "ec2:CreateVolume",
    "ec2:RunInstances",
    "iam:PassRole",
    "scheduler:CreateSchedule",
    "scheduler:DeleteSchedule",
    "scheduler:UpdateSchedule",
}


def _statements(name: str, effect: str) -> list[dict[str, Any]]:
    policy = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return [each for each in policy["Statement"] if each["Effect"] == effect]


def _actions(statement: dict[str, Any]) -> set[str]:
    found = statement["Action"]
    return {found} if isinstance(found, str) else set(found)


def _allowed(name: str) -> set[str]:
    return set().union(*map(_actions, _statements(name, "Allow")))


def test_reading_is_what_actions_read_and_inventories_list_and_nothing_more() -> None:
    assert _allowed("read.json") == {permission for action in ACTIONS for permission in action.reads} | LISTED


def test_acting_is_what_the_actions_change_and_nothing_more() -> None:
    assert _allowed("act.json") == {permission for action in ACTIONS for permission in action.acts}


def test_nothing_is_allowed_by_a_wildcard() -> None:
    assert not [each for name in ("read.json", "act.json", "schedule.json") for each in _allowed(name) if "*" in each]


def test_every_change_of_a_resource_needs_its_tag() -> None:
    key, value = PERMITS
    for statement in _statements("act.json", "Allow"):
        if not _actions(statement) <= WITHOUT_TAG:
            assert statement["Condition"]["StringEquals"][key] == value, statement["Sid"]
    assert all(each["Condition"]["StringEquals"][key] == value for each in _statements("schedule.json", "Allow"))


def test_whatever_a_tag_does_not_limit_is_limited_otherwise() -> None:
    for statement in _statements("act.json", "Allow"):
        is_limited = "Condition" in statement or statement["Resource"] != "*"
        assert is_limited or _actions(statement) == {"tag:TagResources", "tag:UntagResources"}, statement["Sid"]


def test_no_action_sets_the_tags_that_permit_or_forbid_actions() -> None:
    (tagging,) = [each for each in _statements("act.json", "Allow") if each["Sid"] == "TagWhatItsTagPermits"]
    keys = tagging["Condition"]["ForAllValues:StringNotEquals"]["aws:TagKeys"]
    assert {"finops-actions", "protect", "finops:protect"} <= set(keys)


def test_ending_machines_and_touching_identities_is_denied_whatever_else_is_allowed() -> None:
    denied = set().union(*map(_actions, _statements("act.json", "Deny")))
    assert {"ec2:TerminateInstances", "iam:*"} <= denied
    unlimited = [each for each in _statements("act.json", "Deny") if "ec2:TerminateInstances" in _actions(each)]
    assert all("Condition" not in each for each in unlimited)


def test_what_is_protected_is_denied_for_both_tags() -> None:
    keys = [next(iter(each["Condition"]["Null"])) for each in _statements("act.json", "Deny") if "Condition" in each]
    assert keys == ["aws:ResourceTag/protect", "aws:ResourceTag/finops:protect"]


def test_what_denies_in_accounts_has_a_policy_of_its_own_and_nothing_more() -> None:
    denying = [each for each in EVERY if each not in ACTIONS]
    used = {permission for action in denying for permission in (*action.reads, *action.acts)}
    assert [each.name for each in denying] == ["attach_policy"]
    assert _allowed("deny.json") == used
    assert not used & (_allowed("act.json") | _allowed("read.json"))


def test_only_policies_that_are_marked_as_made_here_are_made_or_changed() -> None:
    changing = [each for each in _statements("deny.json", "Allow") if each["Sid"] != "Observe"]
    for statement in changing:
        marks = {key.partition("/")[2] for key in statement["Condition"]["StringEquals"]}
        on_accounts = "account/" in statement["Resource"]
        assert on_accounts or marks == {"finops-made"}, statement["Sid"]


def test_every_ec2_change_of_what_is_there_is_among_those_that_protection_denies() -> None:
    (changes,) = [each for each in _statements("act.json", "Allow") if each["Sid"] == "ChangeWhatItsTagPermits"]
    wanted = {each for each in _actions(changes) if each.startswith("ec2:")}
    protects = [each for each in _statements("act.json", "Deny") if "Condition" in each]
    assert len(protects) == 2
    assert all(wanted <= _actions(each) for each in protects)
