"""Actions on an AWS that fails at random, by a process that is killed at random, on resources that get protected.

An action is never done twice, never left half, and nothing is done outside the guardrails.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from action_steps import BY_NAME, REGION, Case, Done, Refused, World, apply, change, engine, settled, undo
from aws_cases import CASES
from tests.unit.rightsizing.engine.model_cloud import Killed

from finops.core.errors import FinopsError
from finops.rightsizing.actions.aws import calls
from finops.rightsizing.actions.model import Live
from finops.rightsizing.engine.tools import Tools
from finops.rightsizing.models import Change
from finops.stores.state import action_journal, actions

pytestmark = pytest.mark.integration

RUNS = int(os.environ.get("RUNS", "60"))
KINDS = ("throttle", "error", "lost", "reset", "no_capacity")
CAP = 8
UNTAGGED = ("restore_volume",)
"""Its resource is gone, and has no tags any more."""


@dataclass
class Run:
    """One run: what AWS was called, and what happens at which moments, as ``("call", 3)``: before the third call."""

    world: World
    at: dict[tuple[str, int], Callable[[], None]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    log: list[dict[str, Any]] = field(default_factory=list)
    turned_at: int | None = None
    protected_at: int | None = None
    kills: int = 0

    def comes(self, moment: str) -> None:
        """Let happen what is to happen at this moment."""
        self.seen[moment] += 1
        self.at.pop((moment, self.seen[moment]), lambda: None)()

    def kill(self) -> None:
        """End the process."""
        self.kills += 1
        raise Killed

    def protect(self, asked: Change) -> None:
        """Tag the live resource, as its owner may at any moment."""
        self.look()
        waiting, self.at = self.at, {}
        tags = {"protect": "true"}
        while "protect" not in (live := self.world.live(asked)).tags:
            if not live.exists:
                self.at = waiting
                return
            with suppress(FinopsError):
                if asked.action == "limit_requests":
                    waf = self.world.account.client("wafv2", REGION)
                    waf.tag_resource(ResourceARN=asked.target.resource_id, Tags=[{"Key": "protect", "Value": "true"}])
                elif asked.action == "attach_policy":
                    organizations = self.world.account.client("organizations", REGION)
                    tag = {"Key": "protect", "Value": "true"}
                    organizations.tag_resource(ResourceId=asked.target.resource_id, Tags=[tag])
                else:
                    tagging = change("tag", asked.target.resource_id, tags=tags)
                    BY_NAME["tag"].perform(self.world.account, "set", Live(True), tagging, "")
        self.world.aws.calls()
        self.at, self.protected_at = waiting, len(self.log)

    def look(self) -> list[dict[str, Any]]:
        """Return every change that was made so far."""
        self.log += [each for each in self.world.aws.calls() if each["has_effect"]]
        return self.log


class Watched:
    """An action whose readings are moments."""

    def __init__(self, action: Any, run: Run) -> None:
        self._action, self._run = action, run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._action, name)

    def observe(self, client: Any, asked: Change) -> Live:
        """Read the state."""
        self._run.comes("read")
        return self._action.observe(client, asked)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def _to(_world: World) -> Iterator[Tools]:
    memory = Path("/dev/shm")
    caps = {"count": CAP, "percent": 100, "monthly_cost": 10**9}
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as home:
        to = engine(Path(home), caps=caps, approval_expires_hours=720)
        yield to
        with to.database.connect() as connection:
            assert action_journal.verify(connection).fault == ""
            begun = [each.started_at for each in actions.all_of(connection) if not each.rollback_of]
    moments = sorted(filter(None, begun))
    assert all(later - first >= timedelta(hours=24) for first, later in zip(moments, moments[CAP:], strict=False))


@pytest.fixture
def run(world: World, _to: Tools, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run whose moments are seen."""
    found = Run(World(world.aws, _to))
    found.world.to = replace(_to, find=lambda provider, name: Watched(_to.find(provider, name), found))
    write, call = Tools.write, calls._call

    def writing(self: Tools, connection: Any, ident: str, kind: str, *more: Any) -> None:
        found.comes("write")
        write(self, connection, ident, kind, *more)
        if kind == "backing_out":
            found.turned_at = len(found.look())
        found.comes("written")

    def calling(*arguments: Any) -> Any:
        found.comes("call")
        answer = call(*arguments)
        found.comes("called")
        return answer

    monkeypatch.setattr(Tools, "write", writing)
    monkeypatch.setattr(calls, "_call", calling)
    return found


def _let_fail(run: Run, die: Random, case: Case, asked: Change, seed: int) -> None:
    """Choose what fails, where the process is killed, and when the resource is protected."""
    denied = {"permission": die.choice(case.changes), "kind": "denied", "times": die.randint(1, 2)}
    rate = die.choice((0.02, 0.05, 0.1, 0.2))
    run.seen.clear()
    for _ in range(die.choice((0, 1, 1, 2))):
        # Planning and approving write two entries; they are not what is killed here.
        moment = die.choice(
            (("write", die.randint(3, 12)), ("written", die.randint(3, 12)), ("call", die.randint(1, 40)))
        )
        moment = die.choice((moment, ("called", die.randint(1, 40))))
        run.at[moment] = run.kill
    if case.action not in UNTAGGED and die.random() < 0.3:
        run.at["read", die.randint(1, 5)] = lambda: run.protect(asked)
    run.world.aws.fail(*([denied] if die.random() < 0.25 else []), random={"seed": seed, "rate": rate, "kinds": KINDS})


@pytest.mark.parametrize("seed", range(RUNS))
def test_an_action_is_done_once_and_whole_or_not_at_all_within_the_guardrails(run: Run, seed: int) -> None:
    die, world = Random(seed), run.world
    case = die.choice(CASES)
    asked = case.asked_in(world)
    before = world.live(asked)
    run.look()
    run.log.clear()
    _let_fail(run, die, case, asked, seed)
    done: Done | None = None
    with suppress(Refused):
        done = apply(world, asked)
    run.at.clear()
    world.aws.fail()
    if done is not None and not done.action.is_backing_out:
        run.turned_at = None  # It was killed before that was written.
    after, changes = world.live(asked), run.look()
    there, back = changes[: run.turned_at], changes[len(changes) if run.turned_at is None else run.turned_at :]
    for way in (there, back):
        assert max(Counter((each["permission"], each["resource"]) for each in way).values(), default=0) <= 1, "twice"
    if run.protected_at is not None:
        assert there[run.protected_at :] == [], "nothing more was done once it was protected"
    if done is not None and done.action.status == actions.APPLIED:
        assert Counter(each["permission"] for each in there) == Counter(case.changes)
        assert BY_NAME[case.action].next_step(after, asked) is None
        assert {name: after.facts[name] for name in case.facts} == dict(case.facts)
    else:
        assert _but_protected(settled(after)) == settled(before)
    if done is None:
        assert (run.protected_at, changes) == (0, []), "refused because it was protected before anything was done"
    if before.state == "running" and case.action != "stop_machine":
        assert after.state == "running"
    if done and done.undoing and run.protected_at is None and die.random() < 0.3:
        _undone(run, die, case, done, seed)
        if case.action != "delete_volume":  # Its volume comes back under another id.
            assert settled(world.live(asked)) == settled(before)


def _undone(run: Run, die: Random, case: Case, done: Done, seed: int) -> None:
    """Roll it back, killed and failed as before; it is done once too."""
    run.world.aws.pass_hours(7)  # A volume rests six hours between two changes.
    run.look()
    run.log.clear()
    run.seen.clear()
    run.turned_at = None
    run.at["called", die.randint(2, 20)] = run.kill
    # A machine that cannot be started again stays as the action has left it: what is tried here has capacity.
    kinds = [each for each in KINDS if each != "no_capacity"]
    run.world.aws.fail(random={"seed": seed, "rate": 0.1, "kinds": kinds})
    undone = undo(run.world, done)
    run.at.clear()
    run.world.aws.fail()
    assert undone.action.status == actions.APPLIED
    assert max(Counter((each["permission"], each["resource"]) for each in run.look()).values()) == 1
    with run.world.to.database.connect() as connection:
        assert actions.require(connection, done.action.action_id).status == actions.ROLLED_BACK


def _but_protected(state: tuple[Any, ...]) -> tuple[Any, ...]:
    exists, word, tags, facts = state
    return exists, word, {name: value for name, value in tags.items() if name != "protect"}, facts
