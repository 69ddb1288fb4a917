"""Verify one local file of a delivery in a single pass and compute its control totals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from finops.core.atomic import sha256_of
from finops.core.errors import BadInput
from finops.core.formats import SourceFormat
from finops.core.providers import Provider
from finops.core.sql import identifier
from finops.core.text import shown
from finops.ingest.models import FetchedFile, FileFacts, Group
from finops.ingest.reading import Table, damaged, must_be_whole, open_table
from finops.ingest.recognise import azure_half_by_name, is_azure, match_columns, new_columns, recognise
from finops.ingest.totals import Measures, is_committed_price, measures_of
from finops.ingest.verification.checks import REMEDY, Check, File, checks_of, columns_in, not_an_amount
from finops.ingest.verification.columns import Kind
from finops.ingest.verification.findings import must_have_none
from finops.ingest.verification.types import must_be_readable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def inspect(
    connection: DuckDBPyConnection, file: FetchedFile, provider: Provider, stated: SourceFormat | None
) -> FileFacts:
    """Read a file to its end, check it against the manifest and its format, and sum it.

    The connection's limit bounds memory, whatever the file's size. Duplicate lines are kept. Raise BadInput, which
    names file, line, column, value and remedy of the first findings, when the file cannot be trusted.
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
        must_be_readable(table, source_format, columns, key)
        measures = measures_of(source_format, columns, table)
        groups = _groups(connection, File(source_format, columns, table), measures, key)
    except BadInput as error:
        # A column's name may hold anything.
        raise BadInput(shown(str(error), 1500)) from None
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
    if "ChargeType" not in columns:
        raise _undecided(key)
    model = identifier(columns["PricingModel"]) if "PricingModel" in columns else "''"
    charge = f"lower({identifier(columns['ChargeType'])})"
    is_fee = f"{charge} = 'purchase' and {is_committed_price(model)}"
    unused, fees = connection.execute(
        f"select count(*) filter ({charge} in ('unusedreservation', 'unusedsavingsplan')), "  # noqa: S608
        f"count(*) filter ({is_fee}) from {table.sql}"
    ).fetchall()[0]
    if bool(unused) == bool(fees):
        raise _undecided(key)
    return SourceFormat.AZURE_AMORTIZED if unused else SourceFormat.AZURE_ACTUAL


def _undecided(key: str) -> BadInput:
    return BadInput(
        f"{key}: Azure's actual and amortized exports have the same columns, and its rows do not show which it is; "
        "add --format azure_actual or --format azure_amortized"
    )


def _groups(connection: DuckDBPyConnection, file: File, measures: Measures, key: str) -> tuple[Group, ...]:
    checks, table = [*_of_totals(file, measures), *checks_of(file)], file.table
    # A file has few periods, currencies and accounts: what is asked of these alone is asked once for each.
    keys = (measures.period, measures.currency, measures.account, measures.vendor)
    grain = columns_in(table, *keys, file.sql_of(Kind.PERIOD_END))
    of_grain = [each for each in checks if columns_in(table, each.is_bad) <= grain]
    of_row = [each for each in checks if each not in of_grain]
    names = ", ".join(map(identifier, grain))
    # Decode every other column of a Parquet file too: a damaged one would otherwise show only during a build.
    # The file's statistics cannot answer `any_value`, and nothing is cheaper.
    others = [] if table.is_text else [f", any_value({identifier(name)})" for name in table.types if name not in grain]
    rows = connection.execute(
        f"select {measures.period} as period, {measures.currency} as currency, "  # noqa: S608
        f"coalesce({measures.account}, '') as account, sum(_rows), sum(_source), sum(_billed), "
        f"sum(_bad) + count(*) filter ({_any(of_grain)}), {measures.vendor} as vendor "
        f"from (select {names}, count(*) as _rows, sum({measures.source_cost}) as _source, "
        f"sum({measures.billed_cost}) as _billed, count(*) filter ({_any(of_row)}) as _bad {''.join(others)} "
        f"from {table.sql} group by {names}) group by 1, 2, 3, vendor order by 1, 2, 3, vendor"
    ).fetchall()
    if any(row[6] for row in rows):
        must_have_none(connection, table, checks, key)
    return tuple(Group(row[0], row[1], row[2], int(row[3]), row[4], row[5], row[7]) for row in rows)


def _any(checks: list[Check]) -> str:
    return " or ".join(f"({each.is_bad})" for each in checks) or "false"


def _of_totals(file: File, measures: Measures) -> Iterator[Check]:
    """Yield what a row must have to be summed: an amount, and no discount that it leaves out."""
    costs = " and ".join(f"{identifier(name)} is null" for name in measures.cost_columns)
    name = measures.cost_columns[-1]
    yield Check(name, identifier(name), costs, f"has no amount; {REMEDY}")
    if file.source_format is SourceFormat.AWS_CUR2 and "discount_total_discount" in file.columns:
        yield _undiscounted(file.columns)
    if file.source_format in (SourceFormat.GCP_DETAILED, SourceFormat.GCP_STANDARD):
        name = file.columns["credits"]
        is_bad = f"list_bool_or(list_transform({identifier(name)}, lambda c: {not_an_amount('c.amount', 'DOUBLE')}))"
        says = f"has a credit that is not a finite amount; {REMEDY}"
        yield Check(name, identifier(name), f"coalesce({is_bad}, false)", says)


def _undiscounted(columns: dict[str, str]) -> Check:
    """Require the net cost where a discount is only in the map: without it the row would cost too much."""
    name, net = identifier(columns["discount_total_discount"]), columns.get("line_item_net_unblended_cost")
    is_bad = f"coalesce(try_cast({name} as double), 0) <> 0" + (f" and {identifier(net)} is null" if net else "")
    complaint = "is a discount without a line_item_net_unblended_cost that includes it; add that column to the export"
    return Check(columns["discount_total_discount"], name, is_bad, complaint)
