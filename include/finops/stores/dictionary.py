"""The data dictionary of a published version: its tables and columns with their types and descriptions.

``dictionary.json`` lies in the version's folder and says what the comments of ``finops.duckdb`` say;
``dictionary.html`` shows it to people.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

CONTENT, PAGE = "dictionary.json", "dictionary.html"


@dataclass(frozen=True, slots=True)
class DescribedColumn:
    """A column; ``kind`` is its type in DuckDB."""

    name: str
    kind: str
    description: str


@dataclass(frozen=True, slots=True)
class DescribedTable:
    """A table; its description begins with its grain."""

    name: str
    description: str
    columns: tuple[DescribedColumn, ...]


_TABLES = TypeAdapter(tuple[DescribedTable, ...])


def write(version: Path, tables: tuple[DescribedTable, ...]) -> None:
    """Write the dictionary of a version under construction."""
    (version / CONTENT).write_bytes(_TABLES.dump_json(tables, indent=1) + b"\n")


def read(version: Path) -> tuple[DescribedTable, ...]:
    """Return what a version says of its tables: nothing where an older release published it."""
    path = version / CONTENT
    return _TABLES.validate_json(path.read_bytes()) if path.exists() else ()
