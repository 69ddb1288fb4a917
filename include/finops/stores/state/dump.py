"""The state store's rows as text, to be taken from one engine and put into another: SQLite, PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Connection, Table, func, insert, select, text

from finops.stores.state import action_tables as action_tables  # declares its tables in the metadata
from finops.stores.state.columns import ExactDecimal, UtcDateTime
from finops.stores.state.tables import metadata

TABLES = {table.name: table for table in metadata.sorted_tables}
"""Every table by name; one that others refer to comes first."""


def lines(connection: Connection, table: Table) -> Iterator[str]:
    """Yield a table's rows as JSON, a line each, in the order of its key: moments in UTC, amounts as exact text."""
    for row in connection.execute(select(table).order_by(*table.primary_key.columns)):
        values = {name: _as_text(value) for name, value in row._mapping.items()}
        yield json.dumps(values, sort_keys=True, ensure_ascii=False)


def load(connection: Connection, table: Table, rows: Iterable[str]) -> int:
    """Insert rows that ``lines`` wrote into an empty table; return how many.

    Raise ValueError, TypeError or KeyError for other text.
    """
    values = [{name: _from_text(table.c[name], value) for name, value in json.loads(row).items()} for row in rows]
    if values:
        connection.execute(insert(table), values)
        _continue_numbers(connection, table)
    return len(values)


def is_empty(connection: Connection) -> bool:
    """Return whether the store has no row."""
    return all(connection.execute(select(table).limit(1)).first() is None for table in TABLES.values())


def _as_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def _from_text(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    return Decimal(value) if isinstance(column.type, ExactDecimal) else value


def _continue_numbers(connection: Connection, table: Table) -> None:
    # PostgreSQL counts on from its own sequence, whatever is in the table.
    column = table.autoincrement_column
    if column is None or connection.dialect.name != "postgresql":
        return
    newest = connection.execute(select(func.max(column))).scalar()
    setting = text("select setval(pg_get_serial_sequence(:table, :column), :newest)")
    connection.execute(setting, {"table": table.name, "column": column.name, "newest": newest})
