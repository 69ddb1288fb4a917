"""The types of the serving feature: published tables and their monthly parts in, a report out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

AUDIENCE_COLUMNS = ("audience", "cost_center")
"""The columns that say whose a row is; of a table that has both the first one counts."""


@dataclass(frozen=True, slots=True)
class Column:
    """A served column. ``kind`` is its PostgreSQL type, spelt as ``format_type`` spells it."""

    name: str
    kind: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """What a part must hold: its rows, and the exact sums as (currency, measure, amount)."""

    rows: int
    sums: tuple[tuple[str, str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One table's rows of one billing period: what is replaced as a whole when ``digest`` differs.

    ``rows`` yields them as CSV, a bounded piece at a time, in the order of ``columns``; a NULL is an empty field
    without quotes. ``control`` is what they must add up to, where the publication says so.
    """

    table: str
    billing_period: str
    digest: str
    columns: tuple[str, ...]
    rows: Callable[[], Iterator[bytes]]
    control: Control | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A served table, and its months. Without an audience's column it is for finance alone."""

    name: str
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    description: str | None = None

    @property
    def audience_column(self) -> str | None:
        """The column that row-level security compares."""
        names = {each.name for each in self.columns}
        return next((name for name in AUDIENCE_COLUMNS if name in names), None)

    @property
    def indexes(self) -> list[tuple[str, ...]]:
        """The columns of each index: the grain's leading ones, what security compares, the day where there is one."""
        names = {each.name for each in self.columns}
        wanted = [("billing_period", "provider", "billing_currency"), (self.audience_column, "billing_period")]
        found = [tuple(name for name in each if name in names) for each in wanted if each[0] is not None]
        return found + ([("charge_date",)] if "charge_date" in names else [])


@dataclass(frozen=True, slots=True)
class PublishedTables:
    """What is served: the tables of a published build and of the published statements."""

    build_id: str
    published_at: datetime
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class PartChange:
    """A month of a table that was replaced, or removed when ``row_count`` is None."""

    table: str
    billing_period: str
    row_count: int | None


@dataclass(frozen=True, slots=True)
class ServedReport:
    """What a publication to PostgreSQL came to. ``unchanged`` counts the parts that were left as they were."""

    build_id: str
    schema: str
    changes: tuple[PartChange, ...]
    unchanged: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Grant:
    """Whose rows a role reads; ``cost_centers`` None: everything."""

    role: str
    cost_centers: tuple[str, ...] | None
