"""Compare two homes by what a reader of their published data sees."""

from __future__ import annotations

import hashlib

import duckdb

from finops.core.published import latest
from finops.core.settings import Settings


def published_rows(settings: Settings) -> dict[str, tuple[int, str]]:
    """Return, per published mart and for the fact, the row count and a digest of all rows in their own order."""
    publication = latest(settings)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{publication.database}' as published (read_only)")
        found = {mart: _digest(connection, f"select * from published.{mart}") for mart in publication.marts}
        found["fct_focus_costs"] = _digest(connection, publication.focus_sql())
    return found


def _digest(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, str]:
    rows = sorted(repr(row) for row in connection.execute(query).fetchall())
    return len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
