"""The sheets that sum up: tables, breakdowns, top movers and days, in amounts that add up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from finops.chargeback.formats.workbook.book import Book
from finops.chargeback.statement.models import Breakdown, Section
from finops.pages.figures import Table


def schedule(book: Book, title: str, found: Sequence[tuple[str, Table]]) -> None:
    """Write one sheet for a table: its rows of every currency, each with its total."""
    headings = ("Currency", *found[0][1].headings, "Remark")
    sheet = book.table(title[:31], headings, [10, 36, *[18] * (len(headings) - 3), 80])
    row = 0
    for currency, table in found:
        for item in table.all_rows:
            row += 1
            style = book.bold if item is table.total else None
            book.text(sheet, row, 0, currency)
            book.text(sheet, row, 1, item.label, style)
            for column, figure in enumerate(item.cells, start=2):
                book.figure(sheet, row, column, figure)
            book.text(sheet, row, len(headings) - 1, item.remark)
    book.filter(sheet, row, headings)


def breakdown(book: Book, title: str, found: Sequence[tuple[Section, Breakdown]]) -> None:
    """Write one sheet for a breakdown: the lines of every currency; the totals stand on the summary."""
    labels = found[0][1].headings
    is_named = found[0][1].name == "cost_center" and bool(book.statement.names)
    headings = ("Currency", *labels, *book.figure_headings(), *(["Name"] if is_named else []))
    sheet = book.table(title, headings, [10, *[36] * len(labels), *[18] * 6, *([36] if is_named else [])])
    row = 0
    for section, breakdown in found:
        for line in breakdown.lines:
            row += 1
            book.texts(sheet, row, 0, (section.currency, *line.labels))
            book.shown(sheet, row, len(labels) + 1, line.shown, section.digits)
            if line.permille is not None:
                sheet.write_number(row, len(labels) + 6, line.permille / 1000, book.percent)
            if is_named:
                book.text(sheet, row, len(labels) + 7, book.statement.name_of(line.labels[0]))
    book.filter(sheet, row, headings)


def variance(book: Book) -> None:
    """Write the largest rises and falls against last month."""
    headings = ("Currency", "Direction", "Provider", "Service", "AI model", *book.figure_headings()[:-1])
    sheet = book.table("Movers", headings, [10, 10, 16, 36, 28, *[18] * 5])
    row = 0
    for section in book.statement.sections:
        for direction, each in (*(("up", r) for r in section.rises), *(("down", f) for f in section.falls)):
            row += 1
            book.texts(sheet, row, 0, (section.currency, direction, each.provider, each.service_name, each.ai_model))
            book.shown(sheet, row, 5, each.shown, section.digits)
    book.filter(sheet, row, headings)


def days(book: Book) -> None:
    """Write the effective cost per day and provider."""
    headings = ("Currency", "Day (UTC)", "Provider", book.basis)
    sheet = book.table("Days", headings, [10, 14, 16, 18])
    row = 0
    for section in book.statement.sections:
        for day, provider, units in ((d.charge_date, *part) for d in section.days for part in d.by_provider):
            row += 1
            book.text(sheet, row, 0, section.currency)
            sheet.write_datetime(row, 1, datetime(day.year, day.month, day.day), book.date)  # noqa: DTZ001
            book.text(sheet, row, 2, provider)
            book.units(sheet, row, 3, units, section.digits, book.money_format(section.digits))
    book.filter(sheet, row, headings)
