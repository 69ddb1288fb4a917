"""Serve what is published to BI tools: in one transaction, only what changed, each reader their own rows."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from finops.core.errors import BadInput, Finding
from finops.core.settings import Settings
from finops.serving import ddl, roles
from finops.serving.database import transaction
from finops.serving.models import Grant, Part, PartChange, PublishedTables, ServedReport, Table
from finops.serving.published_tables import read_tables
from finops.stores import published

logger = logging.getLogger(__name__)


def publish(settings: Settings) -> ServedReport:
    """Make the schema hold the latest publication, its statements included; the same again changes nothing.

    All of it is one transaction: readers see the version before or this one, and a run that is killed leaves the
    one before. Only the months of a table whose content differs from what is served are copied. A second run waits.

    Raise NotReady when nothing is published, BadInput when no PostgreSQL database is configured or its user lacks
    a right, Unavailable when the server does not answer, Finding when what was copied does not add up to what is
    published.
    """
    started = time.monotonic()
    schema = settings.serving_schema
    with transaction(settings) as connection:
        # Read after the lock: what another run has published and served meanwhile is not taken back.
        found = read_tables(settings, published.latest(settings))
        changes = _remove_vanished(connection, schema, found)
        renamed = _renamed(found)
        _drop_stale_views(connection, schema, renamed)
        served, unchanged = _served_parts(connection, schema), 0
        for table in found.tables:
            _lay_out(connection, schema, table)
            stale = [part for part in table.parts if served.get((table.name, part.billing_period)) != part.digest]
            changes += _replace(connection, schema, table, stale, found.build_id)
            unchanged += len(table.parts) - len(stale)
        _create_views(connection, schema, renamed)
        _describe(connection, schema, {**{each.name: each for each in (*ddl.OWN_TABLES, *found.tables)}, **renamed})
        roles.authorise(connection, schema)
        _record_version(connection, schema, found)
    return ServedReport(found.build_id, schema, tuple(changes), unchanged, time.monotonic() - started)


def grant(settings: Settings, role: str, cost_centers: Collection[str] | None) -> list[Grant]:
    """Let a group role read the rows of these cost centres and no others, or everything; return all grants.

    The role is made where it does not exist. Raise BadInput for a role that signs in by itself or passes by
    row-level security, and when the user of the serving database may not make roles.
    """
    if cost_centers is not None and (not cost_centers or any(not each or "\0" in each for each in cost_centers)):
        raise BadInput("name at least one cost centre with --cost-center, or --everything")
    schema = settings.serving_schema
    with transaction(settings) as connection:
        roles.prepare_role(connection, role)
        roles.record(connection, schema, Grant(role, None if cost_centers is None else tuple(cost_centers)))
        roles.authorise(connection, schema)
        return roles.grants(connection, schema)


def revoke(settings: Settings, role: str) -> list[Grant]:
    """Take from a role all that it reads here; return the grants that stay. Raise BadInput when it has none."""
    schema = settings.serving_schema
    with transaction(settings) as connection:
        if not roles.forget(connection, schema, role):
            raise BadInput(f"role {role!r} reads nothing here; `finops serve roles` lists those that do")
        return roles.grants(connection, schema)


def grants(settings: Settings) -> list[Grant]:
    """Return whose rows each role reads."""
    with transaction(settings) as connection:
        return roles.grants(connection, settings.serving_schema)


# -- the steps of a publication -------------------------------------------------------------------------------------


def _served_parts(connection: psycopg.Connection, schema: str) -> dict[tuple[str, str], str]:
    query = SQL("select table_name, billing_period, digest from {}").format(Identifier(schema, ddl.PARTS))
    return {(table, period): digest for table, period, digest in connection.execute(query)}


def _remove_vanished(connection: psycopg.Connection, schema: str, found: PublishedTables) -> list[PartChange]:
    """Drop tables that are no longer published, and delete months that are not."""
    wanted = {(table.name, part.billing_period) for table in found.tables for part in table.parts}
    tables = {table.name for table in found.tables}
    gone = sorted(set(_served_parts(connection, schema)) - wanted)
    for table in sorted({name for name, _ in gone} - tables):
        connection.execute(SQL("drop table {}").format(Identifier(schema, table)))
    for table, period in gone:
        if table in tables:
            _delete(connection, schema, table, period)
        forget = SQL("delete from {} where table_name = %s and billing_period = %s")
        connection.execute(forget.format(Identifier(schema, ddl.PARTS)), [table, period])
    return [PartChange(table, period, None) for table, period in gone]


def _renamed(found: PublishedTables) -> dict[str, Table]:
    """Return the tables that have an old name too, by that name."""
    tables = {table.name: table for table in found.tables}
    return {old: tables[new] for old, new in published.RENAMED_MARTS.items() if new in tables and old not in tables}


def _drop_stale_views(connection: psycopg.Connection, schema: str, renamed: Mapping[str, Table]) -> None:
    """Drop the views under old names whose table gets other columns: PostgreSQL changes no table that a view reads."""
    for old, table in renamed.items():
        before = _layout(connection, schema, old)
        if before and before != {each.name: each.kind for each in table.columns}:
            connection.execute(SQL("drop view {}").format(Identifier(schema, old)))


def _create_views(connection: psycopg.Connection, schema: str, renamed: Mapping[str, Table]) -> None:
    for old, table in renamed.items():
        if not _layout(connection, schema, old):
            names = (Identifier(schema, old), Identifier(schema, table.name))
            connection.execute(SQL("create view {} as select * from {}").format(*names))


def _lay_out(connection: psycopg.Connection, schema: str, table: Table) -> None:
    """Make the table, or give it the columns that it has now. A table that has them is left alone."""
    before = _layout(connection, schema, table.name)
    if before == {each.name: each.kind for each in table.columns}:
        return
    if not before:
        statements = [*ddl.create_table(schema, table)]
    else:
        statements = [ddl.unsecure(schema, table.name), *ddl.change_layout(schema, table, before)]
    for statement in (*statements, *ddl.secure(schema, table)):
        connection.execute(statement)


def _describe(connection: psycopg.Connection, schema: str, tables: Mapping[str, Table]) -> None:
    """Give each table, and each view over one, by its name, the comments that it does not have yet."""
    query = """
        select relation.relname, coalesce(attribute.attname, ''), description.description
        from pg_catalog.pg_description as description
        inner join pg_catalog.pg_class as relation on relation.oid = description.objoid
        left join pg_catalog.pg_attribute as attribute
            on attribute.attrelid = relation.oid and attribute.attnum = description.objsubid and attribute.attnum > 0
        where description.classoid = 'pg_class'::regclass and relation.relnamespace = %s::regnamespace
    """
    before: dict[str, dict[str, str]] = defaultdict(dict)
    for name, column, text in connection.execute(query, [Identifier(schema).as_string()]):
        before[name][column] = text
    for name, table in tables.items():
        for statement in ddl.describe(schema, table, name, before[name]):
            connection.execute(statement)


def _layout(connection: psycopg.Connection, schema: str, table: str) -> dict[str, str]:
    query = """
        select attname, format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
    """
    return dict(connection.execute(query, [Identifier(schema, table).as_string()]).fetchall())


def _replace(
    connection: psycopg.Connection, schema: str, table: Table, parts: Iterable[Part], build_id: str
) -> list[PartChange]:
    """Put the parts in the place of what is served of their months."""
    changes = []
    for part in parts:
        _delete(connection, schema, table.name, part.billing_period)
        row_count = _insert(connection, schema, part)
        _audit(connection, schema, part, row_count)
        record = """
            insert into {} values (%s, %s, %s, %s, %s, now()) on conflict (table_name, billing_period) do update
            set digest = excluded.digest, row_count = excluded.row_count, build_id = excluded.build_id,
                served_at = excluded.served_at
        """
        values = [table.name, part.billing_period, part.digest, row_count, build_id]
        connection.execute(SQL(record).format(Identifier(schema, ddl.PARTS)), values)
        changes.append(PartChange(table.name, part.billing_period, row_count))
        logger.info("served %s of %s: %s rows", table.name, part.billing_period, f"{row_count:,}")
    if changes:
        connection.execute(SQL("analyze {}").format(Identifier(schema, table.name)))
    return changes


def _delete(connection: psycopg.Connection, schema: str, table: str, period: str) -> None:
    delete = SQL("delete from {} where billing_period = %s").format(Identifier(schema, table))
    connection.execute(delete, [period])


def _insert(connection: psycopg.Connection, schema: str, part: Part) -> int:
    target, staging = Identifier(schema, part.table), Identifier("pg_temp", ddl.STAGING)
    columns = SQL(", ").join(map(Identifier, part.columns))
    connection.execute(SQL("drop table if exists {}").format(staging))
    make = SQL("create temporary table {} on commit drop as select {} from {} with no data")
    connection.execute(make.format(Identifier(ddl.STAGING), columns, target))
    with connection.cursor() as cursor:
        with cursor.copy(SQL("copy {} ({}) from stdin (format csv)").format(staging, columns)) as copy:
            for piece in part.rows():
                copy.write(piece)
        cursor.execute(SQL("insert into {} ({}) select {} from {}").format(target, columns, columns, staging))
        return cursor.rowcount


def _audit(connection: psycopg.Connection, schema: str, part: Part, row_count: int) -> None:
    """Hold what was copied to what is published. Raise Finding when a row or a fraction of a cent differs."""
    if part.control is None:
        return
    where = f"{schema}.{part.table} of {part.billing_period}"
    if row_count != part.control.rows:
        raise Finding(f"{where}: {row_count} rows were copied, not {part.control.rows}; nothing was served")
    measures = sorted({measure for _, measure, _ in part.control.sums})
    query = SQL("select billing_currency{} from {} where billing_period = {} group by billing_currency").format(
        SQL("").join(SQL(", sum({})").format(Identifier(each)) for each in measures),
        Identifier(schema, part.table),
        Literal(part.billing_period),
    )
    found: dict[tuple[str, str], Decimal] = {}
    for currency, *amounts in connection.execute(query):
        found |= {(currency, measure): amount for measure, amount in zip(measures, amounts, strict=True)}
    for currency, measure, amount in part.control.sums:
        if found.get((currency, measure)) != amount:
            raise Finding(
                f"{where}: {measure} in {currency} is {found.get((currency, measure))} as copied, {amount} as "
                "published; nothing was served"
            )


def _record_version(connection: psycopg.Connection, schema: str, found: PublishedTables) -> None:
    record = """
        insert into {version} as served (build_id, published_at, served_at) values (%s, %s, now())
        on conflict (only_row) do update
        set build_id = excluded.build_id, published_at = excluded.published_at, served_at = excluded.served_at
    """
    values = [found.build_id, found.published_at]
    connection.execute(SQL(record).format(version=Identifier(schema, ddl.VERSION)), values)
