"""Files for spreadsheets: text stays text when one opens it, and an amount keeps every decimal."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

STARTS_A_FORMULA = (
    *("=", "+", "-", "@", "\t", "\r", "\n"),
    *("\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}"),
    *("\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}"),
)
"""The full-width ones are formulas where a spreadsheet is set to an East Asian language."""


def neutralise(text: str) -> str:
    """Return ``text`` so that no spreadsheet program runs it as a formula.

    A leading ``=``, ``+``, ``-``, ``@`` (also full-width), tab or end of line gets an apostrophe before it, which
    spreadsheets read as "this is text". For text alone: numbers are written as numbers and need none of this.
    """
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text


def cell(value: object) -> str:
    """Return a value as a cell of a CSV file: an amount with every decimal, other text neutralised, empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else neutralise(str(value))


def write_rows(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]], *, encoding: str = "utf-8") -> None:
    """Write a CSV file as RFC 4180 has it; texts in ``rows`` are neutralised before."""
    with path.open("w", encoding=encoding, newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        writer.writerows(rows)
