"""What the feature speaks of: series, days that are odd, and incidents. Amounts are floats until they are published."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from finops.policy.anomalies import Dimension

ALL = "(all)"
"""The value of a dimension above which a series stands."""
DETECTOR = "detector"
"""What raised an incident that no rule did."""


@dataclass(frozen=True, slots=True)
class Key:
    """A watched series: a currency, the name of its level, and the values that its charges have."""

    currency: str
    level: str
    values: tuple[tuple[Dimension, str], ...] = ()

    @property
    def text(self) -> str:
        """The series as people read it: its values, or the level's name where it is of everything."""
        return " / ".join(value for _, value in self.values) or self.level

    @property
    def ident(self) -> str:
        """What names it among all series: it depends on currency and values alone, so that a level may be renamed."""
        parts = [self.currency, *(f"{name}={value}" for name, value in sorted(self.values))]
        return "|".join(parts)

    def value(self, dimension: Dimension) -> str:
        """Return its value of a dimension, or ``(all)``."""
        return dict(self.values).get(dimension, ALL)

    def holds(self, other: Key) -> bool:
        """Tell whether every charge of ``other`` is one of this series, by the values alone."""
        return self.currency == other.currency and set(self.values) <= set(other.values)

    def fits(self, wanted: dict[Dimension, str]) -> bool:
        """Tell whether it has all these values."""
        return set(wanted.items()) <= set(self.values)


class Kind(StrEnum):
    """How a series left what was expected."""

    SPIKE = "spike"
    SHIFT = "shift"
    CREEP = "creep"
    DROP = "drop"
    LIMIT = "limit"
    PRICE = "price"


class State(StrEnum):
    """How an incident stands."""

    OPEN = "open"
    CLOSED = "closed"


class Ending(StrEnum):
    """Why an incident closed."""

    USUAL = "back to usual"
    NEW_LEVEL = "new level"
    RESTATED = "restated"
    REJECTED = "rejected"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Point:
    """One day, or hour, of an incident's chart (UTC). The band holds 95 % of ordinary ones."""

    at: datetime
    expected: float
    low: float
    high: float
    actual: float
    is_odd: bool


@dataclass(frozen=True, slots=True)
class Episode:
    """A run of days on which one series was off, as one detector or rule saw it.

    ``first`` is the first odd day, ``raised_on`` the day by whose figures probability, money and percent sufficed.
    ``points`` are its days, or hours, and some before. ``probability`` is None where a rule raised it.
    """

    key: Key
    source: str
    kind: Kind
    first: date
    last: date
    raised_on: date
    is_open: bool
    is_new_level: bool
    probability: float | None
    points: tuple[Point, ...]
    first_hour: datetime | None = None

    @property
    def days(self) -> tuple[Point, ...]:
        """The points from the first to the last odd one."""
        odd = [number for number, each in enumerate(self.points) if each.is_odd]
        return self.points[odd[0] : odd[-1] + 1] if odd else ()

    @property
    def expected(self) -> float:
        """What was expected of its days."""
        return sum(each.expected for each in self.days)

    @property
    def excess(self) -> float:
        """What its days cost above that; less than zero of a fall."""
        return sum(each.actual - each.expected for each in self.days)

    def meets(self, other: Episode) -> bool:
        """Tell whether the two have a day in common, or follow each other within a day."""
        return self._begins_by(other) and other._begins_by(self)

    def _begins_by(self, other: Episode) -> bool:
        return (self.first - other.last).days <= 1


@dataclass(frozen=True, slots=True)
class Group:
    """Episodes of one cause: the one that says it best, and those of other levels and rules that it explains."""

    lead: Episode
    others: tuple[Episode, ...] = ()

    @property
    def all(self) -> tuple[Episode, ...]:
        """The lead, then the others."""
        return (self.lead, *self.others)


class Role(StrEnum):
    """What a value says of an incident: it narrows the cause, or tells where that lies."""

    CAUSE = "cause"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class Cause:
    """One value of a dimension with what it added, in the order in which they narrow. ``share`` is a part of 1."""

    role: Role
    dimension: str
    value: str
    excess: float
    share: float


@dataclass(frozen=True, slots=True)
class Explained:
    """Why an incident's cost rose. ``price`` and ``quantity`` are parts of 1 of the excess."""

    causes: tuple[Cause, ...] = ()
    text: str = ""
    price: float = 0.0
    quantity: float = 1.0
    first_usage: datetime | None = None
    owner: str = ""
    cost_center: str = ""
    resources: tuple[str, ...] = field(default=())


def incident_id(key: Key, first: date) -> str:
    """Return the id of an incident that begins so: the same for every run."""
    text = f"{key.ident}|{first}"
    return f"INC-{hashlib.sha256(text.encode()).hexdigest()[:10].upper()}"


def at_midnight(day: date) -> datetime:
    """Return the instant at which a day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
