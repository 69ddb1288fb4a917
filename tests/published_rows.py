"""Compare two homes by what a reader of their published data sees."""

from __future__ import annotations

import hashlib

import duckdb

from finops.core.settings import Settings
from finops.stores import snapshots
from finops.stores.published import latest
from finops.stores.state.store import open_state


def published_rows(settings: Settings) -> dict[str, tuple[int, str]]:
    """Return the row count and a digest of all rows: per published mart, of the fact, and of the newest snapshots."""
    publication = latest(settings)
    with publication.connect() as connection:
        found = {mart: _digest(connection, f"select * from {mart}") for mart in publication.marts}
        found["fct_focus_costs"] = _digest(connection, publication.focus_sql())
        with open_state(settings).connect() as state:
            newest = [
                snapshot for period in publication.billing_periods for snapshot in snapshots.as_of(state, period, None)
            ]
        found["history"] = _digest(connection, snapshots.daily_sql(settings, newest))
    return found


def _digest(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, str]:
    rows = sorted(repr(row) for row in connection.execute(query).fetchall())
    return len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
