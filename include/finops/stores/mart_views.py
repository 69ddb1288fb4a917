"""Views among the marts: they span providers and months, so they are asked of marts as readers have them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from finops.core.sql import Sql, compose, identifier, in_scope, join
from finops.stores.published import Publication

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MARTS = "marts"
"""The warehouse's schema of marts: whatever is in it is published."""
WAREHOUSE, VIEWS = "warehouse", "views"
"""Names that the databases are attached by."""


def tables_of(connection: DuckDBPyConnection, database: str, schema: str) -> list[str]:
    """Return the names of the tables in a schema of a database, sorted."""
    query = "select table_name from duckdb_tables() where database_name = ? and schema_name = ? order by table_name"
    return [name for (name,) in connection.execute(query, [database, schema]).fetchall()]


def views_of(connection: DuckDBPyConnection, schema: str = MARTS) -> dict[str, str]:
    """Return the warehouse's views in a schema, by name, with the statements that create them."""
    query = "select view_name, sql from duckdb_views() where database_name = ? and schema_name = ? order by 1"
    return dict(connection.execute(query, [WAREHOUSE, schema]).fetchall())


def attach(connection: DuckDBPyConnection, marts: Mapping[str, Sql]) -> None:
    """Attach a database in which the warehouse's view marts are over these marts, each a SELECT, and use it.

    There too ``marts`` is the schema of marts, and ``main`` that of what the build made beside them.
    """
    views = views_of(connection)
    built = [*tables_of(connection, WAREHOUSE, "main"), *views_of(connection, "main")]
    beside = [name for name in built if any(f"main.{name}" in sql for sql in views.values())]
    connection.execute(compose("attach ':memory:' as {views}", views=identifier(VIEWS)))
    connection.execute(compose("create schema {marts}", marts=identifier(VIEWS, MARTS)))
    for name, query in marts.items():
        _create(connection, MARTS, name, query)
    for name in beside:
        _create(connection, "main", name, compose("select * from {table}", table=identifier(WAREHOUSE, "main", name)))
    connection.execute(compose("use {views}", views=identifier(VIEWS)))
    for sql in views.values():
        connection.execute(sql)


def merged(
    connection: DuckDBPyConnection, bills: Collection[tuple[str, str]], published: Publication | None
) -> dict[str, Sql]:
    """Return, per mart, the SELECT of what readers would have if the warehouse's rows of these bills were published.

    All else is as in ``published``; None: nothing was published. A month that the bills replace whole is not read from
    there: its files may be the damaged ones that they mend.
    """
    found, scope = {}, in_scope(bills)
    whole = set() if published is None else _replaced_whole(bills, published)
    for name in tables_of(connection, WAREHOUSE, MARTS):
        columns = _columns(connection, identifier(WAREHOUSE, MARTS, name))
        months = [] if published is None or name not in published.marts else sorted(published.months_of(name) - whole)
        rows = published.mart_sql(name, months) if published is not None and months else None
        before = {} if rows is None else _columns(connection, rows)
        candidate = compose("select * from {mart} where {scope}", mart=identifier(WAREHOUSE, MARTS, name), scope=scope)
        # A mart may have got columns, or other types, since then.
        kept = [
            compose("cast({column} as {type}) as {column}", column=identifier(column), type=Sql(kind))
            for column, kind in columns.items()
            if column in before
        ]
        if rows is not None:
            query = "{candidate} union all by name select {kept} from ({rows}) where not ({scope})"
            candidate = compose(query, candidate=candidate, kept=join(", ", kept), rows=rows, scope=scope)
        found[name] = candidate
    return found


def _replaced_whole(bills: Collection[tuple[str, str]], published: Publication) -> set[str]:
    """Return the months of the bills in which nothing else is published."""
    names = {f"{provider}/{period}" for provider, period in bills}
    beside = {name.split("/")[1] for name in published.manifest["fact"]["partitions"] if name not in names}
    return {period for _, period in bills} - beside


def _columns(connection: DuckDBPyConnection, table: Sql) -> dict[str, str]:
    described = connection.execute(compose("describe {table}", table=table)).fetchall()
    return {name: kind for name, kind, *_ in described}


def _create(connection: DuckDBPyConnection, schema: str, name: str, query: Sql) -> None:
    connection.execute(compose("create view {view} as {query}", view=identifier(VIEWS, schema, name), query=query))
