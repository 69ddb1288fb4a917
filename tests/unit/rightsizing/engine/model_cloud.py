"""A cloud in memory with what real ones insist on, for tests of the engine: machines, and three actions on them.

It keeps every change that it makes, takes a step only in a state that allows it, shows a change only after some seconds
where it is told to, and fails the n-th call as it is told to. It can live in a file, so that processes share it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finops.rightsizing.actions.model import WAIT, Busy, Denied, Live, NoCapacity, Rejected, ReplyLost
from finops.rightsizing.engine.tools import SystemClock
from finops.rightsizing.models import Change

LOST, THROTTLED, FULL, DENIED, BROKEN, KILLED = "lost", "throttled", "full", "denied", "broken", "killed"
_SOON = {"stopping": "stopped", "starting": "running"}


class Killed(BaseException):
    """The process ends here."""


@dataclass
class ModelCloud:
    """Machines by id: type, state, tags; ``changes`` are all that was ever changed, ``calls`` counts every call.

    ``faults`` says how the n-th call fails. ``slow``: so many reads a transition takes. ``stale``: for so many seconds
    reads show what was before.
    """

    machines: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)
    slow: int = 1
    stale: float = 0
    clock: Any = None
    calls: int = 0
    file: Path | None = None

    def add(self, ident: str, kind: str = "large", state: str = "running", **tags: str) -> None:
        """Add a machine."""
        self.machines[ident] = {"type": kind, "state": state, "tags": tags, "left": 0, "stale": 0, "shown": None}
        self._save()

    def aws(self, account: str) -> ModelCloud:
        """Return the client of an account."""
        del account
        return self

    azure = gcp = aws

    def read(self, ident: str) -> dict[str, Any] | None:
        """Return a machine as it is shown."""
        self.load()
        fault = self._count()
        self._before(fault)
        machine = self.machines.get(ident)
        if machine is not None:
            self._pass_time(machine)
        self._save()
        self._after(fault)
        if machine is None:
            return None
        return machine["shown"] if self._now() < machine["stale"] else _seen(machine)

    def stop(self, ident: str) -> None:
        """Stop a machine that runs."""
        self._change(ident, "stop", ("running",), state="stopping")

    def start(self, ident: str) -> None:
        """Start a machine that is stopped, where there is capacity for its type."""
        self._change(ident, "start", ("stopped",), state="starting")

    def set_type(self, ident: str, kind: str) -> None:
        """Change the type of a machine that is stopped."""
        self._change(ident, f"type {kind}", ("stopped",), type=kind)

    def _change(self, ident: str, what: str, states: tuple[str, ...], **values: Any) -> None:
        self.load()
        fault = self._count()
        self._before(fault)
        machine = self.machines[ident]
        if machine["state"] not in states:
            self._save()
            raise Rejected(f"{what} of {ident} is not possible while it is {machine['state']}")
        if what == "start" and machine["type"] in self.full:
            self._save()
            raise NoCapacity(f"no {machine['type']} there now")
        shown = _seen(machine)
        machine.update(values, left=self.slow, stale=self._now() + self.stale, shown=shown)
        self.changes.append((ident, what, machine["state"]))
        self._save()
        self._after(fault)

    def _pass_time(self, machine: dict[str, Any]) -> None:
        if machine["state"] in _SOON:
            machine["left"] -= 1
            if machine["left"] <= 0:
                machine["state"] = _SOON[machine["state"]]

    def _now(self) -> float:
        return 0.0 if self.clock is None else self.clock.now().timestamp()

    def _count(self) -> str:
        self.calls += 1
        return self.faults.get(self.calls, "")

    def _before(self, fault: str) -> None:
        failures: Mapping[str, BaseException] = {
            THROTTLED: Busy("throttled"),
            DENIED: Denied("not allowed: ec2:StopInstances"),
            FULL: NoCapacity("no capacity"),
            "killed before": Killed(),
        }
        if fault in failures:
            self._save()
            raise failures[fault]

    def _after(self, fault: str) -> None:
        failures: Mapping[str, BaseException] = {
            LOST: ReplyLost("no answer"),
            BROKEN: RuntimeError("unexpected answer"),
            KILLED: Killed(),
        }
        if fault in failures:
            raise failures[fault]

    def load(self) -> None:
        """Read the file again."""
        if self.file is not None and self.file.exists():
            found = json.loads(self.file.read_text())
            self.machines, self.calls = found["machines"], found["calls"]
            self.changes = [(a, b, c) for a, b, c in found["changes"]]

    def _save(self) -> None:
        if self.file is not None:
            content = {"machines": self.machines, "calls": self.calls, "changes": self.changes}
            beside = self.file.with_suffix(".new")
            beside.write_text(json.dumps(content))
            beside.replace(self.file)


def _seen(machine: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": machine["type"], "state": machine["state"], "tags": dict(machine["tags"])}


class _OfMachines:
    provider = "aws"
    reads = ("ec2:DescribeInstances",)
    acts = ("ec2:StopInstances",)
    resource_types = ("machine",)
    is_reversible = True
    needs: frozenset[str] = frozenset()

    def observe(self, client: ModelCloud, change: Change) -> Live:
        found = client.read(change.target.resource_id)
        if found is None:
            return Live(exists=False)
        return Live(True, found["state"], found["tags"], {"type": found["type"]})

    def refusal(self, live: Live, change: Change) -> str:
        if self.needs - change.parameters.keys():
            return f"its parameter {min(self.needs)} is missing"
        return "it is spot and would be lost" if live.tags.get("spot") else ""

    def perform(self, client: ModelCloud, step: str, live: Live, change: Change, token: str) -> None:
        del live, token
        ident = change.target.resource_id
        {
            "stop": lambda: client.stop(ident),
            "start": lambda: client.start(ident),
            "resize": lambda: client.set_type(ident, change.parameters["instance_type"]),
        }[step]()

    def next_step(self, live: Live, change: Change) -> str | None:
        raise NotImplementedError

    def fallback(self, before: Live, change: Change) -> Change | None:
        return self.inverse(before, change)

    def inverse(self, before: Live, change: Change) -> Change | None:
        raise NotImplementedError


class StopMachine(_OfMachines):
    """Stops a machine; start undoes it."""

    name, summary, parameters = "stop_machine", "stops it", {}

    def next_step(self, live: Live, change: Change) -> str | None:
        return {"running": "stop", "stopped": None}.get(live.state, WAIT)

    def inverse(self, before: Live, change: Change) -> Change | None:
        return Change("start_machine", change.target) if before.state == "running" else None


class StartMachine(_OfMachines):
    """Starts a machine; stop undoes it."""

    name, summary, parameters = "start_machine", "starts it", {}

    def next_step(self, live: Live, change: Change) -> str | None:
        return {"stopped": "start", "running": None}.get(live.state, WAIT)

    def inverse(self, before: Live, change: Change) -> Change | None:
        return Change("stop_machine", change.target) if before.state == "stopped" else None

    def fallback(self, before: Live, change: Change) -> Change | None:
        return None


class ResizeMachine(_OfMachines):
    """Stops a machine, changes its type, starts it again; the type before undoes it."""

    name, summary = "resize_machine", "changes its type"
    needs = frozenset({"instance_type"})
    parameters: Mapping[str, str] = {"instance_type": "the new type", "state": "the state in the end"}

    def next_step(self, live: Live, change: Change) -> str | None:
        wanted = change.parameters["instance_type"]
        if live.facts["type"] == wanted:
            return {"running": None, "stopped": "start"}.get(live.state, WAIT)
        return {"running": "stop", "stopped": "resize"}.get(live.state, WAIT)

    def inverse(self, before: Live, change: Change) -> Change | None:
        return Change(self.name, change.target, {"instance_type": before.facts["type"]})


ACTIONS = {each.name: each for each in (StopMachine(), StartMachine(), ResizeMachine())}


def find(provider: str, name: str) -> Any:
    """Return an action of the model cloud."""
    del provider
    from finops.core.errors import BadInput

    if name not in ACTIONS:
        raise BadInput(f"there is no action {name!r}")
    return ACTIONS[name]


class QuickClock(SystemClock):
    """The machine's own clock, but nobody waits."""

    def sleep(self, seconds: float) -> None:
        """Go on at once."""
