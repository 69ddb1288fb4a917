"""What stand-ins of clouds' machines have in common: changes that take a while, a count of effects, and faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from random import Random
from threading import Lock
from typing import Any

from servers.json_api import CUT, Said

BEFORE = ("throttle", "error", "reset")
"""Faults of which a change has no effect; ``lost`` comes after it, ``no_capacity`` instead of it."""
KINDS = (*BEFORE, "lost", "no_capacity")


@dataclass
class Operation:
    """A change that takes a while: it is done after some looks at it or at its resource."""

    name: str
    resource: str
    finish: Callable[[], None]
    looks_left: int
    error: tuple[str, str] | None = None
    """Code and text of its failure."""
    about: str = ""

    @property
    def is_done(self) -> bool:
        """Return whether it has ended, well or not."""
        return self.looks_left <= 0


@dataclass
class CloudApi:
    """A running stand-in. A subclass says what each request does, in ``serve``, and what refusals look like."""

    url: str = ""
    operations: dict[str, Operation] = field(default_factory=dict)
    effects: Counter[str] = field(default_factory=Counter)
    """Changes that were done, by permission."""
    fault: str = ""
    """What goes wrong with the request that is being served."""
    looks: int = 2
    _rules: list[tuple[str, str]] = field(default_factory=list)
    _die: Random | None = None
    _rate: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def fail(self, *rules: tuple[str, str], seed: int | None = None, rate: float = 0.0) -> None:
        """Fail from now on: by rules of permission and kind, each once; or at random. Without any, behave."""
        self._rules, self._rate = list(rules), rate
        self._die = None if seed is None else Random(seed)

    def taken_effects(self) -> Counter[str]:
        """Return what was changed since the last time."""
        found, self.effects = self.effects, Counter()
        return found

    def answer(self, request: BaseHTTPRequestHandler, body: Any) -> Said:
        """Answer a request, or fail."""
        with self._lock:
            permission = self.permission_of(request.command, request.path)
            self.fault = self._fault_of(permission)
            if self.fault in BEFORE:
                return self.failure(self.fault)
            answer = self.serve(permission, request, body)
            return CUT if self.fault == "lost" else answer

    def permission_of(self, method: str, path: str) -> str:
        """Return the permission that a request needs."""
        raise NotImplementedError

    def serve(self, permission: str, request: BaseHTTPRequestHandler, body: Any) -> Said:
        """Do what a request asks for."""
        raise NotImplementedError

    def refused(self, status: int, code: str, text: str = "") -> Said:
        """Return a refusal in the cloud's form."""
        raise NotImplementedError

    def failure(self, kind: str) -> Said:
        """Return the answer to a request that failed before it had an effect."""
        if kind == "reset":
            return CUT
        return self.refused(429, "TooManyRequests") if kind == "throttle" else self.refused(500, "InternalError")

    def begin(self, resource: str, finish: Callable[[], None], **more: Any) -> Operation:
        """Begin a change that is done after some looks."""
        operation = Operation(f"operation-{len(self.operations)}", resource, finish, self.looks, **more)
        self.operations[operation.name] = operation
        return operation

    def is_busy(self, resource: str) -> bool:
        """Return whether a resource is being changed."""
        return any(each.resource == resource and not each.is_done for each in self.operations.values())

    def look(self, operations: Sequence[Operation]) -> None:
        """Let time pass for what is under way."""
        for each in operations:
            if not each.is_done:
                each.looks_left -= 1
                if each.is_done:
                    each.finish()

    def look_at(self, resource: str) -> None:
        """Let time pass for a resource."""
        self.look([each for each in self.operations.values() if each.resource == resource])

    def _fault_of(self, permission: str) -> str:
        for rule in self._rules:
            if rule[0] == permission:
                self._rules.remove(rule)
                return rule[1]
        if self._die is not None and self._die.random() < self._rate:
            return self._die.choice(KINDS)
        return ""
