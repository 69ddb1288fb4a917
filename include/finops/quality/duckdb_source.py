"""Great Expectations on DuckDB: a dialect, an engine that keeps one connection, a data source.

Importing this module imports Great Expectations, which takes seconds: only the gate does so, and only when there is
a candidate to check.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

# Read when the library is imported, so it is set before.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL
from sqlalchemy.engine.default import DefaultDialect, DefaultExecutionContext

from finops.core.settings import Settings
from finops.core.sql import compose, identifier
from finops.stores.mart_views import WAREHOUSE

DATABASE = "database"
"""Key of a connection's ``info``: the attached database that its statements use, the warehouse where it has none."""


class _ExecutionContext(DefaultExecutionContext):
    """Makes each statement's cursor, which in DuckDB is a connection of its own."""

    def create_cursor(self) -> Any:
        """Return one that uses the connection's database, in UTC: a cast of a moment to a date takes the time zone."""
        cursor = super().create_cursor()
        cursor.execute("set timezone = 'UTC'")
        cursor.execute(compose("use {name}", name=identifier(self.root_connection.info.get(DATABASE, WAREHOUSE))))
        return cursor


class DuckDBDialect(DefaultDialect):
    """As much of a dialect as reading takes: the warehouse is opened read-only, so there are no transactions."""

    execution_ctx_cls = _ExecutionContext
    name = "duckdb"
    driver = "duckdb"
    default_paramstyle = "qmark"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Any:
        """Return the DuckDB module, which is a DB-API of its own."""
        import duckdb

        return duckdb

    @classmethod
    def get_pool_class(cls, url: URL) -> type[sa.Pool]:
        """Keep one connection: the library opens others where it looks at columns."""
        return sa.StaticPool

    def create_connect_args(self, url: URL) -> tuple[list[str], dict[str, Any]]:
        """Name the warehouse; the query of the URL holds DuckDB's settings."""
        return [url.database or ""], {"config": dict(url.query)}

    def connect(self, *arguments: Any, **settings: Any) -> Any:
        """Attach the warehouse read-only to an empty database: beside one opened read-only there could be no views."""
        connection = super().connect(":memory:", **settings)
        (file,) = arguments
        connection.execute(compose("attach {file} as {name} (read_only)", file=file, name=identifier(WAREHOUSE)))
        return connection

    def initialize(self, connection: sa.Connection) -> None:
        """Ask the server nothing: this dialect answers for one version."""

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin nothing."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Roll nothing back."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit nothing."""


registry.register("duckdb", __name__, DuckDBDialect.__name__)


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Keeps one connection: opening a DuckDB file for every query would cost more than most queries."""

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """Yield the one connection."""
        if self._connection is None:
            self._connection = self.engine.connect()
        yield self._connection

    def close(self) -> None:
        """Close the connection, so that the next build can write the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        super().close()


class DuckDBDatasource(SQLDatasource):
    """Registers itself as ``add_duckdb`` by its type."""

    type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]

    @property
    def execution_engine_type(self) -> builtins.type[SqlAlchemyExecutionEngine]:
        """The engine that keeps one connection."""
        return DuckDBExecutionEngine


@contextmanager
def open_warehouse(settings: Settings) -> Iterator[DuckDBDatasource]:
    """Yield the warehouse, read-only, as a data source of a context that lives in memory alone."""
    url = URL.create(
        "duckdb",
        database=str(settings.warehouse_path),
        query={
            "memory_limit": settings.memory_limit,
            "threads": str(settings.threads),
            "temp_directory": str(settings.warehouse_dir / "spill"),
        },
    )
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    source = context.data_sources.add_duckdb(
        name="warehouse", connection_string=url.render_as_string(hide_password=False), create_temp_table=False
    )
    try:
        yield source
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()
