"""One file: verify every row, and write its typed rows by day into a temporary folder, in one pass over the file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.errors import BadInput, NotReady
from finops.core.sql import Sql, compose, identifier, join, literal
from finops.core.text import shown
from finops.telemetry import tables
from finops.telemetry.checks import checks_of, typed_rows
from finops.telemetry.models import OfferedFile, Part, Schema, StagedFile
from finops.telemetry.tables import Table, rows_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_DAY = "day="
_NO_DAY = "none"
"""Where the rows go that do not land: those with a fault, and those that lie in the future."""


def stage(
    connection: DuckDBPyConnection, file: OfferedFile, schema: Schema, folder: Path, latest: datetime
) -> StagedFile:
    """Return a file's rows by day (UTC); those later than ``latest`` are set apart.

    ``folder`` does not exist yet. Raise BadInput, naming file, line, column, value and remedy, for the first fault,
    and NotReady when the file changed while it was read.
    """
    import duckdb

    sha256 = tables.sha256_of_whole(file)
    try:
        table = tables.open_table(connection, file, schema)
        _write(connection, schema, table, folder, latest)
        _require_unchanged(file)
        found = {path.name.removeprefix(_DAY): _files_in(path) for path in sorted(folder.glob(f"{_DAY}*"))}
        set_apart = _set_apart(connection, file, schema, table, found.pop(_NO_DAY, ()))
        parts = {date.fromisoformat(day): _part(connection, file, schema, table, paths) for day, paths in found.items()}
    except duckdb.Error as error:
        raise tables.unreadable(file, error) from None
    return StagedFile(file, sha256, parts, set_apart)


def _write(connection: DuckDBPyConnection, schema: Schema, table: Table, folder: Path, latest: datetime) -> None:
    folder.mkdir(parents=True)
    query = compose(
        "copy (select {columns}, fault, case when fault is not null or {moment} > {latest}::timestamp then {none} "
        "else strftime({moment}, '%Y-%m-%d') end as day from ({rows})) "
        "to {folder} (format parquet, partition_by (day), overwrite_or_ignore true)",
        columns=join(", ", (identifier(each.name) for each in schema.columns)),
        moment=identifier(schema.moment),
        latest=literal(f"{latest:%Y-%m-%d %H:%M:%S}"),
        none=_NO_DAY,
        rows=typed_rows(schema, table),
        folder=folder,
    )
    connection.execute(query)


def _require_unchanged(file: OfferedFile) -> None:
    stat = file.path.stat()
    if (stat.st_size, stat.st_mtime_ns) != (file.byte_count, file.modified_ns):
        raise NotReady(f"{file.name}: changed while it was read; the next run takes it when it is written to its end")


def _files_in(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob("*.parquet")))


def _set_apart(
    connection: DuckDBPyConnection, file: OfferedFile, schema: Schema, table: Table, files: tuple[Path, ...]
) -> int:
    """Return how many rows lie in the future. Raise BadInput for the first row with a fault."""
    if not files:
        return 0
    query = compose("select count(*), count(fault) from {rows}", rows=rows_of(files))
    rows, faults = connection.execute(query).fetchall()[0]
    if faults:
        raise _fault(connection, file, schema, table, faults)
    return int(rows)


def _fault(connection: DuckDBPyConnection, file: OfferedFile, schema: Schema, table: Table, faults: int) -> BadInput:
    raws = join(", ", (identifier(f"raw_{each.name}") for each in schema.columns))
    query = compose(
        "select place, fault, {raws} from ({rows}) where fault is not null", raws=raws, rows=_placed(schema, table)
    )
    place, number, *values = _in_order(connection, query, limit=1)[0]
    check = checks_of(schema)[number]
    value = values[[each.name for each in schema.columns].index(check.column)]
    more = f" (the first of {faults:,} rows with a fault)" if faults > 1 else ""
    return BadInput(f"{_where(file, table, place)}: {check.fault(value)}{more}")


def _part(
    connection: DuckDBPyConnection, file: OfferedFile, schema: Schema, table: Table, files: tuple[Path, ...]
) -> Part:
    """Return the rows of a day, and count the exact duplicates among them.

    Raise BadInput when two rows have one key and other values.
    """
    key = join(", ", map(identifier, schema.key))
    differs = join(" or ", (_differs(name) for name in _values(schema)))
    query = compose(
        "select coalesce(sum(copies), 0), count(*), count(*) filter (where is_contradiction) from "
        "(select count(*) as copies, {differs} as is_contradiction from {rows} group by {key})",
        differs=differs,
        rows=rows_of(files),
        key=key,
    )
    rows, distinct, contradictions = connection.execute(query).fetchall()[0]
    if contradictions:
        raise _contradiction(connection, file, schema, table, files)
    return Part(files, int(rows), int(rows - distinct))


def _values(schema: Schema) -> Iterable[str]:
    return (each.name for each in schema.columns if each.name not in schema.key)


def _differs(name: str) -> Sql:
    return compose(
        "(min({name}) is distinct from max({name}) or count({name}) not in (0, count(*)))", name=identifier(name)
    )


def _contradiction(
    connection: DuckDBPyConnection, file: OfferedFile, schema: Schema, table: Table, files: tuple[Path, ...]
) -> BadInput:
    key = join(", ", map(identifier, schema.key))
    query = compose(
        "select {key} from {rows} group by {key} having {differs} order by {key} limit 1",
        key=key,
        rows=rows_of(files),
        differs=join(" or ", (_differs(name) for name in _values(schema))),
    )
    values = connection.execute(query).fetchall()[0]
    same = join(" and ", (compose("{name} is not distinct from ?", name=identifier(name)) for name in schema.key))
    # Of rows that say the same, the first stands for all.
    every = join(", ", (identifier(each.name) for each in schema.columns))
    placed = compose(
        "select min(place) as place from ({rows}) where {same} group by {every}",
        rows=_placed(schema, table),
        same=same,
        every=every,
    )
    first, second = (place for (place,) in _in_order(connection, placed, values, limit=2))
    what = ", ".join(
        f"{name} {shown(str(value))}" for name, value in zip(schema.key, values, strict=True) if value is not None
    )
    line = "line" if table.is_csv else "row"
    return BadInput(
        f"{_where(file, table, second)}: has other values than {line} {_number(file, table, first):,} for {what}; "
        "leave one of them"
    )


def _placed(schema: Schema, table: Table) -> Sql:
    """Return the typed rows with their place in the file, counted from 1."""
    if not table.is_csv:
        return compose(
            "select *, file_row_number + 1 as place from ({rows})",
            rows=typed_rows(schema, table, Sql("file_row_number")),
        )
    numbered = compose("(select *, row_number() over () as place from {table})", table=table.sql)
    return typed_rows(schema, Table(numbered, table.columns, is_csv=True), Sql("place"))


def _in_order(connection: DuckDBPyConnection, query: Sql, values: object = None, *, limit: int) -> list[tuple]:
    # Only where a fault is looked for: rows keep the order of the file, which costs time.
    connection.execute("set preserve_insertion_order = true")
    try:
        ordered = compose("select * from ({query}) order by place limit {limit}", query=query, limit=Sql(limit))
        return connection.execute(ordered, values).fetchall()
    finally:
        connection.execute("set preserve_insertion_order = false")


def _number(file: OfferedFile, table: Table, place: int) -> int:
    return tables.line_of(file, place) if table.is_csv else place


def _where(file: OfferedFile, table: Table, place: int) -> str:
    return f"{file.name}, {'line' if table.is_csv else 'row'} {_number(file, table, place):,}"
