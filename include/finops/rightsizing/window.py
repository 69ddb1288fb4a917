"""Reads the rows of a published version that are known on a run date."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from finops.core.sql import compose
from finops.policy.rightsizing_rules import Rules
from finops.rightsizing.read import COSTS, outdated, rows_of
from finops.rightsizing.resource import DAYS_A_MONTH

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops.stores.published import Publication


class Window:
    """One published version, seen from a run date (UTC): from ``since``, the first day, to ``last``, the last known."""

    def __init__(self, connection: DuckDBPyConnection, version: Publication, rules: Rules, run_date: date) -> None:
        """Keep what every query needs."""
        self.connection, self.version, self.rules, self.run_date = connection, version, rules, run_date
        self.last = run_date - timedelta(days=1)
        self.since = run_date - timedelta(days=rules.window_days)

    def rows(self, query: str, mart: str, first: date | None = None, **parts: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query over a mart's months, from that of ``first`` to the last known day's.

        Raise NotReady where another release has published them without a column.
        """
        rows = rows_of(self.version, mart, first or self.last, self.last)
        if rows is None:
            return []
        span = {"since": str(self.since), "run_date": str(self.run_date)}
        try:
            return self.connection.execute(compose(query, rows=rows, **span, **parts)).fetchall()
        except duckdb.BinderException as error:
            raise outdated(mart) from error

    def scale(self) -> Decimal:
        """Return by what amounts of the last known day's month are multiplied for a whole one."""
        query = "select count(distinct charge_date) from ({rows})"
        [(days,)] = self.rows(query, COSTS) or [(0,)]
        return DAYS_A_MONTH / days if days else Decimal(1)
