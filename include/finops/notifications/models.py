"""What there is to tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from finops.core.errors import BadInput, Unavailable
from finops.core.events import Event, Severity
from finops.core.redaction import redact
from finops.core.text import shown


class Kind(StrEnum):
    """What has happened."""

    TASK_FAILED = "task_failed"
    DEADLINE_MISSED = "deadline_missed"


@dataclass(frozen=True, slots=True)
class Alert:
    """A task that has failed for good, or a run that is late.

    ``period`` is the billing period of the run, or its logical date; ``reason`` is one line; ``link`` is where the run
    is shown.
    """

    kind: Kind
    dag_id: str
    run_id: str
    task_id: str | None = None
    period: str | None = None
    reason: str = ""
    link: str | None = None

    @property
    def headline(self) -> str:
        """What has happened, in one line."""
        period = f" for {self.period}" if self.period else ""
        if self.kind is Kind.TASK_FAILED:
            return f"{self.dag_id}.{self.task_id} failed{period}"
        return f"{self.dag_id} is late{period}"


@dataclass(frozen=True, slots=True)
class Message:
    """What one channel is sent at once: an event, or several of one group.

    ``message_id`` is the same at every attempt. ``is_repeat``: an attempt before got no answer, so this may arrive
    twice. ``remark`` says why it comes here, if not by a route.
    """

    message_id: str
    events: tuple[Event, ...]
    created_at: datetime
    is_repeat: bool = False
    remark: str = ""

    @property
    def severity(self) -> Severity:
        """The highest of its events."""
        return max((event.severity for event in self.events), key=lambda each: each.rank)

    @property
    def title(self) -> str:
        """One line: that of the event, or how many there are and the first."""
        first = one_line(self.events[0].title, 300) or self.events[0].kind
        more = len(self.events) - 1
        return f"{first} (and {more} more)" if more else first

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say of the message itself."""
        repeat = "Sent again: the attempt before got no answer, so this may be here twice." if self.is_repeat else ""
        return tuple(each for each in (self.remark, repeat) if each)


class Refused(BadInput):
    """The channel does not take this message; others it may take."""


class Broken(BadInput):
    """The channel takes nothing until a person mends it: its secret or its address."""


class Busy(Unavailable):
    """The channel did not take the message now. ``after`` is how long it asks to be left alone."""

    def __init__(self, text: str, after: timedelta | None = None) -> None:
        super().__init__(text)
        self.after = after


class NoAnswer(Unavailable):
    """The channel cannot be reached. ``is_in_doubt``: it may have taken the message all the same."""

    def __init__(self, text: str, *, is_in_doubt: bool) -> None:
        super().__init__(text)
        self.is_in_doubt = is_in_doubt


@dataclass(slots=True)
class Report:
    """What a run has done.

    ``faults`` has a line for each attempt that failed; ``untold`` counts the events that no channel was left for.
    """

    sent: int = 0
    put_off: int = 0
    parked: int = 0
    dropped: int = 0
    untold: int = 0
    faults: list[str] = field(default_factory=list)


def one_line(text: str, limit: int = 600) -> str:
    """Return a text as one line without secrets and control characters."""
    return shown(" ".join(redact(beginning(text, 2 * limit)).split()), limit)


def beginning(text: str, limit: int) -> str:
    """Return the whole words at the beginning of a text; what is cut off is marked.

    A cut inside a word could leave half of a secret, by which nobody would know it for one any more.
    """
    if len(text) <= limit:
        return text
    head = text[:limit]
    if not text[limit].isspace():
        head = head[: max(head.rfind(each) for each in " \n\t") + 1]
    return f"{head}…"
