"""Whatever fails, and wherever: an action is done once, whole, or not at all, and the journal says what happened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.unit.rightsizing.engine import model_cloud
from tests.unit.rightsizing.engine.model_cloud import BROKEN, DENIED, FULL, KILLED, LOST, THROTTLED, Killed, ModelCloud
from tests.unit.rightsizing.engine.world import DrivenClock, approved, of, resizing, tools

from finops.rightsizing.engine import applying
from finops.rightsizing.engine.tools import Tools
from finops.stores.state import action_journal, actions

ENDED = (actions.APPLIED, actions.BACKED_OUT, actions.FAILED)
STEPS = ["stop", "type small", "start"]


@pytest.fixture
def cloud() -> ModelCloud:
    """A cloud with one machine, whose transitions take two reads."""
    found = ModelCloud(slow=2)
    found.add("i-1")
    return found


class Trials:
    """Trials of one store: each has a cloud and a machine of its own."""

    def __init__(self, home: Path) -> None:
        self.home, self.number = home, 0
        self.clock = DrivenClock()

    def run(self, **cloud: Any) -> tuple[str, ModelCloud]:
        """Resize a new machine in a cloud that is as given; return how it ended, once it holds what must hold."""
        self.number += 1
        name, made = f"i-{self.number}", ModelCloud(clock=self.clock, **cloud)
        made.add(name)
        to = tools(self.home, made, self.clock, caps={"count": 1000, "percent": 100, "monthly_cost": 10**9})
        ident = approved(to, resizing(name, rule=f"rule-{self.number}"))
        run_to_its_end(to, ident)
        action, machine = of(to, ident), made.machines[name]
        done = [what for _, what, _ in made.changes]
        assert action.status in ENDED
        assert machine["state"] == "running", "never half"
        assert machine["type"] == ("small" if action.status == actions.APPLIED else "large")
        assert all(one != other for one, other in pairwise(done)), "no step twice"
        if action.status == actions.APPLIED:
            assert done == STEPS
        if action.status == actions.FAILED:
            assert done == [], "what has changed something goes back and says so"
        return action.status, made


@pytest.fixture
def trials(memory: Path) -> Iterator[Trials]:
    """Trials, after which the journal is whole."""
    found = Trials(memory)
    yield found
    with tools(memory, ModelCloud()).database.connect() as connection:
        verdict = action_journal.verify(connection)
    assert (verdict.fault, verdict.entries > found.number) == ("", True)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A home in memory where the machine has files there: thousands of transactions wait for no disk."""
    there = Path("/dev/shm")
    with TemporaryDirectory(dir=there if os.access(there, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


def run_to_its_end(to: Tools, ident: str) -> None:
    """Apply, and go on as often as a scheduler would, each time after the lease of the run before is over."""
    for _ in range(12):
        action = of(to, ident)
        if action.status in ENDED:
            return
        with suppress(Killed):
            applying.resume(to) if action.status == actions.APPLYING else applying.apply(to, [ident])
        to.clock.sleep(timedelta(minutes=11).total_seconds())


@pytest.mark.parametrize("stale", [0, 8])
@pytest.mark.parametrize("fault", [LOST, THROTTLED, DENIED, FULL, BROKEN, KILLED, "killed before"])
def test_a_fault_at_any_call_leaves_it_done_once_or_as_it_was(trials: Trials, fault: str, stale: int) -> None:
    status, clean = trials.run(slow=2, stale=stale)
    assert status == actions.APPLIED
    endings = {trials.run(slow=2, stale=stale, faults={n: fault})[0] for n in range(1, clean.calls + 1)}
    if fault not in (DENIED, FULL):
        assert endings == {actions.APPLIED}, "what passes by itself does not stop it"


@pytest.mark.parametrize("fault", [LOST, THROTTLED, KILLED])
def test_two_faults_at_any_two_calls_leave_it_done_once(trials: Trials, fault: str) -> None:
    _, clean = trials.run()
    for first in range(1, clean.calls + 1):
        for second in range(first + 1, clean.calls + 3, 2):
            assert trials.run(faults={first: fault, second: LOST})[0] == actions.APPLIED


@pytest.mark.parametrize("then", [DENIED, FULL])
def test_a_refusal_after_a_kill_goes_back_and_says_that_something_was_changed(trials: Trials, then: str) -> None:
    _, clean = trials.run()
    for number in range(2, clean.calls + 1):
        trials.run(faults={number: KILLED, number + 2: then})


@pytest.mark.parametrize("is_after", [False, True])
def test_a_kill_at_any_write_of_the_journal_leaves_it_done_once(
    trials: Trials, monkeypatch: pytest.MonkeyPatch, is_after: bool
) -> None:
    write, count, at = Tools.write, 0, 0

    def killed(self: Tools, *arguments: Any) -> None:
        nonlocal count
        count += 1
        if count == at and not is_after:
            raise Killed
        write(self, *arguments)
        if count == at:
            raise Killed

    monkeypatch.setattr(Tools, "write", killed)
    assert trials.run()[0] == actions.APPLIED
    # Planning and approving write one entry each; they are not what is killed here.
    for number in range(3, count + 1):
        count, at = 0, number
        assert trials.run()[0] == actions.APPLIED


def test_without_capacity_the_machine_runs_again_as_it_was_and_this_is_told(memory: Path, cloud: ModelCloud) -> None:
    cloud.full = {"small"}
    to = tools(memory, cloud)
    ident = approved(to, resizing())
    (result,) = applying.apply(to, [ident])
    assert (result.outcome, cloud.machines["i-1"]["state"]) == (actions.BACKED_OUT, "running")
    assert cloud.machines["i-1"]["type"] == "large"
    assert "no small there now" in result.reason


def test_where_nothing_helps_the_failure_is_critical_and_the_next_run_leaves_it_alone(
    memory: Path, cloud: ModelCloud
) -> None:
    cloud.full = {"small", "large"}
    to = tools(memory, cloud)
    ident = approved(to, resizing())
    assert [applying.apply(to, [ident])[0].outcome for _ in range(4)] == [applying.UNFINISHED] * 3 + [actions.FAILED]
    from finops.stores.state import outbox

    with to.database.connect() as connection:
        told = outbox.entry(connection, f"action/{ident}/action_failed")
    assert told is not None
    assert str(told.event.severity) == "critical"
    changes = list(cloud.changes)
    assert applying.resume(to) == []
    assert cloud.changes == changes


@pytest.mark.parametrize("fault", [FULL, DENIED])
def test_what_is_refused_on_the_way_back_is_tried_again_until_the_machine_runs(memory: Path, fault: str) -> None:
    cloud = ModelCloud(full={"small"})
    cloud.add("i-1")
    to = tools(memory, cloud)
    ident = approved(to, resizing())
    start = cloud.start

    def refused_twice(name: str) -> None:
        if cloud.machines[name]["type"] == "large" and refused_twice.left:  # type: ignore[attr-defined]
            refused_twice.left -= 1  # type: ignore[attr-defined]
            cloud.faults = {cloud.calls + 1: fault}
        start(name)

    refused_twice.left = 2  # type: ignore[attr-defined]
    cloud.start = refused_twice  # type: ignore[method-assign]
    (result,) = applying.apply(to, [ident])
    assert (result.outcome, cloud.machines["i-1"]["type"]) == (actions.BACKED_OUT, "large")
    assert cloud.machines["i-1"]["state"] == "running"


def test_what_breaks_every_run_is_told_and_given_up(memory: Path) -> None:
    cloud = ModelCloud(faults=dict.fromkeys(range(4, 200), BROKEN))
    cloud.add("i-1")
    to = tools(memory, cloud)
    ident = approved(to, resizing())
    outcomes = [applying.apply(to, [ident])[0].outcome for _ in range(7)]
    assert outcomes == [applying.UNFINISHED] * 6 + [actions.FAILED]
    assert "RuntimeError: unexpected answer" in str(journal_of(to, ident))


def journal_of(to: Tools, ident: str) -> list[dict[str, Any]]:
    with to.database.connect() as connection:
        return [dict(each.content) for each in action_journal.entries(connection, ident)]


def test_a_protect_tag_that_is_set_half_way_brings_it_back(memory: Path) -> None:
    cloud = ModelCloud(faults={3: KILLED})
    cloud.add("i-1")
    to = tools(memory, cloud)
    ident = approved(to, resizing())
    with pytest.raises(Killed):
        applying.apply(to, [ident])
    cloud.machines["i-1"]["tags"]["Protect"] = "yes"
    to.clock.sleep(660)
    (result,) = applying.resume(to)
    assert result.outcome == actions.BACKED_OUT
    assert (cloud.machines["i-1"]["type"], cloud.machines["i-1"]["state"]) == ("large", "running")


def test_the_kill_switch_stops_half_way_and_taking_it_away_lets_it_go_on(memory: Path) -> None:
    cloud = ModelCloud(slow=5)
    cloud.add("i-1")
    clock = DrivenClock()
    to = tools(memory, cloud, clock)
    ident = approved(to, resizing())
    stop_at_first_wait(clock, to)
    (result,) = applying.apply(to, [ident])
    assert result.outcome == applying.UNFINISHED
    assert len(cloud.changes) == 1
    assert applying.resume(to)[0].outcome == applying.WAITS
    to.stop_file.unlink()
    assert applying.resume(to)[0].outcome == actions.APPLIED
    assert [what for _, what, _ in cloud.changes] == STEPS


def stop_at_first_wait(clock: DrivenClock, to: Tools) -> None:
    sleep = clock.sleep

    def stopping(seconds: float) -> None:
        to.stop_file.touch()
        clock.sleep = sleep  # type: ignore[method-assign]
        sleep(seconds)

    clock.sleep = stopping  # type: ignore[method-assign]


def test_what_never_ends_is_given_up_after_some_runs_and_brought_back(memory: Path) -> None:
    cloud = ModelCloud(slow=100_000)
    cloud.add("i-1")
    to = tools(memory, cloud)
    ident = approved(to, resizing())
    assert applying.apply(to, [ident])[0].outcome == applying.UNFINISHED
    for _ in range(8):
        to.clock.sleep(660)
        applying.resume(to)
    action = of(to, ident)
    assert (action.status, action.is_backing_out) == (actions.FAILED, True)


def test_another_run_does_not_touch_what_one_works_on(memory: Path, cloud: ModelCloud) -> None:
    from finops.rightsizing.engine.tools import holding

    to = tools(memory, cloud)
    ident = approved(to, resizing())
    with holding(to, ident):
        (result,) = applying.apply(to, [ident])
    assert result.outcome == applying.WAITS
    assert cloud.calls == 0


def test_who_has_lost_the_lease_writes_and_does_nothing_more(memory: Path) -> None:
    cloud = ModelCloud(slow=3)
    cloud.add("i-1")
    clock = DrivenClock()
    to = tools(memory, cloud, clock)
    ident = approved(to, resizing())
    sleep = clock.sleep

    def lost(seconds: float) -> None:
        sleep(seconds)
        with to.database.begin() as connection:
            late = clock.now() + timedelta(hours=1)
            assert actions.take(connection, ident, "other", now=late, until=late + timedelta(minutes=10))

    clock.sleep = lost  # type: ignore[method-assign]
    (result,) = applying.apply(to, [ident])
    assert "taken over" in result.reason
    assert len(cloud.changes) == 1


def test_the_model_cloud_itself_refuses_what_a_real_one_refuses() -> None:
    cloud = ModelCloud()
    cloud.add("i-1")
    with pytest.raises(model_cloud.Rejected):
        cloud.set_type("i-1", "small")
