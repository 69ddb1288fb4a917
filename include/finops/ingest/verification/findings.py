"""What verification found in a file: line, column, value and remedy of the first rows, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finops.core.errors import BadInput
from finops.core.text import shown
from finops.ingest.reading import Table
from finops.ingest.verification.checks import Check

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NAMED = 3
"""Rows that an error names."""


def must_have_none(connection: DuckDBPyConnection, table: Table, checks: Sequence[Check], key: str) -> None:
    """Read the file again, in its order, and raise BadInput for the rows that a check finds."""
    checks = _that_hold(connection, table, checks)
    number = "row_number() over ()" if table.is_text else "file_row_number + 1"
    connection.execute("set preserve_insertion_order = true")
    flags = ", ".join(f"({each.is_bad})" for each in checks)
    values = ", ".join(f"cast({each.value} as varchar)" for each in checks)
    rows = connection.execute(
        f"select number, is_bad, shown, count(*) over () from (select {number} as number, [{flags}] as is_bad, "  # noqa: S608
        f"[{values}] as shown from {table.sql}) where list_bool_or(is_bad) order by number limit {_NAMED}"
    ).fetchall()
    if not rows:
        return
    first, *others = (_finding(table, checks, *row[:3]) for row in rows)
    more = "".join(f"; {each.partition('; ')[0]}" for each in others)
    count = f"; {rows[0][3]:,} rows in all" if len(rows) > 1 else ""
    raise BadInput(f"{key}: {first}{more}{count}")


def _that_hold(connection: DuckDBPyConnection, table: Table, checks: Sequence[Check]) -> list[Check]:
    """Leave out the checks that another row of the file answers."""
    answers = [each.unless for each in checks if each.unless]
    if not answers:
        return list(checks)
    counts = ", ".join(f"count(*) filter ({each})" for each in answers)
    (found,) = connection.execute(f"select {counts} from {table.sql}").fetchall()  # noqa: S608
    answered = {answer for answer, count in zip(answers, found, strict=True) if count}
    return [each for each in checks if each.unless not in answered]


def _finding(table: Table, checks: Sequence[Check], number: int, flags: list[bool], values: list[str | None]) -> str:
    which = flags.index(True)
    value = "an empty field" if not values[which] else repr(shown(values[which]))
    line = f"line {number + 1}" if table.is_text else f"row {number}"
    return f"column {checks[which].column}, {line}: {value} {checks[which].complaint}"
