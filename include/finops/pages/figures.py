"""Figures to be shown, in exact values: features make them; pages, PDF and spreadsheets word and draw them alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo

from finops.core.money import from_units
from finops.core.periods import BillingPeriod


class Kind(StrEnum):
    """How a cell is read: an amount of money, a signed difference, a part of one, a quantity, words."""

    MONEY = "money"
    SIGNED = "signed"
    SHARE = "share"
    QUANTITY = "quantity"
    TEXT = "text"


def _read_back(value: object, info: ValidationInfo) -> object:
    """Tell a figure from words in JSON, where both are text; the kind, which stands before the value, says which."""
    return Decimal(value) if isinstance(value, str) and info.data.get("kind") is not Kind.TEXT else value


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure, exact as it is shown; None where there is nothing to say."""

    kind: Kind
    value: Annotated[Decimal | str | None, BeforeValidator(_read_back)]
    digits: int = 2

    @classmethod
    def money(cls, units: int | None, digits: int) -> Cell:
        """Return an amount of smallest units of a currency with ``digits`` decimals."""
        return cls(Kind.MONEY, None if units is None else from_units(units, digits), digits)

    @classmethod
    def signed(cls, units: int, digits: int) -> Cell:
        """Return a difference of smallest units, shown with its sign."""
        return cls(Kind.SIGNED, from_units(units, digits), digits)

    @classmethod
    def share(cls, part: Decimal | None) -> Cell:
        """Return a part of one, shown in percent."""
        return cls(Kind.SHARE, part)

    @classmethod
    def quantity(cls, number: Decimal | int | None) -> Cell:
        """Return a count or a measured quantity."""
        return cls(Kind.QUANTITY, None if number is None else Decimal(number))

    @classmethod
    def text(cls, words: str | None) -> Cell:
        """Return words."""
        return cls(Kind.TEXT, words)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: what it is, a cell for each heading but the first, and a remark below the label."""

    label: str
    cells: tuple[Cell, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its heading, the note that explains it, and a total where its columns have one."""

    name: str
    title: str
    note: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    total: Row | None = None

    @property
    def all_rows(self) -> tuple[Row, ...]:
        """The rows, and the total as the last."""
        return self.rows if self.total is None else (*self.rows, self.total)


@dataclass(frozen=True, slots=True)
class Day:
    """One day's cost by provider, in the currency's smallest unit."""

    charge_date: date
    by_provider: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """All providers together."""
        return sum(amount for _, amount in self.by_provider)


@dataclass(frozen=True, slots=True)
class BandPoint:
    """A day or hour with what it cost, what was expected of it, and between what bounds; in smallest units.

    ``inner`` and ``outer`` are (low, high), such as those of 80 and 95 %. None where a figure is not known.
    """

    label: str
    words: str
    actual: int | None = None
    expected: int | None = None
    inner: tuple[int, int] | None = None
    outer: tuple[int, int] | None = None
    is_odd: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in words with what it is above and a note below, which a rise or a fall colours."""

    what: str
    amount: str
    note: str = ""
    change: int | None = None


@dataclass(frozen=True, slots=True)
class Headline:
    """Up to four figures side by side, the first one large and in ``unit``."""

    figures: tuple[Figure, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class DailyCosts:
    """A chart of a month's days."""

    days: tuple[Day, ...]
    period: BillingPeriod
    currency: str


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph with its title."""

    title: str
    text: str


Block = Headline | Table | DailyCosts | Note


@dataclass(frozen=True, slots=True)
class Page:
    """A page: what kind it is, its title, a line below it, its status, the time that it shows (UTC), and its blocks."""

    kind: str
    title: str
    about: str
    status: str
    as_of: datetime
    blocks: tuple[Block, ...]
