"""An action as a goal: from the live state of a resource follows the next step, until the goal is reached.

Nothing is remembered between two steps but what the journal holds: after a lost reply, or a process that was killed,
the live state is read again and says what is left to do. An action never repeats a step whose effect is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from finops.core.errors import BadInput, Unavailable
from finops.rightsizing.models import Change

WAIT = "wait"
"""The next step while the cloud is still at work: read the state again a little later."""


@dataclass(frozen=True, slots=True)
class Live:
    """The state of a resource as the cloud tells it now. ``facts`` are what JSON can hold; they are the before-state.

    ``state`` is the cloud's own word (``running``, ``deallocated``, ``TERMINATED``); empty for what has none.
    ``tags`` are those of the resource now: a protect tag that was set since planning counts.
    """

    exists: bool
    state: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


class Action(Protocol):
    """One kind of change on one cloud. Stateless; ``client`` is what ``clients`` gives for the target's account."""

    name: str
    """As plans and the journal have it, ``resize``; unique with ``provider``."""
    provider: str
    summary: str
    """What it does, in a few words."""
    parameters: Mapping[str, str]
    """Its parameters, by name, each with what it means."""
    reads: tuple[str, ...]
    """Permissions to observe."""
    acts: tuple[str, ...]
    """Permissions to perform."""
    resource_types: tuple[str, ...]
    is_reversible: bool

    def observe(self, client: Any, change: Change) -> Live:
        """Read the live state. A resource that is gone is ``Live(exists=False)``."""

    def refusal(self, live: Live, change: Change) -> str:
        """Return why it must not be begun in this state, empty where it may. Preconditions of the cloud, and ours."""

    def next_step(self, live: Live, change: Change) -> str | None:
        """Return the next step's name, ``WAIT``, or None when the goal is reached."""

    def perform(self, client: Any, step: str, live: Live, change: Change, token: str) -> None:
        """Do one step. ``token`` is the same whenever the same step of the same action is tried again."""

    def inverse(self, before: Live, change: Change) -> Change | None:
        """Return what undoes it, from the state before; None where nothing can, as after a snapshot is deleted."""

    def fallback(self, before: Live, change: Change) -> Change | None:
        """Return what to do when there is no capacity for the goal: back to what it was; None where nothing helps."""


class Busy(Unavailable):
    """The cloud throttles, or the resource is being changed: the same step can be tried again."""


class ReplyLost(Unavailable):
    """A step was sent and no answer came: it may have been done. Read the state before anything else."""


class NoCapacity(BadInput):
    """The cloud has no machine of this type there now."""


class Denied(BadInput):
    """The credentials lack a permission; the text names it."""


class Rejected(BadInput):
    """The cloud refuses the step as it is: a state or value that it does not take."""
