"""Whose rows a role reads: rows of ``audiences``, and the right to select that follows from them."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg.sql import SQL, Identifier

from finops.core.errors import BadInput
from finops.serving import ddl
from finops.serving.models import AUDIENCE_COLUMNS, Grant
from finops.stores.published import RENAMED_MARTS

_WRONG_RIGHTS = """
    with
        served as (
            select
                t.oid,
                t.relname,
                t.relname in (%(readable)s, %(version)s) or exists (
                    select from pg_attribute as c
                    where c.attrelid = t.oid and c.attname = any(%(audience_columns)s) and not c.attisdropped
                ) as is_for_all
            from pg_class as t
            where
                t.relnamespace = %(schema)s::regnamespace
                and (
                    t.relname in (%(readable)s, %(version)s, %(parts)s)
                    or t.relname = any(%(renamed)s)
                    or exists (select from pg_policy as p where p.polrelid = t.oid and p.polname = 'audience')
                )
        ),
        listed as (
            select r.oid, r.rolname, bool_or(a.cost_center is null) as reads_all
            from {audiences} as a
            inner join pg_roles as r on r.rolname = a.role_name and r.rolname <> current_user
            group by r.oid, r.rolname
        )
    select listed.rolname, served.relname, reads_all or is_for_all as is_wanted
    from listed cross join served
    where
        has_table_privilege(listed.oid, served.oid, 'select') <> (reads_all or is_for_all)
        or not has_schema_privilege(listed.oid, %(schema)s::regnamespace, 'usage')
"""

_EVERYBODY = frozenset({"public", "none", "current_user", "current_role", "session_user", "user"})
"""Words that PostgreSQL takes for everybody, nobody or whoever asks."""


def prepare_role(connection: psycopg.Connection, role: str) -> None:
    """Make the group role, if there is none. Raise BadInput for a role that row-level security would not hold."""
    if role.lower() in _EVERYBODY or role.startswith("pg_"):
        raise BadInput(f"{role!r} is not a group role but PostgreSQL's own, which everybody may be in; name another")
    if not role or len(role.encode()) > 63 or "\0" in role:
        raise BadInput(f"{role!r} is no name for a role: 1 to 63 bytes")
    found = connection.execute(
        "select rolcanlogin, rolsuper or rolbypassrls, rolname = current_user from pg_roles where rolname = %s", [role]
    ).fetchone()
    if found is None:
        connection.execute(SQL("create role {} nologin").format(Identifier(role)))
    elif any(found):
        raise BadInput(
            f"role {role!r} signs in by itself or passes by row-level security; name a group role, and make the "
            "people and tools its members"
        )


def record(connection: psycopg.Connection, schema: str, grant: Grant) -> None:
    """Write down whose rows a role reads, in place of what was written of it before."""
    forget(connection, schema, grant.role)
    wanted: Iterable[str | None] = [None] if grant.cost_centers is None else sorted(set(grant.cost_centers))
    insert = SQL("insert into {} (role_name, cost_center) values (%s, %s)")
    for each in wanted:
        connection.execute(insert.format(Identifier(schema, ddl.AUDIENCES)), [grant.role, each])


def forget(connection: psycopg.Connection, schema: str, role: str) -> bool:
    """Strike a role off the list and take its rights; return whether it was on it."""
    delete = SQL("delete from {} where role_name = %s").format(Identifier(schema, ddl.AUDIENCES))
    was_there = connection.execute(delete, [role]).rowcount > 0
    if connection.execute("select from pg_roles where rolname = %s", [role]).fetchone() is not None:
        for right in ("all on all tables in schema", "usage on schema"):
            revoke = SQL("revoke {} {} from {}").format(SQL(right), Identifier(schema), Identifier(role))
            connection.execute(revoke)
    return was_there


def grants(connection: psycopg.Connection, schema: str) -> list[Grant]:
    """Return whose rows each role reads, by name. The owner of the schema reads everything and is left out."""
    query = """
        select role_name, array_agg(cost_center order by cost_center) from {}
        where role_name <> current_user group by role_name order by role_name
    """
    rows = connection.execute(SQL(query).format(Identifier(schema, ddl.AUDIENCES))).fetchall()
    return [Grant(role, None if None in found else tuple(found)) for role, found in rows]


def authorise(connection: psycopg.Connection, schema: str) -> None:
    """Give each listed role that exists the rights it lacks, and take those it has too many.

    Tables with an audience are readable to every listed role, which sees its own rows of them; the others to those
    alone that read everything.
    """
    facts = {
        "schema": Identifier(schema).as_string(),
        "readable": ddl.READABLE,
        "version": ddl.VERSION,
        "parts": ddl.PARTS,
        "renamed": list(RENAMED_MARTS),
        "audience_columns": list(AUDIENCE_COLUMNS),
    }
    query = SQL(_WRONG_RIGHTS).format(audiences=Identifier(schema, ddl.AUDIENCES))
    wrong = connection.execute(query, facts).fetchall()
    for role in sorted({role for role, _, _ in wrong}):
        connection.execute(SQL("grant usage on schema {} to {}").format(Identifier(schema), Identifier(role)))
    for role, table, is_wanted in wrong:
        change = "grant select on {} to {}" if is_wanted else "revoke select on {} from {}"
        connection.execute(SQL(change).format(Identifier(schema, table), Identifier(role)))
