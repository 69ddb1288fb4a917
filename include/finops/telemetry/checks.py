"""What every value must be, as SQL over a file's rows: typed columns, and the number of the first check that fails."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from finops.core.sql import Sql, compose, identifier, join, literal
from finops.core.text import shown
from finops.telemetry.models import EARLIEST, LONGEST_OBJECT, LONGEST_TEXT, Column, ColumnType, Schema
from finops.telemetry.tables import Table, raw

_TYPED = {
    ColumnType.TEXT: "{raw}",
    ColumnType.OBJECT: "case when json_valid({raw}) and json_type({raw}) = 'OBJECT' then {raw} end",
    ColumnType.NUMBER: "try_cast({raw} as decimal(18, 6))",
    ColumnType.COUNT: "try_cast({raw} as bigint)",
    # A text with an offset is converted; one without it is read in the session's time zone, which is UTC.
    ColumnType.MOMENT: "timezone('UTC', try_cast({raw} as timestamptz))",
}
_WANTED = {
    ColumnType.TEXT: "is no text",
    ColumnType.OBJECT: 'is no JSON object; write it as {"name": "value"}',
    ColumnType.NUMBER: "is no number below 10^12; write it as 12.5",
    ColumnType.COUNT: "is no whole number; write it as 12",
    ColumnType.MOMENT: "is no time; write it as 2025-01-31T13:05:00Z",
}
_LONGEST = {ColumnType.TEXT: LONGEST_TEXT, ColumnType.OBJECT: LONGEST_OBJECT}
_SHARE_MOST = 100


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must not be so of a row: ``fails`` is SQL over its typed columns and ``raw_…`` texts.

    ``among`` are the words that a value may be, where it is about that.
    """

    column: str
    fails: Sql
    says: str
    among: tuple[str, ...] = ()

    def fault(self, value: str | None) -> str:
        """Say what is wrong with a value and what to do, with the nearest word that it may be."""
        near = difflib.get_close_matches(value or "", self.among, n=1)
        what = self.column if value is None else f"{self.column} {shown(value)!r}"
        return f"{what} {self.says}" + (f"; is {near[0]!r} meant?" if near else "")


def checks_of(schema: Schema) -> tuple[Check, ...]:
    """Return the checks of a kind, column by column, in an order in which the first that fails says most."""
    return tuple(check for column in schema.columns for check in _of_column(column))


def typed_rows(schema: Schema, table: Table, extra: Sql | None = None) -> Sql:
    """Return the query of a file's rows: typed columns, texts as ``raw_…``, ``fault`` (None, or a check's number).

    ``extra`` is a column of the file's relation to keep, for its place in the file.
    """
    kept = compose(", {extra}", extra=extra) if extra else Sql("")
    raws = (compose("{raw} as {name}", raw=raw(c.name, table), name=_raw(c)) for c in schema.columns)
    typed = (
        compose("{value} as {name}", value=compose(_TYPED[c.type], raw=_raw(c)), name=identifier(c.name))
        for c in schema.columns
    )
    cases = (
        compose("when {fails} then {number}", fails=check.fails, number=Sql(number))
        for number, check in enumerate(checks_of(schema))
    )
    return compose(
        "select *, case {cases} end as fault "
        "from (select *, {typed} from (select {raws}{kept} from {table}) as texts) as typed",
        cases=join(" ", cases),
        typed=join(", ", typed),
        raws=join(", ", raws),
        kept=kept,
        table=table.sql,
    )


def _of_column(column: Column) -> Iterator[Check]:
    name, text = identifier(column.name), _raw(column)

    def check(template: str, says: str, **parts: Sql) -> Check:
        return Check(column.name, compose(template, name=name, text=text, **parts), says)

    if column.is_required:
        yield check("{text} is null", "is empty; give it a value")
    yield check("{text} is not null and {name} is null", _WANTED[column.type])
    if (longest := _LONGEST.get(column.type)) is not None:
        yield check("length({name}) > {most}", f"is longer than {longest:,} characters", most=_number(longest))
    if column.type is ColumnType.COUNT:
        yield check("try_cast({text} as double) <> {name}", _WANTED[column.type])
    if column.type is ColumnType.MOMENT:
        yield check("isinf({name})", _WANTED[column.type])
        says = f"is before {EARLIEST:%Y}; correct the clock, or the unit of the time"
        yield check("{name} < {least}::timestamp", says, least=literal(f"{EARLIEST:%Y-%m-%d}"))
    if column.among:
        among = join(", ", map(literal, column.among))
        fails = compose("{name} not in ({among})", name=name, among=among)
        yield Check(column.name, fails, f"is not one of {', '.join(column.among)}", column.among)
    yield from _bounds(column)


def _bounds(column: Column) -> Iterator[Check]:
    name = identifier(column.name)
    if column.least is not None:
        fails = compose("{name} < {least}", name=name, least=_number(column.least))
        yield Check(column.name, fails, f"is below {column.least:f}; correct it")
    if column.most is not None:
        fails = compose("{name} > {most}", name=name, most=_number(column.most))
        yield Check(column.name, fails, f"is above {column.most:,f}; correct it")
    if column.is_share_where_metric:
        shares = join(", ", map(literal, column.is_share_where_metric))
        fails = compose("metric in ({shares}) and {name} > {most}", name=name, shares=shares, most=_number(_SHARE_MOST))
        yield Check(column.name, fails, f"is above {_SHARE_MOST}; a utilization is 0 to 100 percent")
    for sign, other, words in (("<", column.not_below, "below"), (">", column.not_above, "above")):
        if other is not None:
            fails = compose("{name} {sign} {other}", name=name, sign=Sql(sign), other=identifier(other))
            yield Check(column.name, fails, f"is {words} {other} of the same row; correct one of them")


def _raw(column: Column) -> Sql:
    return identifier(f"raw_{column.name}")


def _number(value: int | Decimal) -> Sql:
    return Sql(format(value, "f") if isinstance(value, Decimal) else value)
