"""The conditions that no row of a file may meet, as SQL, from the table of what staging reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from finops.core.formats import Column, SourceFormat, columns_of
from finops.core.periods import BillingPeriod
from finops.core.sql import identifier, literal
from finops.ingest.reading import Table
from finops.ingest.recognise import is_azure
from finops.ingest.totals import SHIFT, time_of
from finops.ingest.verification.columns import FILLED_FOR, NEEDS, READ, Kind, name_in
from finops.ingest.verification.types import fields_of, named

REMEDY = "have the export written again, or correct the file"
_AS_TEXT = "format the column as text in the spreadsheet, or take the file as the cloud wrote it"
_DATES = "write dates as YYYY-MM-DD or MM/DD/YYYY"
_COST_DIGITS, _QUANTITY_DIGITS = 13, 23
"""Digits before the point. A cost of ten trillions, or ten trillion terabytes, is a fault of the file; a build can
multiply and divide what is below."""
_QUANTITIES = ("quantity", "amount", "usage", "unit", "factor")
_FIRST = "timestamp '2000-01-01'"
_CHARGES = f"between {_FIRST} and timestamp '2099-12-31'"


@dataclass(frozen=True, slots=True)
class Check:
    """A condition that no row may meet: ``is_bad``, over the file's columns. ``value`` is the SQL of what is shown.

    ``unless``: the check does not hold for a file in which any row meets this condition.
    """

    column: str
    value: str
    is_bad: str
    complaint: str
    unless: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file as checks see it. ``columns`` maps the format's names to the file's."""

    source_format: SourceFormat
    columns: dict[str, str]
    table: Table

    def find(self, column: str) -> tuple[str, str] | None:
        """Return the SQL and the type of a column of the table ``READ``, None where the file lacks it."""
        name, *path = column.split(".")
        actual = self.columns.get(name_in(self.source_format, name))
        if actual is None:
            return None
        sql, kind = str(identifier(actual)), self.table.types[actual]
        for step in path:
            fields = fields_of(kind)
            if step not in fields:
                return None
            sql, kind = f"{sql}.{identifier(step)}", fields[step]
        return sql, kind

    def sql(self, column: str) -> str | None:
        """Return the SQL of a column, None where the file lacks it."""
        found = self.find(column)
        return found[0] if found else None

    def of_kind(self, kind: Kind) -> str | None:
        """Return the column of a kind that a format has once."""
        return next((name for name, each in READ[self.source_format].items() if each is kind), None)

    def sql_of(self, kind: Kind) -> str:
        """Return the SQL of the column of a kind, an empty text where the file has none."""
        return self.sql(self.of_kind(kind) or "") or ""


def columns_in(table: Table, *expressions: str) -> set[str]:
    """Return the columns of a file that SQL expressions name."""
    return {name for name in table.types if any(identifier(name) in each for each in expressions)}


def checks_of(file: File) -> list[Check]:
    """Return every condition that a row of the file must not meet."""
    checks = list(_amounts(file))
    for column, kind in READ[file.source_format].items():
        found = file.find(column)
        if found is not None:
            checks += (Check(_shown(file, column), found[0], *each) for each in _of_kind(file, kind, *found))
    if file.source_format in (SourceFormat.AWS_CUR2, SourceFormat.AWS_CUR_LEGACY):
        checks += _commitments(file)
    if is_azure(file.source_format) and "PricingModel" not in file.columns:
        checks += _unpriced(file)
    return checks


def _unpriced(file: File) -> Iterator[Check]:
    """A row that a commitment priced, in an export that does not say so: it would be billed twice."""
    for column in ("ReservationId", "BenefitId"):
        if (found := file.sql(column)) is not None:
            is_bad = f"coalesce({found}, '') <> ''"
            says = "is a commitment, and the export lacks the column PricingModel; add it to the export"
            yield Check(file.columns[column], found, is_bad, says)


def _shown(file: File, column: str) -> str:
    name, *path = column.split(".")
    return ".".join([file.columns[name_in(file.source_format, name)], *path])


def _amounts(file: File) -> Iterator[Check]:
    for column in columns_of(file.source_format):
        for name in named(file.table, column) if is_amount(column) else ():
            is_bad = not_an_amount(identifier(name), file.table.types[name], _digits_of(column.name))
            yield Check(name, identifier(name), is_bad, f"is not a finite amount; {REMEDY}")


def is_amount(column: Column) -> bool:
    """Tell whether the format's list says that a column is a number."""
    return column.duckdb_type == "DOUBLE" or column.duckdb_type.startswith("DECIMAL")


def _digits_of(name: str) -> int:
    lower = name.lower()
    is_price = "price" in lower or "cost" in lower or "fee" in lower
    return _QUANTITY_DIGITS if not is_price and any(each in lower for each in _QUANTITIES) else _COST_DIGITS


def not_an_amount(sql: str, duckdb_type: str, digits: int = _COST_DIGITS) -> str:
    """Return the SQL that tells whether a value is no finite amount, or has more digits than any amount."""
    if duckdb_type == "VARCHAR":
        # DuckDB reads 1_000 as a thousand.
        cast = f"try_cast({sql} as decimal({digits + 12}, 12))"
        return f"({sql} is not null and ({cast} is null or contains({sql}, '_')))"
    is_finite = f"isfinite({sql}) and " if duckdb_type in ("DOUBLE", "FLOAT") else ""
    return f"({sql} is not null and not ({is_finite}abs({sql}) < {10**digits}))"


def _of_kind(file: File, kind: Kind, sql: str, duckdb_type: str) -> Iterator[tuple[str, ...]]:
    match kind:
        case Kind.PERIOD_START:
            yield from _period_start(file, sql, duckdb_type)
        case Kind.PERIOD_END:
            yield from _period_end(file, sql, duckdb_type)
        case Kind.CHARGE_START | Kind.CHARGE_END | Kind.CHARGE_DAY:
            yield from _charge(file, kind, sql, duckdb_type)
        case Kind.NUMBER:
            text = sql if file.table.is_text else f"nullif(cast({sql} as varchar), '')"
            yield not_an_amount(text, "VARCHAR", _QUANTITY_DIGITS), f"is not a number; {REMEDY}"
        case Kind.QUANTITY:
            yield not_an_amount(sql, duckdb_type, _QUANTITY_DIGITS), f"is not a finite amount; {REMEDY}"
        case _:
            yield from _text(kind, f"cast({sql} as varchar)")


def _text(kind: Kind, text: str) -> Iterator[tuple[str, ...]]:
    if kind is Kind.MONTH:
        last = str(_last_period()).replace("-", "")
        form = f"regexp_full_match({text}, '[0-9]{{4}}(0[1-9]|1[0-2])') and {text} between '200001' and '{last}'"
        yield f"not coalesce({form}, false)", f"is no month of a bill, written YYYYMM; {REMEDY}"
        return
    if kind is Kind.CURRENCY:
        is_code = f"regexp_full_match({text}, '[A-Z]{{3}}')"
        yield f"not coalesce({is_code}, false)", f"is not a currency code; {REMEDY}"
        return
    yield f"coalesce({text}, '') = ''", f"is not filled; {REMEDY}"
    if kind is Kind.ACCOUNT:
        is_power = f"regexp_full_match({text}, '[0-9]+([.,][0-9]*)?E[+][0-9]+')"
        yield (
            f"case when contains({text}, 'E+') then {is_power} else false end",
            f"is an account id that a spreadsheet shortened; {_AS_TEXT}",
        )
    if kind is Kind.AWS_ACCOUNT:
        # Anonymised bills have letters in place of digits. What is a number must be one of at most twelve digits.
        is_number = f"regexp_full_match({text}, '[0-9.,eE+-]+') and not regexp_full_match({text}, '[0-9]{{1,12}}')"
        yield (
            f"case when length({text}) = 12 and try_cast({text} as bigint) > 0 then false else {is_number} end",
            f"is no account id of 12 digits; {_AS_TEXT}",
        )


def _last_period() -> BillingPeriod:
    return BillingPeriod.of(datetime.now(UTC)).next


def _period_start(file: File, sql: str, duckdb_type: str) -> Iterator[tuple[str, ...]]:
    moment, last = time_of(sql, duckdb_type), _last_period()
    is_plausible = f"{moment} + {SHIFT} >= {_FIRST} and {moment} + {SHIFT} < timestamp '{last.end:%Y-%m-%d}'"
    says = f"has no valid billing month between 2000-01 and {last}; {_DATES}"
    yield f"not coalesce({is_plausible}, false)", says
    if duckdb_type == "VARCHAR":
        # 01/05/2025 is the fifth of January; without an end that fits, it may as well be the first of May.
        is_told = "false"
        end = file.of_kind(Kind.PERIOD_END)
        if end and (found := file.find(end)):
            days = f"date_diff('day', {moment}, {time_of(*found)})"
            is_told = f"coalesce({days} between 26 and 62, false)"
        yield (
            f"starts_with({sql}, '01/') and not starts_with({sql}, '01/01/') and not {is_told}",
            f"may be the first of a month, day first; {_DATES}",
        )


def _period_end(file: File, sql: str, duckdb_type: str) -> Iterator[tuple[str, ...]]:
    moment = time_of(sql, duckdb_type)
    yield f"({sql} is not null and not coalesce({moment} {_CHARGES}, false))", f"is not a time; {_DATES}"
    start = file.find(file.of_kind(Kind.PERIOD_START) or "")
    if start is not None:
        yield f"coalesce({moment} < {time_of(*start)}, false)", f"ends before the billing period starts; {REMEDY}"


def _charge(file: File, kind: Kind, sql: str, duckdb_type: str) -> Iterator[tuple[str, ...]]:
    moment = time_of(sql, duckdb_type)
    is_time = f"coalesce({moment} {_CHARGES}, false)"
    line_type = file.sql("line_item_line_item_type")
    if line_type is not None and file.find("bill_billing_period_end_date"):
        # A tax may have no dates: it is charged over the billing period.
        is_time = f"case when {sql} is null then coalesce({line_type} = 'Tax', false) else {is_time} end"
    yield f"not {is_time}", f"is not a time between 2000 and 2099; {_DATES}"
    if kind is Kind.CHARGE_DAY and duckdb_type == "VARCHAR":
        yield from _day_first(file, sql, moment)
    if kind is Kind.CHARGE_END and (start := file.find(file.of_kind(Kind.CHARGE_START) or "")):
        is_before = f"coalesce({moment} <= {time_of(*start)}, false)"
        if duckdb_type == start[1] == "VARCHAR":
            # Texts of one form in UTC are ordered as they are written.
            alike = f"length({sql}) = length({start[0]}) and ends_with({sql}, '00Z') and ends_with({start[0]}, '00Z')"
            is_before = f"case when {alike} and {sql} > {start[0]} then false else {is_before} end"
        yield is_before, f"ends before the charge starts; {REMEDY}"


def _day_first(file: File, sql: str, moment: str) -> Iterator[tuple[str, ...]]:
    """Days that lie in the billing period only when they are read day first, in a file where none says otherwise."""
    start = file.find(file.of_kind(Kind.PERIOD_START) or "")
    if start is None:
        return
    first = time_of(*start)
    within = f"between {first} and {first} + interval 30 days"
    day_first = f"try_strptime({sql}, ['%d/%m/%Y', '%d/%m/%Y %H:%M:%S'])"
    is_otherwise = f"{sql} like '%/%' and {moment} {within} and not coalesce({day_first} {within}, false)"
    is_bad = f"case when {sql} like '%/%' and not coalesce({moment} {within}, false)"
    yield (
        f"{is_bad} then coalesce({day_first} {within}, false) else false end",
        f"lies in its billing period only when it is read day first; {_DATES}",
        is_otherwise,
    )


def _commitments(file: File) -> Iterator[Check]:
    """A line type that has its cost or its commitment in columns that the export lacks, or leaves empty."""
    line_type = file.sql("line_item_line_item_type")
    for name, needed in NEEDS.items():
        is_such = f"coalesce({line_type} = {literal(name)}, false)"
        missing = [column for column in needed if file.find(column) is None]
        if missing and line_type is not None:
            columns = ", ".join(name_in(file.source_format, each) for each in missing)
            says = f"needs columns that the export lacks: {columns}; add them to the export"
            yield Check(_shown(file, "line_item_line_item_type"), line_type, is_such, says)
        for column in FILLED_FOR.get(name, ()):
            if (found := file.sql(column)) is not None:
                is_bad = f"case when {is_such} then coalesce(cast({found} as varchar), '') = '' else false end"
                yield Check(_shown(file, column), found, is_bad, f"is not filled in a line of {name}; {REMEDY}")
