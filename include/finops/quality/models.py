"""What the gate is given, and what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from finops.core.sql import Sql, compose, in_scope, join, literal
from finops.policy.allocation import Rules

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation


class Severity(StrEnum):
    """What a broken expectation does, in Great Expectations' own words."""

    BLOCKS = "critical"
    WARNS = "warning"


@dataclass(frozen=True, slots=True)
class LandedTotal:
    """What the ledger says a (provider, billing period) of the candidate was landed with, in one currency."""

    provider: str
    billing_period: str
    billing_currency: str
    row_count: int
    billed_cost: Decimal


@dataclass(frozen=True, slots=True)
class Given:
    """What the suites are made for: the candidate's scope, the ledger's totals, the time, the rules of allocation.

    ``closed`` are the months in scope that were closed when it was built, ``periods`` those of a layer beside them,
    whose results are of no provider.
    """

    pairs: tuple[tuple[str, str], ...]
    landed: tuple[LandedTotal, ...]
    now: datetime
    allocation: Rules = field(default_factory=Rules)
    closed: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()

    @property
    def scope(self) -> Sql:
        """The predicate that keeps the scope's rows, in literals."""
        return in_scope(self.pairs)

    @property
    def months(self) -> Sql:
        """The predicate that keeps the rows of the scope's months, of all providers."""
        periods = sorted({*self.periods, *(period for _, period in self.pairs)})
        return compose("billing_period in ({periods})", periods=join(", ", map(literal, periods)))


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule every row obeys by itself; where it is neither true nor false of a row, the row breaks it.

    ``shows`` are the columns that an offending row is shown with.
    """

    says: str
    predicate: str
    shows: tuple[str, ...]
    severity: Severity = Severity.BLOCKS


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one published table of a schema of the warehouse: of each row by itself, and of many together.

    ``scope`` keeps the rows that they are on; without it, the candidate's bills.
    """

    table: str
    rules: tuple[RowRule | Expectation, ...]
    schema: str = "marts"
    scope: Sql | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one expectation. ``observed`` is a sentence fragment; ``examples`` are offending rows."""

    table: str
    says: str
    severity: Severity
    is_met: bool
    observed: str
    examples: tuple[dict[str, str], ...] = ()

    @property
    def text(self) -> str:
        """The finding in one line."""
        shown = "; ".join(", ".join(f"{k} {v}" for k, v in row.items()) for row in self.examples[:1])
        return f"{self.table}: {self.says} — {self.observed}" + (f", for example {shown}" if shown else "")


@dataclass(frozen=True, slots=True)
class TableResult:
    """The outcomes on one table."""

    table: str
    row_count: int
    outcomes: tuple[Outcome, ...] = field(default=())
