"""The statements that give the schema its tables: composed here, executed by the service. Identifiers are quoted.

Who reads which row is decided by one view, ``my_cost_centers``: the cost centres of the roles that the current user
is in, and one row with NULL where such a role reads everything. Every policy asks it. ``current_user`` is the person
who asks also inside a view that somebody else owns, and row security is forced upon the tables' owner as well, so a
view made over a served table shows each reader their own rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from psycopg.sql import SQL, Composed, Identifier, Literal

from finops.serving.models import Column, Table

FINANCE = "finops_finance"
"""The group role that reads everything."""
AUDIENCES = "audiences"
READABLE = "my_cost_centers"
PARTS = "served_parts"
VERSION = "served_version"
STAGING = "finops_staging"
"""The temporary table that a part is copied into: PostgreSQL copies into no table with row-level security."""


def foundation(schema: str) -> Iterator[Composed]:
    """Yield what makes an empty schema: whose rows roles read, and what is served."""
    names = {
        "schema": Identifier(schema),
        "audiences": Identifier(schema, AUDIENCES),
        "readable": Identifier(schema, READABLE),
        "parts": Identifier(schema, PARTS),
        "version": Identifier(schema, VERSION),
        "finance": Literal(FINANCE),
    }
    for statement in _FOUNDATION:
        yield SQL(statement).format(**{name: names[name] for name in names if f"{{{name}}}" in statement})


_FOUNDATION = (
    "create schema if not exists {schema}",
    "create table {audiences} (role_name text not null, cost_center text)",
    "create unique index on {audiences} (role_name, coalesce(cost_center, ''))",
    "insert into {audiences} values (current_user, null), ({finance}, null)",
    """
    create view {readable} with (security_barrier) as
    select a.cost_center
    from {audiences} as a
    inner join pg_catalog.pg_roles as r on r.rolname = a.role_name
    where pg_catalog.pg_has_role(current_user, r.oid, 'usage')
    """,
    """
    create table {parts} (
        table_name text not null,
        billing_period text not null,
        digest text not null,
        row_count bigint not null,
        build_id text not null,
        served_at timestamp with time zone not null,
        primary key (table_name, billing_period)
    )
    """,
    """
    create table {version} (
        only_row boolean primary key default true check (only_row),
        build_id text not null,
        published_at timestamp with time zone not null,
        served_at timestamp with time zone not null
    )
    """,
)

OWN_TABLES = (
    Table(
        AUDIENCES,
        (
            Column("role_name", "text", "The group role that reads."),
            Column("cost_center", "text", "A cost centre whose rows it reads; NULL is everything."),
        ),
        (),
        "One row per role and cost centre it reads; a NULL cost centre is everything.",
    ),
    Table(
        READABLE,
        (Column("cost_center", "text", "A cost centre; NULL is everything."),),
        (),
        "The cost centres whose rows the current user reads; NULL is everything.",
    ),
    Table(
        PARTS,
        (
            Column("table_name", "text", "The served table."),
            Column("billing_period", "text", "Billing month, YYYY-MM, UTC."),
            Column("digest", "text", "What the rows were copied from: SHA-256 of a file, or of a set of statements."),
            Column("row_count", "bigint", "How many rows of that month the table has."),
            Column("build_id", "text", "The published build that the rows were copied from."),
            Column("served_at", "timestamp with time zone", "When they were copied."),
        ),
        (),
        "One row per table and billing period: what is served, and from which build.",
    ),
    Table(
        VERSION,
        (
            Column("only_row", "boolean", "Always true: the table has one row."),
            Column("build_id", "text", "The published build."),
            Column("published_at", "timestamp with time zone", "When it was published."),
            Column("served_at", "timestamp with time zone", "When it was served."),
        ),
        (),
        "The one published version that all tables together are of.",
    ),
)
"""The tables and the view that say what is served and to whom, for their comments."""


def create_table(schema: str, table: Table) -> Iterator[Composed]:
    """Yield what makes an empty served table with its indexes."""
    columns = SQL(", ").join(_declared(each) for each in table.columns)
    yield SQL("create table {} ({})").format(Identifier(schema, table.name), columns)
    for index in table.indexes:
        names = SQL(", ").join(map(Identifier, index))
        yield SQL("create index on {} ({})").format(Identifier(schema, table.name), names)


def _declared(column: Column) -> Composed:
    return SQL("{} {}").format(Identifier(column.name), SQL(column.kind))


def change_layout(schema: str, table: Table, before: dict[str, str]) -> Iterator[Composed]:
    """Yield what gives a served table the columns it has now; ``before`` has the type of each it had."""
    name, wanted = Identifier(schema, table.name), {each.name: each for each in table.columns}
    for column in before:
        if column not in wanted:
            yield SQL("alter table {} drop column {}").format(name, Identifier(column))
    for column, each in wanted.items():
        kind = SQL(each.kind)
        if column not in before:
            yield SQL("alter table {} add column {}").format(name, _declared(each))
        elif before[column] != each.kind:
            change = "alter table {} alter column {} type {} using {}::text::{}"
            yield SQL(change).format(name, Identifier(column), kind, Identifier(column), kind)


def secure(schema: str, table: Table) -> Iterator[Composed]:
    """Yield what lets a reader see their own rows alone; to be repeated whenever the layout has changed."""
    name, readable = Identifier(schema, table.name), Identifier(schema, READABLE)
    sees = SQL("exists (select from {} where cost_center is null)").format(readable)
    if table.audience_column is not None:
        # Both are evaluated once per query, not once per row.
        own = SQL("{} in (select cost_center from {} where cost_center is not null)")
        sees = SQL("{} or {}").format(sees, own.format(Identifier(table.audience_column), readable))
    yield SQL("alter table {} enable row level security").format(name)
    yield SQL("alter table {} force row level security").format(name)
    yield SQL("create policy audience on {} using ({})").format(name, sees)


def unsecure(schema: str, table: str) -> Composed:
    """Return what takes the policy away, which holds on to the columns it reads, while the layout changes."""
    return SQL("drop policy if exists audience on {}").format(Identifier(schema, table))


def describe(schema: str, table: Table, name: str, before: Mapping[str, str]) -> Iterator[Composed]:
    """Yield the comments of a table, or of the view ``name`` over it.

    ``before`` has the comments that are there, by column, that of the table itself under an empty name: what is as it
    was is left out, so that a publication waits for nobody who reads.
    """
    if table.description != before.get(""):
        kind = SQL("table" if name == table.name and name != READABLE else "view")
        yield SQL("comment on {} {} is {}").format(kind, Identifier(schema, name), Literal(table.description))
    for column in table.columns:
        if column.description != before.get(column.name):
            where = Identifier(schema, name, column.name)
            yield SQL("comment on column {} is {}").format(where, Literal(column.description))
