"""The types of telemetry: what a kind's rows are, what a reader found, what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from finops.core.telemetry import TelemetryKind
from finops.core.text import shown
from finops.stores.state.telemetry import TelemetryDelivery

EARLIEST = datetime(2010, 1, 1, tzinfo=UTC)
"""A time before is a mistake: 1970 stands for an empty one."""

LONGEST_TEXT = 500
"""Characters."""

LONGEST_OBJECT = 50_000
"""Characters: as many tags as a resource may have, each as long as it may be, fit in."""


class ColumnType(StrEnum):
    """What a value is. Numbers keep six decimals; moments are UTC, and so is one that names no offset."""

    TEXT = "text"
    OBJECT = "JSON object"
    NUMBER = "number"
    COUNT = "whole number"
    MOMENT = "time"


class RollUp(StrEnum):
    """What becomes of a value when buckets are rolled up to the hour."""

    KEY = "key"
    HOUR = "start of the hour"
    AVERAGE = "average, weighted by minutes"
    MAXIMUM = "maximum"
    SUM = "sum"
    MINUTES = "sum of minutes"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind. ``least`` and ``most`` are included; of the metrics named, 100 (percent) is the most.

    ``not_below`` and ``not_above`` name another column of the row. ``roll_up`` is None where the kind has no buckets.
    ``landed_as`` is its name where it lands under another.
    """

    name: str
    type: ColumnType
    description: str
    is_required: bool = True
    least: Decimal | None = None
    most: Decimal | None = None
    among: tuple[str, ...] = ()
    not_below: str | None = None
    not_above: str | None = None
    is_share_where_metric: tuple[str, ...] = ()
    roll_up: RollUp | None = None
    landed_as: str | None = None

    @property
    def landed_name(self) -> str:
        """Its name in the landed file."""
        return self.landed_as or self.name


@dataclass(frozen=True, slots=True)
class Schema:
    """The rows of one kind. ``key`` names what a row is about, once in a file; ``moment`` says which day it is of.

    ``lands_last_of_day``: of rows of a day that differ in their moment alone, the last lands.
    """

    kind: TelemetryKind
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    moment: str
    lands_last_of_day: bool = False

    @property
    def has_buckets(self) -> bool:
        """Whether rows are measurements over minutes, which land as one row an hour."""
        return any(each.roll_up is RollUp.HOUR for each in self.columns)

    def column(self, name: str) -> Column:
        """Return a column by name."""
        return next(each for each in self.columns if each.name == name)


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file that a reader found. ``name`` is unique within the source; the newer of two is known by ``age_key``."""

    name: str
    path: Path
    byte_count: int
    modified_ns: int

    @property
    def age_key(self) -> tuple[int, str]:
        """What orders files by when they were written; of two written at once the later name is the newer."""
        return self.modified_ns, self.name


@dataclass(frozen=True, slots=True)
class Part:
    """A file's rows of one day, typed, as Parquet. ``repeated`` of ``row_count`` are exact duplicates of others."""

    paths: tuple[Path, ...]
    row_count: int
    repeated: int


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A file whose every row holds, as typed rows by day in a temporary folder; ``set_apart`` rows are in none."""

    offered: OfferedFile
    sha256: str
    parts: dict[date, Part]
    set_apart: int

    @property
    def row_count(self) -> int:
        """Rows of the file, with those that are set apart."""
        return sum(each.row_count for each in self.parts.values()) + self.set_apart

    @property
    def repeated(self) -> int:
        """Exact duplicates, which land once."""
        return sum(each.repeated for each in self.parts.values())


@dataclass(frozen=True, slots=True)
class Fault:
    """What a monitoring system did not answer of a day, and why.

    ``is_waiting``: the next run may have an answer. ``is_note``: nothing went wrong by it, and it is only told.
    """

    day: date
    reason: str
    is_waiting: bool = False
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """A part that a system does not answer beside the rest: which, on one line, and why.

    ``is_waiting``: the next run may have it.
    """

    part: str
    reason: str
    is_waiting: bool = False


@dataclass(frozen=True, slots=True)
class Offered:
    """What a reader found: the files, and what it asked for in vain."""

    files: list[OfferedFile]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A file, or a day, that did not land, and the one line that says why and what to do.

    ``is_waiting``: the next run may take it without anybody doing something. ``is_unanswered``: a monitoring system
    was asked in vain.
    """

    source: str
    kind: TelemetryKind
    reason: str
    file: str | None = None
    day: date | None = None
    is_waiting: bool = False
    is_unanswered: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", shown(self.reason, 2000))


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one run did with one source.

    ``landed`` days are new or replaced; of a dry run they would be. ``unchanged`` days were read again to the same
    rows. ``known_files`` were read by an earlier run. ``overlapping`` rows had a newer value in a file written later.
    ``notes`` are told, and nothing failed by them: what a system may not be asked, or cannot be asked any more.
    """

    source: str
    kind: TelemetryKind
    landed: tuple[TelemetryDelivery, ...] = ()
    unchanged: int = 0
    rejections: tuple[Rejection, ...] = ()
    read_files: int = 0
    known_files: int = 0
    rows: int = 0
    repeated: int = 0
    overlapping: int = 0
    set_apart: int = 0
    notes: tuple[str, ...] = ()
