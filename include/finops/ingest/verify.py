"""Verify one local file of a delivery in a single pass and compute its control totals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.core.errors import BadInput
from finops.core.formats import Column, Provider, SourceFormat, columns_of
from finops.core.money import SQL_TYPE
from finops.ingest.models import FetchedFile, FileFacts, Group
from finops.ingest.reading import Table, damaged, identifier, must_be_whole, open_table, sha256_of
from finops.ingest.recognise import azure_half_by_name, is_azure, match_columns, new_columns, recognise
from finops.ingest.totals import Measures, is_committed_price, measures_of, time_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NUMBERS = re.compile(r"(?:DOUBLE|FLOAT|DECIMAL\(.*\)|U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?)")
_REMEDY = "have the export written again, or correct the file"


@dataclass(frozen=True, slots=True)
class _Check:
    """A condition that no row may meet, its column and the complaint."""

    column: str
    is_bad: str
    complaint: str


def inspect(
    connection: DuckDBPyConnection, file: FetchedFile, provider: Provider, stated: SourceFormat | None
) -> FileFacts:
    """Read a file to its end, check it against the manifest and its format, and sum it.

    The connection's limit bounds memory, whatever the file's size. Duplicate lines are kept. Raise BadInput, which
    names file, column, line and value, when the file cannot be trusted.
    """
    import duckdb

    key = file.source_key
    sha256 = sha256_of(file.path)
    if file.sha256 is not None and sha256 != file.sha256:
        raise BadInput(f"{key}: its sha256 is {sha256}, the manifest says {file.sha256}; fetch it again")
    must_be_whole(file.path, key)
    table = open_table(connection, file.path, key)
    try:
        source_format = format_of(connection, table, file, provider, stated)
        columns = match_columns(table.types, source_format, key)
        _must_have_types(table, source_format, columns, key)
        measures = measures_of(source_format, columns, table)
        checks = _checks(table, source_format, columns, measures)
        groups = _groups(connection, table, measures, checks, key)
    except duckdb.Error as error:
        raise damaged(key, error) from None
    facts = FileFacts(
        file, source_format, file.path.stat().st_size, sha256, new_columns(table.types, source_format), groups
    )
    if file.row_count is not None and facts.row_count() != file.row_count:
        raise BadInput(f"{key}: holds {facts.row_count():,} rows, the manifest says {file.row_count:,}; fetch it again")
    return facts


def format_of(
    connection: DuckDBPyConnection,
    table: Table,
    file: FetchedFile,
    provider: Provider,
    stated: SourceFormat | None,
) -> SourceFormat:
    """Return the stated format, or recognise it by the columns; Azure's two halves by name, then by rows.

    Raise BadInput when neither decides.
    """
    if stated is not None:
        return stated
    found = recognise(table.types, provider, file.source_key)
    if not is_azure(found):
        return found
    return azure_half_by_name(file.source_key) or _azure_half_by_rows(connection, table, found, file.source_key)


def _azure_half_by_rows(connection: DuckDBPyConnection, table: Table, found: SourceFormat, key: str) -> SourceFormat:
    columns = match_columns(table.types, found, key)
    charge = f"lower({identifier(columns['ChargeType'])})"
    is_fee = f"{charge} = 'purchase' and {is_committed_price(identifier(columns['PricingModel']))}"
    unused, fees = connection.execute(
        f"select count(*) filter ({charge} in ('unusedreservation', 'unusedsavingsplan')), "  # noqa: S608
        f"count(*) filter ({is_fee}) from {table.sql}"
    ).fetchall()[0]
    if bool(unused) == bool(fees):
        raise BadInput(
            f"{key}: Azure's actual and amortized exports have the same columns, and its rows do not show which it "
            "is; add --format azure_actual or --format azure_amortized"
        )
    return SourceFormat.AZURE_AMORTIZED if unused else SourceFormat.AZURE_ACTUAL


def _must_have_types(table: Table, source_format: SourceFormat, columns: dict[str, str], key: str) -> None:
    """Check the column types of a Parquet file, before any row is read. A CSV has none."""
    if table.is_text:
        return
    for column in columns_of(source_format):
        actual = table.types.get(columns.get(column.name, ""))
        if actual is None:
            continue
        is_wrong = _is_amount(column) and not _NUMBERS.fullmatch(actual)
        is_wrong |= column.is_required and _shape(column.duckdb_type) != _shape(actual)
        if is_wrong:
            raise BadInput(
                f"{key}: column {columns[column.name]} is of type {actual[:60]}, expected {column.duckdb_type[:60]}; "
                f"{_REMEDY}"
            )


def _shape(duckdb_type: str) -> str:
    if duckdb_type.endswith("[]"):
        return "list"
    head = duckdb_type.partition("(")[0]
    return head if head in ("MAP", "STRUCT") else "scalar"


def _is_amount(column: Column) -> bool:
    return column.duckdb_type == "DOUBLE" or column.duckdb_type.startswith("DECIMAL")


def _checks(table: Table, source_format: SourceFormat, columns: dict[str, str], measures: Measures) -> list[_Check]:
    costs = " and ".join(f"{identifier(name)} is null" for name in measures.cost_columns)
    checks = [_Check(measures.cost_columns[-1], costs, "has no amount")]
    for column in columns_of(source_format):
        if column.name not in columns:
            continue
        name = columns[column.name]
        if _is_amount(column) and (is_bad := _is_no_amount(identifier(name), table.types[name])):
            checks.append(_Check(name, is_bad, "is not a finite amount"))
        elif column.is_required and column.duckdb_type.startswith("TIMESTAMP"):
            quoted = identifier(name)
            moment = time_of(quoted, table.types[name])
            checks.append(_Check(name, f"{quoted} is not null and {moment} is null", "is not a time"))
    is_code = f"regexp_full_match({measures.currency}, '[A-Z]{{3}}')"
    checks.append(_Check(_bare(measures.currency), f"not coalesce({is_code}, false)", "is not a currency code"))
    checks.append(_Check(_bare(measures.period), f"({measures.period}) is null", "has no valid billing month"))
    if source_format is SourceFormat.AWS_CUR2 and "discount_total_discount" in columns:
        checks.append(_undiscounted(columns))
    if source_format in (SourceFormat.GCP_DETAILED, SourceFormat.GCP_STANDARD):
        credits = identifier(columns["credits"])
        is_bad = f"list_bool_or(list_transform({credits}, lambda c: {_is_no_amount('c.amount', 'DOUBLE')}))"
        checks.append(
            _Check(columns["credits"], f"coalesce({is_bad}, false)", "has a credit that is not a finite amount")
        )
    return checks


def _undiscounted(columns: dict[str, str]) -> _Check:
    """Require the net cost where a discount is only in the map: without it the row would cost too much."""
    discount = f"try_cast({identifier(columns['discount_total_discount'])} as double)"
    net = columns.get("line_item_net_unblended_cost")
    is_bad = f"coalesce({discount}, 0) <> 0" + (f" and {identifier(net)} is null" if net else "")
    complaint = "is a discount without a line_item_net_unblended_cost that includes it; add that column to the export"
    return _Check(columns["discount_total_discount"], is_bad, complaint)


def _is_no_amount(expression: str, duckdb_type: str) -> str | None:
    if duckdb_type in ("DOUBLE", "FLOAT"):
        return f"({expression} is not null and (not isfinite({expression}) or abs({expression}) >= 1e25))"
    if duckdb_type == "VARCHAR":
        return f"({expression} is not null and try_cast({expression} as {SQL_TYPE}) is null)"
    return None


def _groups(
    connection: DuckDBPyConnection, table: Table, measures: Measures, checks: list[_Check], key: str
) -> tuple[Group, ...]:
    any_bad = " or ".join(f"({each.is_bad})" for each in checks)
    # Decode every other column of a Parquet file too: a damaged one would otherwise show only during a build.
    # The file's statistics cannot answer `any_value`, and nothing is cheaper.
    others = [] if table.is_text else [f"any_value({identifier(name)})" for name in table.types]
    rows = connection.execute(
        f"select {measures.period} as period, {measures.currency} as currency, "  # noqa: S608
        f"coalesce(cast({measures.account} as varchar), '') as account, count(*), "
        f"sum({measures.source_cost}), sum({measures.billed_cost}), count(*) filter ({any_bad}) "
        f"{''.join(', ' + each for each in others)} from {table.sql} group by 1, 2, 3 order by 1, 2, 3"
    ).fetchall()
    if any(row[6] for row in rows):
        raise _first_bad(connection, table, checks, key)
    return tuple(Group(*row[:6]) for row in rows)


def _first_bad(connection: DuckDBPyConnection, table: Table, checks: list[_Check], key: str) -> BadInput:
    """Read the file again, in its order, and return the error for the first row that fails."""
    number = "row_number() over ()" if table.is_text else "file_row_number + 1"
    connection.execute("set preserve_insertion_order = true")
    flags = ", ".join(f"({each.is_bad})" for each in checks)
    values = ", ".join(f"cast({identifier(each.column)} as varchar)" for each in checks)
    row = connection.execute(
        f"select number, is_bad, shown from (select {number} as number, [{flags}] as is_bad, "  # noqa: S608
        f"[{values}] as shown from {table.sql}) where list_bool_or(is_bad) order by number limit 1"
    ).fetchall()[0]
    which = row[1].index(True)
    shown = "an empty field" if row[2][which] is None else repr(row[2][which][:80])
    line = f"line {row[0] + 1}" if table.is_text else f"row {row[0]}"
    return BadInput(f"{key}: column {checks[which].column}, {line}: {shown} {checks[which].complaint}; {_REMEDY}")


def _bare(expression: str) -> str:
    """Return the first column named in an SQL expression."""
    match = re.search(r'"((?:[^"]|"")+)"', expression)
    return match[1].replace('""', '"') if match else expression
