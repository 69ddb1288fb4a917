"""What the coverage report holds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class State(StrEnum):
    """How far a provider's bills fill a FOCUS column, over the rows the column applies to."""

    FILLED = "filled"
    PARTLY = "partly filled"
    ABSENT = "null because the source has none"
    NOT_APPLICABLE = "not applicable"


class Kind(StrEnum):
    """What a finding is about."""

    SERVICE = "service"
    UNIT = "unit"
    LINE_TYPE = "line type"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True)
class Applicability:
    """When a FOCUS column applies to a row.

    ``where`` is a predicate over the fact, ``rule`` the specification's requirement it is taken from (as FOCUS 1.2's
    requirements model numbers it). ``must`` says whether the specification forbids null there.
    """

    column: str
    where: str
    rule: str
    must: bool = True


@dataclass(frozen=True, slots=True)
class Coverage:
    """One FOCUS column of one provider: rows it applies to, and those of them that have a value."""

    provider: str
    column: str
    applicable: int
    filled: int
    must: bool
    rule: str

    @property
    def state(self) -> State:
        """The column's state, by its counts alone."""
        if self.applicable == 0:
            return State.NOT_APPLICABLE
        if self.filled == 0:
            return State.ABSENT
        return State.FILLED if self.filled == self.applicable else State.PARTLY

    @property
    def share(self) -> float | None:
        """Filled rows of those it applies to, 0 to 1; None where it applies to none."""
        return self.filled / self.applicable if self.applicable else None

    @property
    def is_breach(self) -> bool:
        """Whether rows are null where the specification forbids it."""
        return self.must and self.filled < self.applicable


@dataclass(frozen=True, slots=True)
class Finding:
    """Charges of one provider and currency that share something unmapped or repaired.

    ``name`` is the service, unit, native line type or repair rule; ``why`` a remark. ``billed_cost`` is in
    ``billing_currency``. A row with several repairs counts for each of them.
    """

    kind: Kind
    provider: str
    name: str
    why: str
    billing_currency: str
    rows: int
    billed_cost: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """The coverage of a publication: columns per provider, and what was found beside."""

    build_id: str
    billing_periods: tuple[str, ...]
    rows: dict[str, int]
    coverage: tuple[Coverage, ...]
    findings: tuple[Finding, ...]
