"""A person ends an action that is under way: nothing more is done to its resource, and all of it is written down."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.rightsizing.engine.model_cloud import DENIED, KILLED, Killed, ModelCloud
from tests.unit.rightsizing.engine.world import approved, of, plan, resizing, tools

from finops.core.errors import BadInput, Unavailable
from finops.rightsizing import ledger
from finops.rightsizing.engine import applying, approving
from finops.rightsizing.engine.abandoning import abandon
from finops.rightsizing.engine.tools import Tools, holding
from finops.stores.state import action_journal, actions, outbox

WHY = "resized in the console"


@pytest.fixture
def cloud() -> ModelCloud:
    """A cloud with one machine, whose process is killed once it is stopped."""
    found = ModelCloud(faults={3: KILLED})
    found.add("i-1")
    return found


@pytest.fixture
def to(tmp_path: Path, cloud: ModelCloud) -> Tools:
    """The engine's tools."""
    return tools(tmp_path, cloud)


@pytest.fixture
def half_way(to: Tools) -> str:
    """An action that was killed half way; nobody has its lease any more."""
    ident = approved(to, resizing())
    with pytest.raises(Killed):
        applying.apply(to, [ident])
    to.clock.sleep(660)
    return ident


def test_what_a_person_has_changed_on_its_way_back_is_left_as_it_is(
    to: Tools, cloud: ModelCloud, half_way: str
) -> None:
    cloud.machines["i-1"]["tags"]["Protect"] = "yes"
    cloud.full = {"large"}
    assert applying.resume(to)[0].outcome == applying.UNFINISHED
    assert of(to, half_way).is_backing_out
    cloud.machines["i-1"].update(type="medium", state="running")
    done_before = list(cloud.changes)
    done = abandon(to, half_way, "grace", WHY)
    action = of(to, half_way)
    assert (done.outcome, action.status, action.reason) == (
        *(actions.ABANDONED, actions.ABANDONED),
        f"grace has ended it by hand: {WHY}",
    )
    assert applying.resume(to) == []
    assert cloud.changes == done_before
    assert cloud.machines["i-1"]["type"] == "medium"
    assert ledger.figures([action]) == {"success_rate": 0.0, "hours_to_resolve": None}


def test_it_is_in_the_journal_with_the_state_that_it_was_left_in_and_told(to: Tools, half_way: str) -> None:
    abandon(to, half_way, "ada", WHY)
    with to.database.connect() as connection:
        last = action_journal.entries(connection, half_way)[-1]
        told = outbox.entry(connection, f"action/{half_way}/action_abandoned")
        assert action_journal.verify(connection).fault == ""
    assert (last.kind, last.content["by"], last.content["why"]) == ("abandoned", "ada", WHY)
    assert (last.content["state"]["state"], last.content["state"]["facts"]) == ("stopped", {"type": "large"})
    assert told is not None
    assert "The resource is left as it is. It is stopped (type large)." in told.event.text


def test_a_state_that_cannot_be_read_is_no_reason_to_fight_on(to: Tools, cloud: ModelCloud, half_way: str) -> None:
    cloud.faults = {cloud.calls + 1: DENIED}
    abandon(to, half_way, "ada", WHY)
    with to.database.connect() as connection:
        last = action_journal.entries(connection, half_way)[-1]
    assert last.content["unread"] == "Denied: not allowed: ec2:StopInstances"
    assert of(to, half_way).status == actions.ABANDONED


def test_neither_a_dry_run_nor_the_kill_switch_forbids_it(tmp_path: Path, to: Tools, half_way: str) -> None:
    to.stop_file.touch()
    frozen = tools(tmp_path, to.clients, to.clock, dry_run=True)  # type: ignore[arg-type]
    assert abandon(frozen, half_way, "ada", WHY).outcome == actions.ABANDONED


def test_while_another_run_works_on_it_nobody_ends_it(to: Tools, half_way: str) -> None:
    with holding(to, half_way), pytest.raises(Unavailable, match="another run works on action"):
        abandon(to, half_way, "ada", WHY)
    assert of(to, half_way).status == actions.APPLYING


def test_only_an_approver_ends_it_and_says_why(to: Tools, half_way: str) -> None:
    with pytest.raises(BadInput, match="none of the approvers"):
        abandon(to, half_way, "mallory", WHY)
    with pytest.raises(BadInput, match="--why is empty"):
        abandon(to, half_way, "ada", " ")


def test_what_waits_is_rejected_instead_and_what_has_ended_stays_as_it_ended(to: Tools, cloud: ModelCloud) -> None:
    (waits,) = plan(to, resizing())
    with pytest.raises(BadInput, match=f"planned, not under way; `finops rightsizing reject {waits}`"):
        abandon(to, waits, "ada", WHY)
    cloud.faults = {}
    approving.approve(to, waits, "ada")
    assert applying.apply(to, [waits])[0].outcome == actions.APPLIED
    with pytest.raises(BadInput, match="cannot be abandoned: it is applied, not under way"):
        abandon(to, waits, "ada", WHY)
