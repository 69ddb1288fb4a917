"""What the engine works with, and a run's hold on an action: each write is row, journal entry and events at once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine

from finops.core.errors import Unavailable
from finops.core.events import Event
from finops.policy.rightsizing import RightsizingPolicy
from finops.rightsizing.actions.model import Action, Live
from finops.rightsizing.clients import Clients, client_of
from finops.rightsizing.models import Change, Target
from finops.stores.state import action_journal, actions, outbox

LEASE = timedelta(minutes=10)
"""Longer than any one call to a cloud; whoever works on an action prolongs it with each entry of the journal."""


class Clock(Protocol):
    """The time, which tests can drive."""

    def now(self) -> datetime:
        """Return the moment, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class SystemClock:
    """The machine's own."""

    def now(self) -> datetime:
        """Return the moment, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the engine works with. ``stop_file`` stops every action while it exists; ``tells``: events are put."""

    database: Engine
    policy: RightsizingPolicy
    clients: Clients
    find: Callable[[str, str], Action]
    stop_file: Path
    clock: Clock = field(default_factory=SystemClock)
    tells: bool = False

    def client(self, target: Target) -> Any:
        """Return the client of the account that a resource is in."""
        return client_of(self.clients, target)

    @property
    def stopped(self) -> str:
        """Why nothing may be changed at all; empty where it may."""
        if not self.policy.actions_enabled:
            return "actions_enabled in rightsizing.yml is false"
        return f"the file {self.stop_file.name} stops all actions" if self.stop_file.exists() else ""

    def write(
        self,
        connection: Connection,
        action_id: str,
        kind: str,
        content: Mapping[str, Any],
        events: Iterable[Event] = (),
    ) -> None:
        """Write an entry of the journal, and put the events, in the caller's transaction."""
        now = self.clock.now()
        action_journal.append(connection, action_id, kind, content, now)
        if self.tells:
            outbox.add(connection, events, now)


@dataclass(frozen=True, slots=True)
class Hold:
    """One run's hold on an action."""

    tools: Tools
    action_id: str
    owner: str

    def note(self, kind: str, content: Mapping[str, Any], *events: Event, **values: Any) -> None:
        """Write an entry, with the columns that it changes and what is told of it.

        Raise Unavailable, with nothing written, where another run has taken the action over.
        """
        with self.tools.database.begin() as connection:
            self.note_in(connection, kind, content, *events, **values)

    def renew(self) -> None:
        """Prolong the lease while nothing is written. Raise Unavailable where another run has taken the action over."""
        with self.tools.database.begin() as connection:
            actions.keep(connection, self.action_id, self.owner, self.tools.clock.now() + LEASE)

    def note_in(
        self, connection: Connection, kind: str, content: Mapping[str, Any], *events: Event, **values: Any
    ) -> None:
        """Do the same in the caller's transaction."""
        actions.keep(connection, self.action_id, self.owner, self.tools.clock.now() + LEASE, **values)
        self.tools.write(connection, self.action_id, kind, content, events)


@contextmanager
def holding(tools: Tools, action_id: str) -> Iterator[Hold]:
    """Have an action to oneself while the block runs. Raise Unavailable where another run works on it.

    A process that is killed leaves its lease; another one can take the action when that is over.
    """
    hold = Hold(tools, action_id, uuid.uuid4().hex)
    now = tools.clock.now()
    with tools.database.begin() as connection:
        if not actions.take(connection, action_id, hold.owner, now=now, until=now + LEASE):
            raise Unavailable(f"another run works on action {action_id}, or was killed within the last minutes; wait")
    try:
        yield hold
    finally:
        with tools.database.begin() as connection:
            actions.release(connection, action_id, hold.owner)


def target_of(action: actions.Action) -> Target:
    """Return the resource that an action is done to."""
    return Target(action.provider, action.account, action.region, action.zone, action.resource_id)


def change_of(action: actions.Action) -> Change:
    """Return what an action is to do."""
    return Change(action.action, target_of(action), action.parameters)


def live_as_json(live: Live) -> dict[str, Any]:
    """Return a state as the journal has it."""
    return {"exists": live.exists, "state": live.state, "tags": dict(live.tags), "facts": dict(live.facts)}


def live_from_json(found: Mapping[str, Any]) -> Live:
    """Return the state that was written."""
    return Live(found["exists"], found["state"], found["tags"], found["facts"])


def change_as_json(change: Change) -> dict[str, Any]:
    """Return a change as the journal has it."""
    target = change.target
    where = {name: getattr(target, name) for name in ("provider", "account", "region", "zone", "resource_id")}
    return {"action": change.action, "target": where, "parameters": dict(change.parameters)}


def change_from_json(found: Mapping[str, Any]) -> Change:
    """Return the change that was written."""
    return Change(found["action"], Target(**found["target"]), found["parameters"])
