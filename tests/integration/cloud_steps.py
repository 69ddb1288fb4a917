"""What tests of actions on Azure and Google do: lead an action to its goal, look at what was really done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast
from uuid import uuid4

from servers.cloud_api import CloudApi

from finops.rightsizing.actions.model import WAIT, Action, Busy, Denied, Live, NoCapacity, Rejected, ReplyLost
from finops.rightsizing.models import Change, Target

_PATIENCE = 120
_BREAKS_OFF = (NoCapacity, Denied, Rejected)


class Refused(Exception):
    """The action must not be begun."""


@dataclass
class World:
    """A cloud, an account in it, and what can be done there. ``make`` has a resource and returns its id."""

    cloud: CloudApi
    client: Any
    target: Target
    actions: Mapping[str, Action]
    make: Callable[..., str]

    def has(self, kind: str, /, **facts: Any) -> str:
        """Make a resource; return its id."""
        return self.make(self.cloud, kind, **facts)

    def change(self, action: str, resource_id: str, **parameters: Any) -> Change:
        """Return a change of a resource."""
        return Change(action, replace(self.target, resource_id=resource_id), parameters)

    def live(self, change: Change) -> Live:
        """Read what the action reads, however often the cloud fails."""
        for _ in range(_PATIENCE):
            try:
                return self.actions[change.action].observe(self.client, change)
            except Busy:
                continue
        raise AssertionError("the cloud never answers")

    def settled(self, change: Change) -> Live:
        """Read the state when nothing is under way any more."""
        for operation in self.cloud.operations.values():
            while not operation.is_done:
                self.cloud.look([operation])
        return self.live(change)

    def effects(self) -> Counter[str]:
        """Return what was changed since the last time, by permission, and how often."""
        return self.cloud.taken_effects()


@dataclass(frozen=True)
class Done:
    """How an action ended. ``before`` is as the engine gives it to ``inverse``; ``steps`` were tried."""

    before: Live
    after: Live
    undo: Change | None
    steps: tuple[str, ...]
    errors: tuple[Exception, ...]
    brought_back: Done | None = None


@dataclass(frozen=True)
class Case:
    """One action, the resource that it is done to, and what holds when it is done."""

    action: str
    kind: str
    row: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    state: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    """The permissions that it uses to change, each once."""

    def asked_in(self, world: World) -> Change:
        """Make the resource and return the change."""
        return world.change(self.action, world.has(self.kind, **self.row), **self.parameters)


def apply(world: World, asked: Change) -> Done:
    """Lead an action to its goal, or back when the cloud cannot; raise Refused where it must not begin."""
    before = world.live(asked)
    if reason := world.actions[asked.action].refusal(before, asked):
        raise Refused(reason)
    return _lead(world, asked, before)


def _lead(world: World, asked: Change, before: Live, *, is_fallback: bool = False) -> Done:
    action, token = world.actions[asked.action], uuid4().hex
    steps: list[str] = []
    errors: list[Exception] = []
    for _ in range(_PATIENCE):
        live = world.live(asked)
        step = action.next_step(live, asked)
        if step is None:
            seen = replace(before, facts={**before.facts, "after": dict(live.facts)})
            return Done(seen, live, action.inverse(seen, asked), tuple(steps), tuple(errors))
        if step == WAIT:
            continue
        try:
            steps.append(step)
            action.perform(world.client, step, live, asked, f"{token}:{step}")
        except (Busy, ReplyLost) as error:
            errors.append(error)
        except _BREAKS_OFF as error:
            errors.append(error)
            if is_fallback:
                continue
            back = action.fallback(before, asked)
            done = _lead(world, back, before, is_fallback=True) if back else None
            return Done(before, world.live(asked), None, tuple(steps), tuple(errors), done)
    raise AssertionError(f"{asked.action} never ends: {steps[-10:]} {errors[-3:]}")


def same(live: Live, *volatile: str) -> tuple[Any, ...]:
    """Return what has to be equal when everything is as it was."""
    facts = {name: value for name, value in live.facts.items() if name not in ("after", "types", *volatile)}
    return live.exists, live.state, dict(live.tags), facts


def by_name(actions: tuple[Any, ...]) -> dict[str, Action]:
    """Return a cloud's actions by their names."""
    return {action.name: cast(Action, action) for action in actions}
