"""The journal as CSV or XLSX: amounts are numbers, text stays text, the same entries give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

from finops.chargeback.journal.models import JournalEntry
from finops.core import spreadsheet
from finops.core.money import from_units
from finops.core.spreadsheet import cell, neutralise
from finops.pages import wording

COLUMNS = (
    "date",
    "document",
    "line",
    "cost_center",
    "account",
    "debit",
    "credit",
    "currency",
    "reference",
    "text",
    "statement_lines",
)
_WIDTHS = (12, 26, 7, 24, 14, 18, 18, 10, 30, 48, 24)
_LONGEST_CELL = 32_767


def write_csv(entries: Sequence[JournalEntry], path: Path) -> None:
    """Write one row per entry, UTF-8, as RFC 4180 has it; amounts have all decimals of their currency."""
    rows = []
    for entry in entries:
        debit, credit = (from_units(units, entry.digits) for units in (entry.debit, entry.credit))
        document, owner, account, *others = _texts(entry)
        values = (entry.posting_date, document, entry.number, owner, account, debit, credit, *others)
        rows.append(map(cell, values))
    spreadsheet.write_rows(path, COLUMNS, rows)


def write_xlsx(entries: Sequence[JournalEntry], path: Path) -> None:
    """Write one row per entry; account and cost centre are text, so that leading zeros stay."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(str(path), options)
    # A fixed date, so that the same entries give the same bytes.
    created = max((entry.posting_date for entry in entries), default=date(1980, 1, 1))
    book.set_properties({"title": "Chargeback journal", "created": _moment(created)})
    sheet = book.add_worksheet("Journal")
    heading = book.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF1F4"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    money = {
        digits: book.add_format({"num_format": "#,##0" + ("." + "0" * digits if digits else "")})
        for digits in sorted({entry.digits for entry in entries})
    }
    for column, (name, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, heading)
    sheet.freeze_panes(1, 0)
    for row, entry in enumerate(entries, start=1):
        texts = [neutralise(wording.printable(text))[:_LONGEST_CELL] for text in _texts(entry)]
        sheet.write_datetime(row, 0, _moment(entry.posting_date), day)
        sheet.write_string(row, 1, texts[0])
        sheet.write_number(row, 2, entry.number)
        sheet.write_string(row, 3, texts[1])
        sheet.write_string(row, 4, texts[2])
        for column, units in ((5, entry.debit), (6, entry.credit)):
            sheet.write_number(row, column, float(from_units(units, entry.digits)), money[entry.digits])
        for column, text in enumerate(texts[3:], start=7):
            sheet.write_string(row, column, text)
    sheet.autofilter(0, 0, len(entries), len(COLUMNS) - 1)
    book.close()


WRITERS: dict[str, Callable[[Sequence[JournalEntry], Path], None]] = {".csv": write_csv, ".xlsx": write_xlsx}
"""By the ending of the file's name."""


def _texts(entry: JournalEntry) -> tuple[str, ...]:
    texts = (entry.document, entry.cost_center, entry.account, entry.currency, entry.reference)
    return (*texts, entry.text, entry.statement_lines)


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001
