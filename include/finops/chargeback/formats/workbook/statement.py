"""The whole workbook: which sheets there are, and in which order."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from finops.chargeback.formats.workbook import lines, summary, tables
from finops.chargeback.formats.workbook.book import Book
from finops.chargeback.statement.models import Statement
from finops.chargeback.statement.sections import invoices
from finops.pages.figures import Table

_CONVERTED = ("strings_to_formulas", "strings_to_urls", "strings_to_numbers")
_OPTIONS = {"constant_memory": True, **dict.fromkeys(_CONVERTED, False)}
_SHEETS = {
    "cost_center": "Cost centres",
    "provider": "Providers",
    "service_category": "Service categories",
    "service": "Services",
    "charge_category": "Kinds of charge",
    "ai_model": "AI models",
    "ai_stage": "AI stages",
    "tags": "Tagging",
    "unallocated": "Not allocated",
}


def write_workbook(statement: Statement, path: Path) -> None:
    """Write the statement: a summary, one sheet per breakdown, top movers, days, and every line.

    Amounts on all sheets but the exact columns of ``Lines`` are rounded so that they add up; see ``rounding``.
    """
    file = xlsxwriter.Workbook(str(path), _OPTIONS)
    # A fixed date, so that the same build gives the same bytes: the end of the billing period.
    created = statement.billing_period.end.replace(tzinfo=None)
    file.set_properties({"title": f"Chargeback statement {statement.billing_period}", "created": created})
    book = Book(file, statement)
    summary.write(book)
    for title, found in _schedules_of(statement).items():
        tables.schedule(book, title, found)
    for name, title in _SHEETS.items():
        split = [(s, b) for s in statement.sections if (b := s.breakdown(name)) is not None]
        if split:
            tables.breakdown(book, title, split)
    tables.variance(book)
    tables.days(book)
    lines.direct(book)
    lines.shared(book)
    lines.adjustments(book)
    try:
        file.close()
    except FileCreateError as error:
        raise error.args[0] from None  # the OSError inside it: a full disk, an unwritable folder


def _schedules_of(statement: Statement) -> dict[str, list[tuple[str, Table]]]:
    """Return the statement's tables by title, each with its currency, and the invoices."""
    found: dict[str, list[tuple[str, Table]]] = {}
    for currency, table in statement.schedules:
        found.setdefault(table.title, []).append((currency, table))
    for section in statement.sections:
        for each in section.schedules:
            found.setdefault(each.title, []).append((section.currency, each))
    for each in invoices.tables(statement):
        found["Invoices"] = [("", each)]
    return found
