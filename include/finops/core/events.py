"""What a feature has to tell people: an event, before anybody decides who hears of it and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much an event matters. Critical ones go through quiet hours."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for critical."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that has happened, told once for each ``key``.

    Everything is text as it shall be shown: amounts with their currency, moments in UTC. Values may come from bills and
    tags, so they are data and never markup; each channel makes them inert.
    """

    kind: str
    """What has happened, in snake case: ``budget_breach``, ``gate_refused``, ``task_failed``."""
    key: str
    """The same event again has the same key, and is not told again."""
    severity: Severity
    title: str
    """One line."""
    text: str
    """What happened, with its numbers and cause; plain text."""
    facts: tuple[tuple[str, str], ...] = ()
    """Names and values, in the order in which they are shown."""
    owner: str = ""
    """Cost centre or person that it concerns, for routing."""
    links: tuple[tuple[str, str], ...] = ()
    """Labels, and addresses or paths."""
    next_steps: tuple[str, ...] = ()
    group: str = ""
    """Events of one group that wait at once may be one message; empty: a message of its own."""
    channel: str = ""
    """Name of a channel that hears of it whatever the routes say; one that is not there is passed over."""
    resolves: str = ""
    """Key of an earlier event that this one ends."""
