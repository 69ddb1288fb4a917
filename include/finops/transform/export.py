"""Write published data to a file: CSV, XLSX or Parquet.

Values in conditions are bound, names are quoted, and text that a spreadsheet would run as a formula is neutralised.
A file appears whole or not at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.atomic import replacing
from finops.core.errors import BadInput, NotReady
from finops.core.focus import COLUMNS as FOCUS_COLUMNS
from finops.core.focus import NAMES, NEWER, Kind, snake
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.core.spreadsheet import STARTS_A_FORMULA, neutralise
from finops.core.sql import Sql, compose, identifier, join, literal
from finops.stores import dictionary as stored
from finops.stores import published, snapshots
from finops.stores.state.store import open_state
from finops.transform import dictionary

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Condition = tuple[str, str]
"""A column and the value its rows must have."""

SHEET_ROWS = 1_048_575
"""Rows a worksheet holds below its header."""

ASCII = ("service_name", "pricing_unit", "consumed_unit", "commitment_discount_unit")
"""Columns of a provider's own vocabulary, which focus-validator wants in ASCII (StringHandling).

Names that people give, and identifiers, leave as they are.
"""

_PLAIN = (
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "HUGEINT",
    "BIGINT",
    "INTEGER",
    "SMALLINT",
    "TINYINT",
    "UBIGINT",
    "BOOLEAN",
    "DATE",
)
"""Types whose values stay as they are: numbers stay numbers, a negative one too."""

_COPY = {".csv": "format csv, header true", ".parquet": "format parquet, compression zstd"}


@dataclass(frozen=True, slots=True)
class AsOf:
    """A month as it was at an earlier moment, which ``snapshots.moment_of`` reads."""

    billing_period: BillingPeriod
    moment: str


def export_mart(
    settings: Settings, mart: str, out: Path, where: Sequence[Condition] = (), as_of: AsOf | None = None
) -> int:
    """Write the rows of a published mart that meet all conditions; return how many.

    With ``as_of``, the rows that one month of the daily mart had then. Raise BadInput for an unknown mart or column,
    a value that is not of its column's type, a moment without snapshots, or an unwritable file.
    """
    _require_suffix(out, ".csv", ".xlsx", ".parquet")
    publication = published.latest(settings)
    mart = publication.mart(mart)
    source = identifier(mart) if as_of is None else _then(settings, mart, as_of)
    with publication.connect() as connection:
        types = _types(connection, source)
        conditions = [_condition(connection, mart, types, condition) for condition in where]
        where_all = join(" and ", [Sql("true"), *conditions])
        rows = compose("select * from {mart} where {all} order by all", mart=source, all=where_all)
        return _write(connection, rows, types, [value for _, value in where], out)


def _then(settings: Settings, mart: str, as_of: AsOf) -> Sql:
    if mart != snapshots.DAILY:
        says = f"only {snapshots.DAILY} is kept for every publication"
        raise BadInput(f"{says}; {mart} can be read as it is now, without --as-of")
    with open_state(settings).connect() as state:
        moment = snapshots.moment_of(state, as_of.billing_period, as_of.moment)
        found = snapshots.as_of(state, as_of.billing_period, moment)
    return compose("({rows})", rows=snapshots.daily_sql(settings, found))


def export_focus(settings: Settings, period: BillingPeriod, out: Path, provider: Provider | None = None) -> int:
    """Write a month's FOCUS charges under the specification's column names; return how many.

    Own columns keep their ``x_``. What FOCUS 1.3 adds leaves where a charge has it.

    Raise BadInput when nothing of that month is published or the file is unwritable.
    """
    _require_suffix(out, ".csv", ".parquet")
    publication = published.latest(settings)
    partitions = [name.split("/") for name in publication.manifest["fact"]["partitions"]]
    if not any(month == str(period) and provider in (None, name) for name, month in partitions):
        of = "" if provider is None else f" of {provider}"
        known = sorted({month for name, month in partitions if provider in (None, name)})
        raise BadInput(f"nothing{of} is published for {period}; there are {', '.join(known) or 'no months'}")
    with publication.connect() as connection:
        # A fact may be larger than memory, and no reader of it expects an order.
        connection.execute("set preserve_insertion_order = false")
        connection.execute(compose("set memory_limit = {limit}", limit=settings.memory_limit))
        fact = compose("({fact})", fact=publication.focus_sql(provider, period))
        types = _types(connection, fact)
        moments = {column.snake for column in FOCUS_COLUMNS if column.kind is Kind.MOMENT}
        unused = _empty(connection, fact, [snake(name) for name in NEWER if snake(name) in types])
        names = {name: NAMES[name] for name in NAMES if name in types and name not in unused}
        names |= {name: name for name in types if name.startswith("x_")}
        columns = join(", ", (_renamed(name, new, is_moment=name in moments) for name, new in names.items()))
        rows = compose("select {columns} from {fact}", columns=columns, fact=fact)
        return _write(connection, rows, _types(connection, compose("({rows})", rows=rows)), [], out)


def _empty(connection: DuckDBPyConnection, fact: Sql, names: Sequence[str]) -> set[str]:
    """Return the columns without any value."""
    if not names:
        return set()
    counts = join(", ", (compose("count({name})", name=identifier(name)) for name in names))
    found = connection.execute(compose("select {counts} from {fact}", counts=counts, fact=fact)).fetchall()[0]
    return {name for name, count in zip(names, found, strict=True) if not count}


def export_dictionary(settings: Settings, out: Path) -> int:
    """Write the data dictionary of the current version, as HTML or JSON; return how many tables it has.

    Raise BadInput for another ending or a file that cannot be written, NotReady when nothing is published or an older
    release published it.
    """
    publication = published.latest(settings)
    _require_suffix(out, ".html", ".json")
    tables = stored.read(publication.path)
    if not tables:
        raise NotReady(f"build {publication.build_id} has no data dictionary; run `finops build` again")
    with _writable(out) as file:
        if out.suffix == ".html":
            file.write_text(dictionary.page(tables, publication.build_id), encoding="utf-8")
        else:
            shutil.copyfile(publication.path / stored.CONTENT, file)
    return len(tables)


def _renamed(name: str, new: str, *, is_moment: bool) -> Sql:
    template = "{name} as {new}"
    if is_moment:
        # The platform's timestamps are UTC by convention; a file that leaves it says so.
        template = "timezone('UTC', {name}) as {new}"
    elif name in ASCII:
        template = _AS_ASCII
    return compose(template, name=identifier(name), new=identifier(new))


_AS_ASCII = r"""
    case
        when regexp_full_match({name}, '[\x00-\x7F]*') then {name}
        else array_to_string(
            list_transform(
                string_split(strip_accents(replace({name}, 'ß', 'ss')), ''),
                lambda c: if(unicode(c) < 128, c, printf('\u%04x', unicode(c)))
            ), ''
        )
    end as {new}
"""
"""Without accents, and what has no plain letter by its code, so that two names stay two."""


def _write(
    connection: DuckDBPyConnection, rows: Sql, types: Mapping[str, str], values: Sequence[str], out: Path
) -> int:
    with _writable(out) as temporary:
        if out.suffix == ".xlsx":
            return _write_workbook(connection, rows, values, temporary)
        if out.suffix == ".csv":
            columns = join(", ", (_for_csv(name, kind) for name, kind in types.items()))
            rows = compose("select {columns} from ({rows})", columns=columns, rows=rows)
        copy = compose("copy ({rows}) to {file} ({how})", rows=rows, file=temporary, how=Sql(_COPY[out.suffix]))
        return int(connection.execute(copy, values).fetchall()[0][0])


def _for_csv(name: str, kind: str) -> Sql:
    """Return a column as CSV has it: formulas neutralised as ``neutralise`` does, moments in ISO 8601."""
    column = identifier(name)
    if kind.startswith("TIMESTAMP"):
        return compose("strftime({column}, '%Y-%m-%dT%H:%M:%SZ') as {column}", column=column)
    if kind.startswith(_PLAIN) and not kind.endswith("]"):
        return column
    # Lists, JSON and whatever else is no number are texts to a spreadsheet.
    starts = join(", ", map(literal, STARTS_A_FORMULA))
    template = "case when left({text}, 1) in ({starts}) then chr(39) || {text} else {text} end as {column}"
    return compose(template, text=compose("cast({column} as varchar)", column=column), starts=starts, column=column)


def _write_workbook(connection: DuckDBPyConnection, rows: Sql, values: Sequence[str], file: Path) -> int:
    import xlsxwriter

    cursor = connection.execute(rows, values)
    header = [name for name, *_ in cursor.description or []]
    with xlsxwriter.Workbook(str(file), {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("export")
        bold = book.add_format({"bold": True})
        for column, name in enumerate(header):
            sheet.write_string(0, column, name, bold)
            sheet.set_column(column, column, max(12, len(name) + 2))
        sheet.freeze_panes(1, 0)
        count = 0
        while batch := cursor.fetchmany(10_000):
            for row in batch:
                count += 1
                if count > SHEET_ROWS:
                    raise BadInput(f"a worksheet holds {SHEET_ROWS:,} rows, there are more; use .csv or .parquet")
                _write_cells(sheet, count, row)
        sheet.autofilter(0, 0, count, len(header) - 1)
    return count


def _write_cells(sheet: Any, line: int, row: tuple[object, ...]) -> None:
    for column, value in enumerate(row):
        match value:
            case None:
                pass
            case bool():
                sheet.write_boolean(line, column, value)
            case int() | float() | Decimal():
                sheet.write_number(line, column, value)
            case datetime() | date():
                sheet.write_datetime(line, column, value)
            case _:
                sheet.write_string(line, column, neutralise(str(value)))


def _types(connection: DuckDBPyConnection, rows: Sql) -> dict[str, str]:
    described = connection.execute(compose("describe select * from {rows}", rows=rows)).fetchall()
    return {name: kind for name, kind, *_ in described}


def _condition(connection: DuckDBPyConnection, mart: str, types: Mapping[str, str], condition: Condition) -> Sql:
    name, value = condition
    if name not in types:
        raise BadInput(f"{mart} has no column {name!r}; its columns are {', '.join(types)}")
    parts = {"column": identifier(name), "type": Sql(types[name])}
    is_of_type = connection.execute(compose("select try_cast(? as {type}) is not null", **parts), [value]).fetchall()
    if not is_of_type[0][0]:
        raise BadInput(f"{value!r} is not a value of column {name} of {mart}, which is {types[name]}")
    return compose("{column} = cast(? as {type})", **parts)


def _require_suffix(out: Path, *suffixes: str) -> None:
    if out.suffix not in suffixes:
        raise BadInput(f"{out} must end in {' or '.join(suffixes)}: the ending says what is written")


@contextmanager
def _writable(out: Path) -> Iterator[Path]:
    import duckdb
    from xlsxwriter.exceptions import FileCreateError

    if out.is_dir():
        raise BadInput(f"cannot write {out}: it is a folder")
    try:
        with replacing(out) as temporary:
            # Found out here, the reason is the system's and names no temporary file.
            temporary.touch()
            yield temporary
    except (FileExistsError, NotADirectoryError) as error:
        raise BadInput(f"cannot write {out}: {out.parent} is no folder") from error
    except (OSError, duckdb.IOException, FileCreateError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        raise BadInput(f"cannot write {out}: {reason}") from error
