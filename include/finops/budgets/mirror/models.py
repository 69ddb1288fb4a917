"""A budget as a cloud has it, as it should be there, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from finops.core.errors import BadInput
from finops.policy.budgets import Measure, Mirror
from finops.policy.budgets.calendar import Per

Filter = tuple[str, str, tuple[str, ...]]
"""Kind (``dimension`` or ``tag``), its name in the cloud, and the values of which one must be there, sorted."""

Alert = tuple[Measure, Decimal]
"""What is held against the amount, and the percent of it at which somebody is told."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a budget in a cloud says. ``end``: its last day; None where the cloud knows none."""

    amount: Decimal
    currency: str
    per: Per
    end: date | None
    filters: frozenset[Filter] = frozenset()
    alerts: frozenset[Alert] = frozenset()
    notify: frozenset[str] = frozenset()

    def differences(self, other: Terms) -> tuple[str, ...]:
        """Return the names of what two differ in."""
        return tuple(each.name for each in fields(self) if getattr(self, each.name) != getattr(other, each.name))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A budget that should be in a cloud, under ``name``. ``start`` is the first day of the period that runs.

    ``notes`` say what of it the cloud cannot have.
    """

    budget: str
    name: str
    start: date
    terms: Terms
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A budget that is in a cloud. ``terms`` of ours alone; ``raw`` is the cloud's own form, to change it by.

    ``amount``, ``actual`` and ``forecast`` are of ``currency``; None where the cloud does not say.
    """

    name: str
    currency: str
    amount: Decimal | None
    actual: Decimal | None
    forecast: Decimal | None
    terms: Terms | None = None
    raw: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a cloud's budgets can say: the scope's dimensions by their name there, and limits.

    ``comparable`` leaves out of terms what the cloud does not give back.
    """

    dimensions: Mapping[str, str]
    most_alerts: int
    longest_name: int
    has_end: bool = True
    one_tag: bool = False
    comparable: Callable[[Terms], Terms] = lambda terms: terms


class Cloud(Protocol):
    """A cloud's budgets in one scope. Every call may raise Forbidden, Unavailable or BadInput, in one line."""

    dialect: Dialect

    def read(self) -> Sequence[Found]:
        """Return every budget of the scope; of ours with its terms."""

    def create(self, wanted: Wanted) -> None:
        """Create a budget."""

    def update(self, found: Found, wanted: Wanted) -> None:
        """Make a budget of ours what it should be."""

    def remove(self, found: Found) -> None:
        """Remove a budget of ours."""


class Forbidden(BadInput):
    """The cloud refuses what its permissions do not allow; others of the same cloud would be refused too."""


class What(StrEnum):
    """What becomes of a budget."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    REMOVE = "remove"
    FOREIGN = "foreign"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about one budget, and why. ``fault``: why it was not done."""

    what: What
    budget: str
    name: str
    why: str = ""
    wanted: Wanted | None = None
    found: Found | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What is planned for a mirror, or was done. ``fault``: why nothing could be read."""

    mirror: Mirror
    steps: tuple[Step, ...] = ()
    fault: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether anything went wrong."""
        return bool(self.fault) or any(each.fault for each in self.steps)
