"""Keep text text when a spreadsheet opens it."""

from __future__ import annotations

_STARTS_A_FORMULA = (
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
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
