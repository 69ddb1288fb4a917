"""A statement as XLSX: numbers that are numbers, text that stays text, no formulas, the same bytes each time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from finops.chargeback import completeness, wording
from finops.chargeback.closing_models import Summary
from finops.chargeback.csv_file import EXACT_COLUMNS, TEXT_COLUMNS
from finops.chargeback.models import Breakdown, Mover, Section, Shown, Statement
from finops.chargeback.rounding import from_units
from finops.chargeback.schedules import Cell, Kind, Schedule, of_invoices
from finops.chargeback.shared import DIRECT
from finops.core.spreadsheet import neutralise

_LONGEST_CELL = 32_767
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
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
    """Write the statement: a summary, one sheet per breakdown, movers, days, and every line.

    Amounts on all sheets but the exact columns of ``Lines`` are rounded so that they add up; see ``rounding``.
    """
    book = xlsxwriter.Workbook(str(path), _OPTIONS)
    # A fixed date, so that the same build gives the same bytes: the end of the billing period.
    created = statement.billing_period.end.replace(tzinfo=None)
    book.set_properties({"title": f"Chargeback statement {statement.billing_period}", "created": created})
    writer = _Writer(book, statement)
    writer.summary()
    for title, schedules in schedules_of(statement).items():
        writer.schedule(title, schedules)
    for name, title in _SHEETS.items():
        found = [(s, b) for s in statement.sections if (b := s.breakdown(name)) is not None]
        if found:
            writer.breakdown(title, found)
    writer.movers()
    writer.days()
    writer.lines()
    writer.shared()
    writer.adjustments()
    try:
        book.close()
    except FileCreateError as error:
        raise error.args[0] from None  # the OSError inside it: a full disk, an unwritable folder


def schedules_of(statement: Statement) -> dict[str, list[tuple[str, Schedule]]]:
    """Return the statement's schedules by title, each with its currency, and the invoices."""
    found: dict[str, list[tuple[str, Schedule]]] = {}
    for section in statement.sections:
        for each in section.schedules:
            found.setdefault(each.title, []).append((section.currency, each))
    if statement.invoices:
        found["Invoices"] = [("", of_invoices(statement.invoices))]
    return found


class _Writer:
    """The open workbook, its formats and the sheet in hand; rows are written top down, as constant memory asks."""

    def __init__(self, book: xlsxwriter.Workbook, statement: Statement) -> None:
        self.book = book
        self.statement = statement
        self.basis = "Effective" if statement.cost_center is None else "Charged"
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.heading = book.add_format({"bold": True, "bottom": 1, "bg_color": "#EEF1F4", "valign": "top"})
        self.bold = book.add_format({"bold": True})
        self.quantity = book.add_format({"num_format": "#,##0.############"})
        self.percent = book.add_format({"num_format": "0.0%"})
        self.date = book.add_format({"num_format": "yyyy-mm-dd"})
        self.exact = book.add_format({"num_format": "#,##0.00##########;[Red]-#,##0.00##########"})
        self.money: dict[tuple[int, bool], Format] = {}

    def money_format(self, digits: int, *, bold: bool = False) -> Format:
        """Return the number format of a currency with ``digits`` decimals."""
        if (digits, bold) not in self.money:
            pattern = "#,##0" + ("." + "0" * digits if digits else "")
            self.money[digits, bold] = self.book.add_format({"num_format": f"{pattern};[Red]-{pattern}", "bold": bold})
        return self.money[digits, bold]

    def summary(self) -> None:
        """Write who, when and from what; then the headline figures, the tie-out and the bridge of each currency."""
        statement, sheet = self.statement, self.book.add_worksheet("Summary")
        sheet.set_column(0, 0, 38)
        sheet.set_column(1, 5, 20)
        whom = "Whole company" if statement.cost_center is None else statement.cost_center
        self._text(sheet, 0, 0, f"Chargeback statement: {whom}", self.title)
        row = 1
        for label, value in (
            ("Billing period", str(statement.billing_period)),
            ("Status", self._status()),
            ("Generated from build", statement.build_id),
            ("Digest of all lines", statement.lines_digest),
            ("Amounts", "rounded by the largest-remainder method: every column sums to its total"),
        ):
            self._text(sheet, row, 0, label)
            self._text(sheet, row, 1, value)
            row += 1
        for section in statement.sections:
            row = self._figures(sheet, row + 1, section)
            row = self._tie_out(sheet, row + 1, section) if section.tie_out else row
            row = self._bridge(sheet, row + 1, section)
        if statement.summary is not None:
            self._converted(sheet, row + 1, statement.summary)

    def _status(self) -> str:
        made = self.statement.closing
        if made is None:
            more = completeness.remark(self.statement)
            return f"Provisional: the month is not closed{more and '; '}{more}"
        return f"Final: closed by {made.by}, {made.at:%Y-%m-%d %H:%M} UTC"

    def _converted(self, sheet: Worksheet, row: int, summary: Summary) -> None:
        """Write the sum in the reporting currency: amounts, rates, and the company's cost centres."""
        self._headings(
            sheet, row, (f"Effective cost in {summary.currency}", summary.currency, "Amount", "Rate", "Source")
        )
        for line in summary.lines:
            row += 1
            self._text(sheet, row, 0, line.label)
            self._units(sheet, row, 1, line.converted, summary.digits, self.money_format(summary.digits))
            self._units(sheet, row, 2, line.amount, line.digits, self.money_format(line.digits))
            sheet.write_number(row, 3, float(line.rate), self.exact)
            self._text(sheet, row, 4, line.rate_source)
        for owner, units in (*summary.owners, ("Total", summary.total)):
            row += 1
            style = self.bold if owner == "Total" else None
            self._text(sheet, row, 0, wording.name(owner), style)
            money = self.money_format(summary.digits, bold=owner == "Total")
            self._units(sheet, row, 1, units, summary.digits, money)

    def _figures(self, sheet: Worksheet, row: int, section: Section) -> int:
        money, total = self.money_format(section.digits), section.total
        self._text(sheet, row, 0, f"Figures in {section.currency}", self.heading)
        figures: list[tuple[str, int | None]] = [
            (f"{self.basis} this month (amortised)", total.effective),
            ("Invoiced (billed cost)", total.billed),
            (f"{self.basis} in {self.statement.billing_period.previous}", total.previous),
            ("Change", total.change),
            ("Required tags missing", section.untagged.shown.effective),
        ]
        if section.unallocated is not None:
            figures.append(("Not allocated to a cost centre", section.unallocated.shown.effective))
        if section.adjustments is not None:
            figures.append(("Adjustments to closed months", section.adjustments.effective))
            figures.append(("This month and adjustments", section.adjusted))
        for label, units in figures:
            row += 1
            self._text(sheet, row, 0, label)
            self._units(sheet, row, 1, units, section.digits, money)
        return row + 1

    def _tie_out(self, sheet: Worksheet, row: int, section: Section) -> int:
        headings = (f"Bills and statements, {section.currency}", "Bills", "Statements", "Difference", "Lines on bills")
        self._headings(sheet, row, headings)
        money = self.money_format(section.digits)
        for tie in section.tie_out:
            row += 1
            self._text(sheet, row, 0, wording.name(tie.provider))
            self._units(sheet, row, 1, tie.bill, section.digits, money)
            self._units(sheet, row, 2, tie.statements, section.digits, money)
            sheet.write_number(row, 3, float(tie.difference), self.exact)
            sheet.write_number(row, 4, tie.bill_rows)
        return row + 1

    def _bridge(self, sheet: Worksheet, row: int, section: Section) -> int:
        self._headings(sheet, row, (f"From billed to effective cost, {section.currency}", "Amount"))
        steps = [("Billed (invoiced) this month", section.total.billed)]
        steps += [(f"{step.label}: {step.explanation}", step.amount) for step in section.bridge]
        for label, units in steps:
            row += 1
            self._text(sheet, row, 0, label)
            self._units(sheet, row, 1, units, section.digits, self.money_format(section.digits))
        row += 1
        self._text(sheet, row, 0, "Effective cost this month", self.bold)
        money = self.money_format(section.digits, bold=True)
        self._units(sheet, row, 1, section.total.effective, section.digits, money)
        return row + 1

    def schedule(self, title: str, found: Sequence[tuple[str, Schedule]]) -> None:
        """Write one sheet for a schedule: its rows of every currency, each with its total."""
        headings = ("Currency", *found[0][1].headings, "Remark")
        sheet = self._table(title[:31], headings, [10, 36, *[18] * (len(headings) - 3), 80])
        row = 0
        for currency, schedule in found:
            for item in (*schedule.items, *([schedule.total] if schedule.total else [])):
                row += 1
                style = self.bold if item is schedule.total else None
                self._text(sheet, row, 0, currency)
                self._text(sheet, row, 1, item.label, style)
                for column, figure in enumerate(item.cells, start=2):
                    self._figure(sheet, row, column, figure)
                self._text(sheet, row, len(headings) - 1, item.also)
        self._filter(sheet, row, headings)

    def _figure(self, sheet: Worksheet, row: int, column: int, figure: Cell) -> None:
        if isinstance(figure.value, str):
            self._text(sheet, row, column, figure.value)
        elif figure.value is not None:
            plain = {Kind.QUANTITY: self.quantity, Kind.SHARE: self.percent}
            style = plain.get(figure.kind) or self.money_format(figure.digits)
            sheet.write_number(row, column, float(figure.value), style)

    def shared(self) -> None:
        """Write every entry of the rules for shared cost, rounded and exact, if there are any."""
        found = [(s, n) for s in self.statement.sections if s.shared for n in s.shared.lines]
        if not found:
            return
        labels = ("Line id", "Currency", "Cost centre", "Provider", "Kind", "Rule", "Counterpart")
        numbers = ("Version", "Share", "Weight", self.basis, "Billed", "effective_cost", "billed_cost")
        headings = (*labels, *numbers, "Rule digest", "Source digest")
        sheet = self._table("Shared lines", headings, [16, 10, 22, 12, 14, 24, 22, 9, 12, 18, 16, 16, 20, 20, 20, 24])
        for row, (section, line) in enumerate(found, start=1):
            each, money = line.entry, self.money_format(section.digits)
            texts = (each.line_id, section.currency, each.cost_center, each.provider, each.entry_kind, each.rule_id)
            for column, text in enumerate((*texts, each.counterpart)):
                self._text(sheet, row, column, text)
            sheet.write_number(row, 7, each.rule_version)
            for column, part, style in ((8, each.share, self.percent), (9, each.weight, self.quantity)):
                if part is not None:
                    sheet.write_number(row, column, float(part), style)
            self._units(sheet, row, 10, line.effective, section.digits, money)
            self._units(sheet, row, 11, line.billed, section.digits, money)
            sheet.write_number(row, 12, float(each.effective_cost), self.exact)
            sheet.write_number(row, 13, float(each.billed_cost), self.exact)
            self._text(sheet, row, 14, each.rule_digest)
            self._text(sheet, row, 15, each.source_digest)
        self._filter(sheet, len(found), headings)

    def breakdown(self, title: str, found: Sequence[tuple[Section, Breakdown]]) -> None:
        """Write one sheet for a breakdown: the lines of every currency; the totals stand on the summary."""
        labels = found[0][1].headings
        headings = ("Currency", *labels, *self._figure_headings())
        sheet = self._table(title, headings, [10, *[36] * len(labels), *[18] * 6])
        row = 0
        for section, breakdown in found:
            for line in breakdown.lines:
                row += 1
                self._text(sheet, row, 0, section.currency)
                for column, label in enumerate(line.labels, start=1):
                    self._text(sheet, row, column, label)
                self._shown(sheet, row, len(labels) + 1, line.shown, section.digits)
                if line.permille is not None:
                    sheet.write_number(row, len(labels) + 6, line.permille / 1000, self.percent)
        self._filter(sheet, row, headings)

    def movers(self) -> None:
        """Write the largest rises and falls."""
        headings = ("Currency", "Direction", "Provider", "Service", "AI model", *self._figure_headings()[:-1])
        sheet = self._table("Movers", headings, [10, 10, 16, 36, 28, *[18] * 5])
        row = 0
        for section in self.statement.sections:
            groups: tuple[tuple[str, tuple[Mover, ...]], ...] = (
                ("up", section.movers_up),
                ("down", section.movers_down),
            )
            for direction, mover in ((d, m) for d, found in groups for m in found):
                row += 1
                names = (section.currency, direction, mover.provider, mover.service_name, mover.ai_model)
                for column, name in enumerate(names):
                    self._text(sheet, row, column, name)
                self._shown(sheet, row, 5, mover.shown, section.digits)
        self._filter(sheet, row, headings)

    def days(self) -> None:
        """Write the effective cost per day and provider."""
        headings = ("Currency", "Day (UTC)", "Provider", self.basis)
        sheet = self._table("Days", headings, [10, 14, 16, 18])
        row = 0
        for section in self.statement.sections:
            for day, provider, units in ((d.charge_date, *part) for d in section.days for part in d.by_provider):
                row += 1
                self._text(sheet, row, 0, section.currency)
                sheet.write_datetime(row, 1, datetime(day.year, day.month, day.day), self.date)  # noqa: DTZ001
                self._text(sheet, row, 2, provider)
                self._units(sheet, row, 3, units, section.digits, self.money_format(section.digits))
        self._filter(sheet, row, headings)

    def lines(self) -> None:
        """Write every line, its rounded amounts and its exact ones."""
        amounts = (self.basis, "Billed", *EXACT_COLUMNS)
        proof = ("Line id", "Rule", "Source digest")
        headings = ("Line", "Currency", *TEXT_COLUMNS, "has_required_tags", *amounts, *proof)
        widths = [7, 10, *[22] * len(TEXT_COLUMNS), 18, 16, 16, *[20] * 4, 16, 10, 24]
        sheet = self._table("Lines", headings, widths)
        row = 0
        for section in self.statement.sections:
            money = self.money_format(section.digits)
            for line in section.details:
                row += 1
                sheet.write_number(row, 0, row)
                texts = (section.currency, *(getattr(line.charge, column) for column in TEXT_COLUMNS))
                for column, text in enumerate(texts, start=1):
                    self._text(sheet, row, column, text)
                column = len(texts) + 1
                sheet.write_boolean(row, column, line.charge.has_required_tags)
                self._units(sheet, row, column + 1, line.effective, section.digits, money)
                self._units(sheet, row, column + 2, line.billed, section.digits, money)
                for offset, name in enumerate(EXACT_COLUMNS, start=3):
                    sheet.write_number(row, column + offset, float(getattr(line.charge, name)), self.exact)
                for offset, text in enumerate((line.charge.line_id, DIRECT, line.source_digest), start=7):
                    self._text(sheet, row, column + offset, text)
        self._filter(sheet, row, headings)

    def adjustments(self) -> None:
        """Write what closed months have changed by, if anything has."""
        found = [(s, n) for s in self.statement.sections if s.adjustments for n in s.adjustments.lines]
        if not found:
            return
        labels = ("Currency", "Billing period", "Cost centre", "Provider", "Service", "Charge category")
        headings = (*labels, self.basis, "Billed", "effective_cost", "billed_cost", "Origin")
        sheet = self._table("Adjustments", headings, [10, 14, 22, 16, 36, 16, 16, 16, 20, 20, 80])
        for row, (section, line) in enumerate(found, start=1):
            each, money = line.adjustment, self.money_format(section.digits)
            texts = (section.currency, str(each.billing_period), each.cost_center, each.provider, each.service_name)
            for column, text in enumerate((*texts, each.charge_category)):
                self._text(sheet, row, column, text)
            self._units(sheet, row, 6, line.effective, section.digits, money)
            self._units(sheet, row, 7, line.billed, section.digits, money)
            sheet.write_number(row, 8, float(each.effective_cost), self.exact)
            sheet.write_number(row, 9, float(each.billed_cost), self.exact)
            self._text(sheet, row, 10, each.origin.text)
        self._filter(sheet, len(found), headings)

    def _figure_headings(self) -> tuple[str, ...]:
        previous = self.statement.billing_period.previous
        return (self.basis, "Billed", f"{self.basis} in {previous}", "Change", "Change %", "Share")

    def _shown(self, sheet: Worksheet, row: int, column: int, shown: Shown, digits: int) -> None:
        money = self.money_format(digits)
        for offset, units in enumerate((shown.effective, shown.billed, shown.previous, shown.change)):
            self._units(sheet, row, column + offset, units, digits, money)
        if shown.change_share is not None:
            sheet.write_number(row, column + 4, float(shown.change_share), self.percent)

    def _table(self, title: str, headings: Sequence[str], widths: Sequence[int]) -> Worksheet:
        sheet = self.book.add_worksheet(title)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        self._headings(sheet, 0, headings)
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        return sheet

    def _headings(self, sheet: Worksheet, row: int, headings: Sequence[str]) -> None:
        for column, heading in enumerate(headings):
            self._text(sheet, row, column, heading, self.heading)

    @staticmethod
    def _filter(sheet: Worksheet, last_row: int, headings: Sequence[str]) -> None:
        sheet.autofilter(0, 0, last_row, len(headings) - 1)

    @staticmethod
    def _text(sheet: Worksheet, row: int, column: int, text: str, style: Any = None) -> None:
        sheet.write_string(row, column, neutralise(wording.printable(text))[:_LONGEST_CELL], style)

    @staticmethod
    def _units(sheet: Worksheet, row: int, column: int, units: int | None, digits: int, style: Format) -> None:
        if units is not None:
            sheet.write_number(row, column, float(from_units(units, digits)), style)
