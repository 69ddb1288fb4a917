"""What is published, as tables with monthly parts. Reading is lazy: only the parts that changed are ever opened."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from finops.core.atomic import sha256_of
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join
from finops.serving.models import Column, Control, Part, PublishedTables, Table
from finops.stores import dictionary
from finops.stores.dictionary import DescribedTable
from finops.stores.published import Publication
from finops.stores.statement_columns import DESCRIPTIONS
from finops.stores.statements import AudienceStatement, PublishedStatements, open_statements, published_periods

STATEMENT_LINES = "statement_lines"
_PIECE_ROWS = 20_000
_TYPES = {
    "VARCHAR": "text",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric(38,0)",
    "DOUBLE": "double precision",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}
# NULL equals nothing: no grant of a cost centre, whatever its name, opens the company's statement.
_AUDIENCE = Column("audience", "text", "Whose statement: a cost centre; NULL for the whole company's, finance's alone.")
_FROM_MANIFEST = ("audience", "status")
"""What the manifest says of a set, also where its files are of a version that did not write it into them."""
_STATEMENTS_DESCRIPTION = (
    "One row per line of a statement, per billing period and audience. The company's statement holds every cost "
    "centre's lines once more, so filter on audience before summing. Texts are as the statement shows them: one that "
    "a spreadsheet would run as a formula begins with an apostrophe."
)


def read_tables(settings: Settings, publication: Publication) -> PublishedTables:
    """Return the tables to serve: a publication's marts, and the published statements."""
    described = {table.name: table for table in dictionary.read(publication.path)}
    marts = [_mart(settings, publication, name, described.get(name)) for name in publication.marts]
    statements = [open_statements(settings, period) for period in published_periods(settings.statements_dir)]
    return PublishedTables(
        publication.build_id,
        datetime.fromisoformat(publication.manifest["published_at"]),
        (*marts, *([_statement_lines(statements)] if statements else [])),
    )


def postgres_type(kind: str) -> str:
    """Return PostgreSQL's type for one of DuckDB's. What PostgreSQL has no plain type for is served as JSON."""
    if kind.startswith("DECIMAL("):
        return f"numeric{kind.removeprefix('DECIMAL').replace(' ', '')}"
    return _TYPES.get(kind, "jsonb")


# -- marts --------------------------------------------------------------------------------------------------------


def _mart(settings: Settings, publication: Publication, name: str, described: DescribedTable | None) -> Table:
    with publication.connect() as connection:
        kinds = connection.execute(compose("describe {mart}", mart=identifier(name))).fetchall()
    abouts = {each.name: each.description for each in described.columns} if described else {}
    columns = tuple(Column(column, postgres_type(kind), abouts.get(column)) for column, kind, *_ in kinds)
    months = publication.manifest["marts"][name]["billing_periods"]
    return Table(
        name,
        columns,
        tuple(_mart_part(settings, publication, name, columns, month, entry) for month, entry in months.items()),
        described.description if described else None,
    )


def _mart_part(
    settings: Settings,
    publication: Publication,
    name: str,
    columns: tuple[Column, ...],
    month: str,
    entry: dict[str, Any],
) -> Part:
    file = publication.path / name / f"billing_period={month}" / "part.parquet"
    # A month that no build has touched is a hard link to the same bytes in every version.
    digest = sha256_of(file)
    query = """
        select {columns}
        from (select *, {month} as billing_period from read_parquet({file}, hive_partitioning = false))
    """
    selected = join(", ", map(_selected, columns))
    rows = partial(_parquet_rows, settings, compose(query, columns=selected, month=month, file=file))
    return Part(name, month, digest, tuple(each.name for each in columns), rows, _expected(entry))


def _selected(column: Column) -> Sql:
    name = identifier(column.name)
    if column.kind == "text":
        # PostgreSQL's text cannot hold a NUL. Dropping it would make two cost centres one.
        return compose("replace({name}, chr(0), chr(65533)) as {name}", name=name)
    return compose("to_json({name}) as {name}", name=name) if column.kind == "jsonb" else name


def _parquet_rows(settings: Settings, query: Sql) -> Iterator[bytes]:
    import duckdb
    from pyarrow import csv as arrow_csv

    form = arrow_csv.WriteOptions(include_header=False, quoting_style="all_valid")
    limits: dict[str, Any] = {"memory_limit": settings.memory_limit, "threads": 1}
    with duckdb.connect(config=limits) as connection:
        connection.execute("set timezone = 'UTC'")
        for batch in connection.sql(query).to_arrow_reader(_PIECE_ROWS):
            piece = io.BytesIO()
            arrow_csv.write_csv(batch, piece, form)
            yield piece.getvalue()


def _expected(entry: dict[str, Any]) -> Control:
    sums = ((currency, *each) for currency, found in entry["totals"].items() for each in found.items())
    amounts = [(currency, measure, Decimal(text)) for currency, measure, text in sums if text is not None]
    return Control(entry["rows"], tuple(amounts))


# -- statements ---------------------------------------------------------------------------------------------------


def _statement_lines(sets: Iterable[PublishedStatements]) -> Table:
    first = (_statement_column("billing_period"), _AUDIENCE, *map(_statement_column, ("status", "costs_until")))
    parts, columns = [], {each.name: each for each in first}
    for statements in sets:
        header = _header(statements)
        columns |= {name: _statement_column(name) for name in header if name not in columns}
        names = (*_FROM_MANIFEST, *header)
        rows = partial(_statement_rows, statements, header)
        digest = f"{statements.status} {statements.digest}"
        parts.append(Part(STATEMENT_LINES, str(statements.billing_period), digest, names, rows))
    return Table(STATEMENT_LINES, tuple(columns.values()), tuple(parts), _STATEMENTS_DESCRIPTION)


def _statement_column(name: str) -> Column:
    return Column(name, statement_type(name), DESCRIPTIONS.get(name))


def statement_type(column: str) -> str:
    """Return the PostgreSQL type of a column of ``statement.csv``; the file itself has only texts."""
    if column == "line":
        return "bigint"
    if column == "costs_until":
        return "date"
    if column.startswith(("has_", "is_")):
        return "boolean"
    return "numeric(38,12)" if column.endswith(("_cost", "_rounded", "_amount")) else "text"


def _header(statements: PublishedStatements) -> tuple[str, ...]:
    for audience in statements.audiences:
        if file := audience.file("statement.csv"):
            with (statements.path / file.path).open(encoding="utf-8", newline="") as handle:
                return tuple(name for name in next(csv.reader(handle)) if name not in _FROM_MANIFEST)
    return ("billing_period",)


def _statement_rows(statements: PublishedStatements, header: tuple[str, ...]) -> Iterator[bytes]:
    for audience in statements.audiences:
        if file := audience.file("statement.csv"):
            yield from _csv_pieces(statements.verified(file), audience, statements.status, header)


def _csv_pieces(path: Path, audience: AudienceStatement, status: str, header: tuple[str, ...]) -> Iterator[bytes]:
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.reader(handle)
        place = {name: index for index, name in enumerate(next(reader))}
        cells_of = [(place[name], statement_type(name) == "text") for name in header]
        lines: list[str] = []
        for cells in reader:
            # A text that is empty stays empty; an amount that is empty is absent.
            values = [cells[index] if is_text else cells[index] or None for index, is_text in cells_of]
            lines.append(",".join(map(_field, (audience.cost_center, status, *values))))
            if len(lines) == _PIECE_ROWS:
                yield _joined(lines)
                lines.clear()
        yield _joined(lines)


def _field(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""').replace("\0", "\ufffd") + '"'


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
