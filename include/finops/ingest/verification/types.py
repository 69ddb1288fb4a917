"""Whether the type that a Parquet file gives a column is one that staging can read."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from finops.core.errors import BadInput
from finops.core.formats import NESTED, Column, SourceFormat, columns_of
from finops.ingest.reading import Table
from finops.ingest.verification.columns import READ, Kind, name_in

_NUMBERS = re.compile(r"double|float|decimal|u?(?:tiny|small|big|huge)?int(?:eger)?")
_TIMES = re.compile(r"date|timestamp.*|varchar")
_NO_SCALAR = ("list", "array", "map", "struct", "union", "blob", "bit", "variant", "geometry", "uuid")


def must_be_readable(table: Table, source_format: SourceFormat, columns: dict[str, str], key: str) -> None:
    """Raise BadInput, which names the column, for a type that staging cannot read, or one that is there twice."""
    read = {name_in(source_format, name.partition(".")[0]): kind for name, kind in READ[source_format].items()}
    for column in columns_of(source_format):
        twice = named(table, column)
        if column.name in read and len(twice) > 1:
            raise BadInput(f"{key}: columns {twice[0]} and {twice[1]} are one column; have the export written with one")
    if table.is_text:
        return
    for path in READ[source_format]:
        name, _, field = path.partition(".")
        # A struct without the fields of the others' breaks DuckDB when a build reads them together.
        if field and name in columns and field not in fields_of(table.types[columns[name]]):
            raise BadInput(f"{key}: column {columns[name]} has no field {field}; have the export written with it")
    times = {name for name, kind in read.items() if _is_time(kind)}
    for column in columns_of(source_format):
        actual = table.types.get(columns.get(column.name, ""))
        if actual is None or column.name in NESTED:
            continue
        is_read = bool(_TIMES.fullmatch(_type(actual).id)) if column.name in times else fits(actual, column.duckdb_type)
        if not is_read:
            raise BadInput(
                f"{key}: column {columns[column.name]} is of type {actual[:60]}, expected {column.duckdb_type[:60]}; "
                "have the export written again, or correct the file"
            )


def named(table: Table, column: Column) -> list[str]:
    """Return every column of a file that goes by one of a column's names."""
    names = {name.lower(): name for name in table.types}
    return [names[name.lower()] for name in column.names if name.lower() in names]


def fits(actual: str, expected: str) -> bool:
    """Tell whether a type can stand for another: scalars as text, numbers as numbers, structs field by field.

    JSON and UUID do not stand for text: DuckDB would read the text of every other file of a build as such.
    """
    return "JSON" not in actual and _fits(_type(actual), _type(expected))


def fields_of(duckdb_type: str) -> dict[str, str]:
    """Return the fields of a struct with their types; none of another type."""
    found = _type(duckdb_type)
    return {name: str(kind) for name, kind in found.children} if found.id == "struct" else {}


def _fits(actual: Any, expected: Any) -> bool:
    if expected.id == "struct":
        if actual.id != "struct":
            return False
        fields = {name.lower(): kind for name, kind in actual.children}
        return all(_fits(fields[name], kind) for name, kind in expected.children if name in fields)
    if expected.id in ("list", "map"):
        if actual.id != expected.id:
            return False
        return all(
            _fits(mine, theirs) for (_, mine), (_, theirs) in zip(actual.children, expected.children, strict=False)
        )
    if _NUMBERS.fullmatch(expected.id):
        return bool(_NUMBERS.fullmatch(actual.id))
    return actual.id not in _NO_SCALAR


def _is_time(kind: Kind) -> bool:
    return kind in (Kind.PERIOD_START, Kind.PERIOD_END, Kind.CHARGE_START, Kind.CHARGE_END, Kind.CHARGE_DAY)


@cache
def _type(text: str) -> Any:
    import duckdb

    return duckdb.sqltype(text)
