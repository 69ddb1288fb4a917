"""The guardrails hold when an action is planned and again right before it begins, and persons who may decide do."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from tests.unit.rightsizing.engine.model_cloud import ModelCloud
from tests.unit.rightsizing.engine.world import DrivenClock, approved, finding, of, plan, resizing, tools

from finops.core.errors import BadInput
from finops.rightsizing.engine import applying, approving, events, planning, verifying
from finops.rightsizing.engine.tools import Tools
from finops.stores.state import action_journal, actions, outbox
from finops.stores.state.action_tables import action_journal as journal_table


@pytest.fixture
def cloud() -> ModelCloud:
    """Three machines that run."""
    found = ModelCloud()
    for name in ("i-1", "i-2", "i-3"):
        found.add(name)
    return found


@pytest.fixture
def to(tmp_path: Path, cloud: ModelCloud) -> Tools:
    """The engine with a policy that lets actions through."""
    return tools(tmp_path, cloud)


def why_not(to: Tools, row: dict[str, Any]) -> str:
    made = planning.plan(to, [row], "finops", lambda _: {})
    assert not made.planned
    return made.not_planned[0].reason


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"account_id": "999"}, "account 999 is not open"),
        ({"region": "us-east-1"}, "region us-east-1 of account 111122223333 is not open"),
        ({"tags": '{"Protect": "true"}'}, "protected by the tag"),
        ({"tags": '{"protect": ""}'}, "protected by the tag"),
        ({"tags": '{"PROTECT": "yes"}'}, "protected by the tag"),
        ({"times_seen": 1}, "found 1 of 2 times"),
        ({"run_date": date(2026, 2, 20)}, "older than 72 hours"),
        ({"facts": '{"coverage": 0.5}'}, "only 50% of its hours were measured"),
        ({"facts": '{"coverage": NaN}'}, "of its hours were measured"),
        ({"facts": '{"measured_until": "2026-02-20"}'}, "metrics end on 2026-02-20"),
        ({"action": "explode"}, "there is no action 'explode'"),
    ],
)
def test_nothing_is_planned_outside_the_guardrails(to: Tools, values: dict[str, Any], reason: str) -> None:
    assert reason in why_not(to, finding(**values))


def of_account(**values: Any) -> dict[str, Any]:
    key = "budget_breach:aws:111122223333"
    usual = {"finding_key": key, "rule": "budget_breach", "resource_type": "account", "region": "", "zone": ""}
    return finding("111122223333", **{**usual, **values})


def test_an_account_is_in_no_region_and_its_tags_are_read_live_before_anything_begins(
    tmp_path: Path, cloud: ModelCloud
) -> None:
    to = tools(tmp_path, cloud, allow_tags={"environment": ["dev"]})
    cloud.add("111122223333")
    ident = approved(to, of_account())
    [result] = applying.apply(to)
    assert (result.outcome, result.reason) == (actions.REFUSED, "its tag environment is none of dev")
    assert (of(to, ident).status, cloud.changes) == (actions.REFUSED, [])


def test_who_is_asked_for_a_policy_reads_what_it_says(to: Tools) -> None:
    policy = '{"policy": "finops-budgets-1", "document": {"Effect": "Deny"}}'
    (ident,) = plan(to, of_account(parameters=policy))
    body = events.question(of(to, ident))["body"]
    assert 'aws 111122223333: 111122223333, policy finops-budgets-1, document {"Effect": "Deny"}' in body


def test_what_was_done_to_an_account_and_not_undone_is_not_asked_again(to: Tools, cloud: ModelCloud) -> None:
    cloud.add("111122223333")
    ident = approved(to, of_account())
    applying.apply(to)
    assert f"action {ident} has done it" in why_not(to, of_account(run_date=date(2026, 3, 3)))
    applying.rollback(to, ident, "ada", "the budget has recovered")
    assert "cools down" in why_not(to, of_account(run_date=date(2026, 3, 3)))


def test_a_protect_tag_that_says_false_protects_nothing(to: Tools) -> None:
    assert len(plan(to, finding(tags='{"protect": "false"}'))) == 1


def test_only_resources_with_the_tags_of_the_allow_list_are_touched(tmp_path: Path, cloud: ModelCloud) -> None:
    to = tools(tmp_path, cloud, allow_tags={"environment": ["dev"]})
    assert "its tag environment is none of dev" in why_not(to, finding(tags='{"Environment": "prod"}'))
    ident = approved(to, finding(tags='{"Environment": "Dev"}'))
    assert applying.apply(to)[0].outcome == actions.REFUSED, "the live machine has no such tag"
    assert of(to, ident).status == actions.REFUSED
    assert cloud.changes == []


def test_planning_twice_plans_once_and_a_resource_has_one_open_action(to: Tools) -> None:
    (ident,) = plan(to, finding())
    assert plan(to, finding()) == []
    assert f"action {ident} on it is planned" in why_not(to, resizing())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tags": {"protect": "true"}}, "protected"),
        ({"tags": {"spot": "yes"}}, "it is spot"),
        ({"state": "stopped"}, "as intended already"),
        (None, "does not exist"),
    ],
)
def test_the_live_state_decides_right_before_the_first_step(
    to: Tools, cloud: ModelCloud, change: dict[str, Any] | None, reason: str
) -> None:
    ident = approved(to, finding())
    if change is None:
        del cloud.machines["i-1"]
    else:
        cloud.machines["i-1"].update(change)
    (result,) = applying.apply(to)
    assert (result.outcome, reason in result.reason) == (actions.REFUSED, True)
    assert cloud.changes == []
    assert of(to, ident).status == actions.REFUSED


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(tmp_path: Path, cloud: ModelCloud) -> None:
    to = tools(tmp_path, cloud, dry_run=True)
    ident = approved(to, finding())
    (result,) = applying.apply(to)
    assert (result.outcome, "first step would be stop" in result.reason) == (applying.WOULD, True)
    assert (of(to, ident).status, cloud.changes) == (actions.APPROVED, [])


def test_without_a_file_everything_is_a_dry_run_and_no_account_is_open(tmp_path: Path) -> None:
    from finops.core.settings import Settings
    from finops.policy import rightsizing

    content = rightsizing.load(Settings(home=tmp_path, config_dir=tmp_path))
    assert content.dry_run
    assert content.accounts == ()


@pytest.mark.parametrize(
    ("caps", "begun"),
    [
        ({"count": 2, "percent": 100, "monthly_cost": 10_000}, 2),
        ({"count": 10, "percent": 40, "monthly_cost": 10_000}, 1),
        ({"count": 10, "percent": 67, "monthly_cost": 10_000}, 2),
        ({"count": 10, "percent": 100, "monthly_cost": 1700}, 2),
    ],
)
def test_caps_hold_across_runs_within_24_hours(
    tmp_path: Path, cloud: ModelCloud, caps: dict[str, int], begun: int
) -> None:
    to = tools(tmp_path, cloud, caps=caps)
    for ident in plan(to, finding("i-1"), finding("i-2"), finding("i-3")):
        approving.approve(to, ident, "ada")
    applying.apply(to)
    to.clock.sleep(timedelta(hours=23, minutes=58).total_seconds())
    applying.apply(to)
    assert len(cloud.changes) == begun
    to.clock.sleep(timedelta(minutes=3).total_seconds())
    applying.apply(to)
    assert len(cloud.changes) > begun


def test_an_action_that_lacks_a_parameter_is_refused_by_name(to: Tools, cloud: ModelCloud) -> None:
    approved(to, finding(action="resize_machine"))
    (result,) = applying.apply(to)
    assert (result.outcome, result.reason) == (actions.REFUSED, "its parameter instance_type is missing")
    assert cloud.changes == []


def test_a_resource_is_left_alone_for_the_cool_down(to: Tools, cloud: ModelCloud) -> None:
    approved(to, finding())
    applying.apply(to)
    cloud.machines["i-1"]["state"] = "running"
    to.clock.sleep(timedelta(days=2).total_seconds())
    assert "cools down until 2026-03-16" in why_not(to, finding(run_date=date(2026, 3, 4)))
    to.clock.sleep(timedelta(days=13).total_seconds())
    assert len(plan(to, finding(run_date=date(2026, 3, 17), facts="{}"))) == 1


def test_only_a_named_person_who_did_not_ask_for_it_approves(to: Tools) -> None:
    (ident,) = plan(to, finding(), by="Ada")
    with pytest.raises(BadInput, match="mallory is none of the approvers"):
        approving.approve(to, ident, "mallory")
    with pytest.raises(BadInput, match="has asked for it"):
        approving.approve(to, ident, "ada")
    assert approving.approve(to, ident, "grace").is_complete


def test_two_different_persons_approve_where_much_is_at_stake(to: Tools, cloud: ModelCloud) -> None:
    (ident,) = plan(to, finding(monthly_cost=Decimal(2000)))
    assert not approving.approve(to, ident, "grace").is_complete
    with pytest.raises(BadInput, match="a second person must"):
        approving.approve(to, ident, " Grace ")
    assert applying.apply(to) == []
    assert approving.approve(to, ident, "lin").is_complete
    assert applying.apply(to)[0].outcome == actions.APPLIED


def test_two_different_persons_approve_what_is_done_to_a_whole_account(to: Tools, cloud: ModelCloud) -> None:
    """It costs nothing, and yet nobody could create anything in the account any more."""
    cloud.add("111122223333")
    (ident,) = plan(to, of_account(monthly_cost=Decimal(0)))
    assert not approving.approve(to, ident, "grace").is_complete
    assert approving.approve(to, ident, "lin").is_complete


def test_an_approver_who_was_taken_off_the_list_has_not_approved(tmp_path: Path, cloud: ModelCloud) -> None:
    ident = approved(tools(tmp_path, cloud), finding())
    (result,) = applying.apply(tools(tmp_path, cloud, approvers=["grace"]))
    assert (result.action_id, result.outcome, result.reason) == (ident, applying.WAITS, "0 of 1 approvals")
    assert cloud.changes == []


def test_what_is_not_approved_or_not_begun_in_time_is_off(tmp_path: Path, cloud: ModelCloud) -> None:
    clock = DrivenClock()
    to = tools(tmp_path, cloud, clock)
    (ident,) = plan(to, finding())
    clock.sleep(73 * 3600)
    with pytest.raises(BadInput, match="is expired"):
        approving.approve(to, ident, "ada")
    assert applying.apply(to) == []


def test_a_dismissed_finding_is_not_proposed_again_and_what_is_gone_ends(to: Tools) -> None:
    first, second = plan(to, finding("i-1"), finding("i-2"))
    approving.dismiss(to, first, "lin", "it is a warm spare")
    assert "lin has suppressed it" in why_not(to, finding("i-1", run_date=date(2026, 3, 3)))
    assert of(to, second).reason == "it is not found any more"


def test_a_run_that_finds_nothing_ends_what_waits(to: Tools) -> None:
    """Otherwise the last machine of a company would be stopped although it is used again."""
    (ident,) = plan(to, finding())
    assert plan(to) == []
    assert (of(to, ident).status, of(to, ident).reason) == (actions.EXPIRED, "it is not found any more")


def test_a_rollback_brings_it_back_under_the_same_guardrails(to: Tools, cloud: ModelCloud) -> None:
    ident = approved(to, finding())
    applying.apply(to)
    with pytest.raises(BadInput, match="none of the approvers"):
        applying.rollback(to, ident, "mallory", "")
    to.stop_file.touch()
    assert applying.rollback(to, ident, "ada", "it was needed").outcome == applying.WAITS
    to.stop_file.unlink()
    assert applying.rollback(to, ident, "ada", "it was needed").outcome == actions.APPLIED
    assert cloud.machines["i-1"]["state"] != "stopped"
    assert of(to, ident).status == actions.ROLLED_BACK
    with pytest.raises(BadInput, match="it is rolled_back"):
        applying.rollback(to, ident, "ada", "")
    assert [what for _, what, _ in cloud.changes] == ["stop", "start"]


def test_a_rollback_needs_no_tag_of_the_allow_list_but_heeds_the_protect_tag(tmp_path: Path, cloud: ModelCloud) -> None:
    cloud.add("i-4", environment="dev")
    to = tools(tmp_path, cloud, allow_tags={"environment": ["dev"]})
    ident = approved(to, finding("i-4", tags='{"environment": "dev"}'))
    applying.apply(to)
    cloud.machines["i-4"]["tags"] = {"protect": "true"}
    assert applying.rollback(to, ident, "ada", "").outcome == actions.REFUSED
    cloud.machines["i-4"]["tags"] = {}
    assert applying.rollback(to, ident, "ada", "").outcome == actions.APPLIED


def test_what_does_not_last_is_found_after_three_days_and_told_once(to: Tools, cloud: ModelCloud) -> None:
    ident = approved(to, finding())
    applying.apply(to)
    assert verifying.verify(to) == []
    cloud.machines["i-1"]["state"] = "running"
    to.clock.sleep(timedelta(days=3).total_seconds())
    (found,) = verifying.verify(to)
    assert (found.days, found.is_as_intended) == (3, False)
    assert verifying.verify(to) == []
    with to.database.connect() as connection:
        assert outbox.entry(connection, f"action/{ident}/action_drifted/3") is not None


def test_each_decision_and_step_is_in_the_journal_and_told(to: Tools) -> None:
    ident = approved(to, finding())
    applying.apply(to)
    with to.database.connect() as connection:
        kinds = [each.kind for each in action_journal.entries(connection, ident)]
        told = [each.event.kind for each in outbox.unrouted(connection)]
    assert kinds == ["planned", "approved", "begun", "intent", "outcome", "finished"]
    assert sorted(told) == ["action_applied", "action_proposed"]


@pytest.mark.parametrize("damage", ["content", "kind", "at", "removed", "cut off"])
def test_a_changed_journal_shows(to: Tools, damage: str) -> None:
    approved(to, finding())
    applying.apply(to)
    with to.database.begin() as connection:
        head = action_journal.verify(connection)
        assert head.fault == ""
        third = journal_table.c.sequence == 3
        if damage == "removed":
            connection.execute(delete(journal_table).where(third))
        elif damage == "cut off":
            connection.execute(delete(journal_table).where(journal_table.c.sequence == head.entries))
        elif damage == "at":
            connection.execute(text("update action_journal set at = '2020-01-01 00:00:00' where sequence = 3"))
        else:
            connection.execute(update(journal_table).where(third).values({damage: "{}"}))
        found = action_journal.verify(connection, head.head)
    assert found.fault
    if damage != "cut off":
        assert "entry 3" in found.fault


def test_a_rule_that_was_set_aside_plans_and_begins_nothing(to: Tools, cloud: ModelCloud) -> None:
    from finops.stores.state import suppressions

    approved(to, finding())
    with to.database.begin() as connection:
        suppressions.disable(connection, "idle_machine", "it saved nothing", to.clock.now())
    assert applying.apply(to)[0].outcome == actions.REFUSED
    assert "was set aside" in why_not(to, finding("i-2"))
    approving.enable(to, "idle_machine", "ada", "thresholds corrected")
    assert len(plan(to, finding("i-2"))) == 1
    assert cloud.changes == []
