"""Whatever people, faults and kills do in whatever order: a machine is whole, and nothing is done without leave."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule
from tests.unit.rightsizing.engine.model_cloud import FULL, KILLED, LOST, THROTTLED, Killed, ModelCloud
from tests.unit.rightsizing.engine.world import NOW, DrivenClock, of, plan, resizing, tools

from finops.core.errors import BadInput
from finops.rightsizing.engine import applying, approving
from finops.stores.state import action_journal, actions

_MEMORY = Path("/dev/shm")
_HOME = TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None)
_NUMBER = count()
_CAPS = {"count": 1000, "percent": 100, "monthly_cost": 10**9}
_RUN_SECONDS = 660


class AnyOrder(RuleBasedStateMachine):
    """Each machine has one action, which makes it small. The model: who was approved, when, and what was forbidden."""

    idents = Bundle("idents")

    def __init__(self) -> None:
        super().__init__()
        self.cloud = ModelCloud(slow=2, stale=4, clock=DrivenClock(NOW))
        self.to = tools(Path(_HOME.name), self.cloud, self.cloud.clock, caps=_CAPS)
        self.to.stop_file.unlink(missing_ok=True)
        self.machines: dict[str, str] = {}
        self.approved: set[str] = set()
        self.closed: dict[str, int] = {}
        """Machines that nothing may be done to, and how many changes there were when that began."""

    @rule(target=idents)
    def propose(self) -> str:
        name = f"i-{next(_NUMBER)}"
        self.cloud.add(name)
        # Findings that are published without a machine that waits end its action: so all are published anew.
        rows = [resizing(each, rule=each, facts="{}") for each in (*self.machines.values(), name)]
        (ident,) = plan(self.to, *rows)
        self.machines[ident] = name
        return ident

    @rule(ident=idents, by=st.sampled_from(["ada", "finops", "mallory"]))
    def approve(self, ident: str, by: str) -> None:
        with suppress(BadInput):
            approving.approve(self.to, ident, by)
            assert by == "ada", "neither who asked for it nor a stranger"
            self.approved.add(ident)

    @rule(ident=consumes(idents))
    def reject(self, ident: str) -> None:
        with suppress(BadInput):
            approving.reject(self.to, ident, "grace", "it is needed")
            self.closed[self.machines[ident]] = self._changes_of(ident)
            self.approved.discard(ident)

    @rule(ident=idents)
    def protect(self, ident: str) -> None:
        machine = self.cloud.machines[self.machines[ident]]
        machine["tags"]["protect"] = "true"
        if of(self.to, ident).status in (actions.PLANNED, actions.APPROVED):
            self.closed[self.machines[ident]] = self._changes_of(ident)

    @rule(after=st.integers(1, 12), fault=st.sampled_from([LOST, THROTTLED, KILLED, "killed before", FULL]))
    def fail(self, after: int, fault: str) -> None:
        self.cloud.faults[self.cloud.calls + after] = fault

    @precondition(lambda self: self.approved)
    @rule(is_stopped=st.booleans())
    def run(self, is_stopped: bool) -> None:
        before = len(self.cloud.changes)
        if is_stopped:
            self.to.stop_file.touch()
        with suppress(Killed):
            applying.resume(self.to)
            applying.apply(self.to)
        self.cloud.clock.sleep(_RUN_SECONDS)
        if is_stopped:
            assert len(self.cloud.changes) == before, "the kill switch stops everything"
            self.to.stop_file.unlink()

    @precondition(lambda self: self.approved)
    @rule(ident=idents)
    def roll_back(self, ident: str) -> None:
        with suppress(BadInput, Killed):
            applying.rollback(self.to, ident, "ada", "it was slow")
        self.cloud.clock.sleep(_RUN_SECONDS)

    @invariant()
    def nothing_is_done_without_leave(self) -> None:
        for ident, name in self.machines.items():
            if ident not in self.approved:
                assert self._changes_of(ident) == 0
            if name in self.closed:
                assert self._changes_of(ident) == self.closed[name]

    @invariant()
    def what_has_ended_is_whole(self) -> None:
        for ident, name in self.machines.items():
            machine, action = self.cloud.machines[name], of(self.to, ident)
            if action.status == actions.APPLYING or self._is_undone_now(ident):
                continue
            is_small = action.status == actions.APPLIED
            assert (machine["type"], machine["state"]) == ("small" if is_small else "large", "running"), action.status

    def teardown(self) -> None:
        self.cloud.faults.clear()
        for _ in range(8):
            applying.resume(self.to)
            applying.apply(self.to)
            self.cloud.clock.sleep(_RUN_SECONDS)
        self.what_has_ended_is_whole()
        self.nothing_is_done_without_leave()
        with self.to.database.connect() as connection:
            assert actions.all_of(connection, (actions.APPLYING,)) == []
            assert action_journal.verify(connection).fault == ""
            for action in actions.all_of(connection):
                if action.resource_id in self.cloud.machines:
                    self._is_done_once(action_journal.entries(connection, action.action_id))
        self.to.database.dispose()

    def _is_done_once(self, entries: list[action_journal.JournalEntry]) -> None:
        done: list[str] = []
        for each in entries:
            done = [] if each.kind == "backing_out" else done
            if each.kind == "outcome" and each.content["outcome"] == "done":
                assert each.content["step"] not in done, "each step once there, and once back"
                done.append(each.content["step"])

    def _changes_of(self, ident: str) -> int:
        return sum(name == self.machines[ident] for name, _, _ in self.cloud.changes)

    def _is_undone_now(self, ident: str) -> bool:
        with self.to.database.connect() as connection:
            under_way = actions.all_of(connection, (actions.APPROVED, actions.APPLYING))
        return any(each.rollback_of == ident for each in under_way)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
