"""The open workbook: its formats, and how a cell of each kind is written."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from finops.chargeback.statement.models import Shown, Statement
from finops.core.money import from_units
from finops.core.spreadsheet import neutralise
from finops.pages import wording
from finops.pages.figures import Cell, Kind

_LONGEST_CELL = 32_767


class Book:
    """A statement's workbook in hand; rows of a sheet are written top down, as constant memory asks."""

    def __init__(self, file: xlsxwriter.Workbook, statement: Statement) -> None:
        self.file = file
        self.statement = statement
        self.basis = "Direct"
        self.title = file.add_format({"bold": True, "font_size": 16})
        self.heading = file.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF1F4", "valign": "top"})
        self.bold = file.add_format({"bold": True})
        self.quantity = file.add_format({"num_format": "#,##0.############"})
        self.percent = file.add_format({"num_format": "0.0%"})
        self.date = file.add_format({"num_format": "yyyy-mm-dd"})
        self.exact = file.add_format({"num_format": "#,##0.00##########;[Red]-#,##0.00##########"})
        self.money: dict[tuple[int, bool], Format] = {}

    def money_format(self, digits: int, *, bold: bool = False) -> Format:
        """Return the number format of a currency with ``digits`` decimals."""
        if (digits, bold) not in self.money:
            pattern = "#,##0" + ("." + "0" * digits if digits else "")
            self.money[digits, bold] = self.file.add_format({"num_format": f"{pattern};[Red]-{pattern}", "bold": bold})
        return self.money[digits, bold]

    def table(self, title: str, headings: Sequence[str], widths: Sequence[int]) -> Worksheet:
        """Return a new sheet with its headings, which stay in sight and stand on every printed page."""
        sheet = self.file.add_worksheet(title)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        self.headings(sheet, 0, headings)
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        return sheet

    def headings(self, sheet: Worksheet, row: int, headings: Sequence[str]) -> None:
        """Write a row of headings."""
        for column, heading in enumerate(headings):
            self.text(sheet, row, column, heading, self.heading)

    @staticmethod
    def filter(sheet: Worksheet, last_row: int, headings: Sequence[str]) -> None:
        """Let readers filter a table that is written."""
        sheet.autofilter(0, 0, last_row, len(headings) - 1)

    @staticmethod
    def text(sheet: Worksheet, row: int, column: int, text: str, style: Any = None) -> None:
        """Write text that stays text, whatever it begins with."""
        sheet.write_string(row, column, neutralise(wording.printable(text))[:_LONGEST_CELL], style)

    def texts(self, sheet: Worksheet, row: int, first: int, texts: Sequence[str]) -> None:
        """Write texts side by side from a column on."""
        for column, text in enumerate(texts, start=first):
            self.text(sheet, row, column, text)

    def costs(
        self, sheet: Worksheet, row: int, first: int, units: tuple[int, int], digits: int, exact: Sequence[Decimal]
    ) -> None:
        """Write effective and billed cost in smallest units from a column on, then exact amounts."""
        for column, amount in enumerate(units, start=first):
            self.units(sheet, row, column, amount, digits, self.money_format(digits))
        for column, cost in enumerate(exact, start=first + 2):
            sheet.write_number(row, column, float(cost), self.exact)

    @staticmethod
    def units(sheet: Worksheet, row: int, column: int, units: int | None, digits: int, style: Format) -> None:
        """Write an amount in a currency's smallest units; nothing for None."""
        if units is not None:
            sheet.write_number(row, column, float(from_units(units, digits)), style)

    def figure(self, sheet: Worksheet, row: int, column: int, figure: Cell) -> None:
        """Write a cell of a table as its kind is read."""
        if isinstance(figure.value, str):
            self.text(sheet, row, column, figure.value)
        elif figure.value is not None:
            plain = {Kind.QUANTITY: self.quantity, Kind.SHARE: self.percent}
            style = plain.get(figure.kind) or self.money_format(figure.digits)
            sheet.write_number(row, column, float(figure.value), style)

    def figure_headings(self) -> tuple[str, ...]:
        """Return the headings of what ``shown`` writes, and of the share behind it."""
        previous = self.statement.billing_period.previous
        return (self.basis, "Billed", f"{self.basis} in {previous}", "Change", "Change %", "Share")

    def shown(self, sheet: Worksheet, row: int, column: int, shown: Shown, digits: int) -> None:
        """Write what a line of a breakdown shows, from a column on."""
        money = self.money_format(digits)
        for offset, units in enumerate((shown.effective, shown.billed, shown.previous, shown.change)):
            self.units(sheet, row, column + offset, units, digits, money)
        if shown.change_share is not None:
            sheet.write_number(row, column + 4, float(shown.change_share), self.percent)
