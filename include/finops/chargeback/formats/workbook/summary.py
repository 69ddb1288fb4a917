"""The first sheet: who, when and from what, the headline figures, the tie-out and the bridge."""

from __future__ import annotations

from xlsxwriter.worksheet import Worksheet

from finops.chargeback.formats.workbook.book import Book
from finops.chargeback.statement.converted import Summary
from finops.chargeback.statement.models import ROUNDING, Section
from finops.chargeback.statement.sections import completeness, total_charged
from finops.pages import wording


def write(book: Book) -> None:
    """Write who, when and from what; then the headline figures, the tie-out and the bridge of each currency."""
    statement, sheet = book.statement, book.file.add_worksheet("Summary")
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 56)
    sheet.set_column(1, 5, 20)
    whom = statement.title if statement.cost_center is None else statement.label_of(statement.cost_center)
    book.text(sheet, 0, 0, f"Chargeback statement: {whom}", book.title)
    row = 1
    for label, value in (
        ("Billing period", str(statement.billing_period)),
        ("Status", _status(book)),
        *([("Owner", statement.answers_for_it)] if statement.answers_for_it else []),
        *([("Part of", ", ".join(statement.part_of))] if statement.part_of else []),
        ("Generated from build", statement.build_id),
        ("Digest of all lines", statement.lines_digest),
        ("Amounts", "rounded by the largest-remainder method: every column sums to its total"),
    ):
        book.texts(sheet, row, 0, (label, value))
        row += 1
    for section in statement.sections:
        row = _figures(book, sheet, row + 1, section)
        row = _total_charged(book, sheet, row, section)
        row = _tie_out(book, sheet, row + 1, section) if section.tie_out else row
        row = _bridge(book, sheet, row + 1, section)
    if statement.summary is not None:
        _converted(book, sheet, row + 1, statement.summary)


def _status(book: Book) -> str:
    made = book.statement.closing
    if made is None:
        more = completeness.remark(book.statement)
        return f"Provisional: the month is not closed{more and '; '}{more}"
    return f"Final: closed by {made.by}, {made.at:%Y-%m-%d %H:%M} UTC"


def _converted(book: Book, sheet: Worksheet, row: int, summary: Summary) -> None:
    """Write the sum in the reporting currency: amounts, rates, and the company's cost centres."""
    book.headings(sheet, row, (f"Effective cost in {summary.currency}", summary.currency, "Amount", "Rate", "Source"))
    for line in summary.lines:
        row += 1
        book.text(sheet, row, 0, line.label)
        book.units(sheet, row, 1, line.converted, summary.digits, book.money_format(summary.digits))
        book.units(sheet, row, 2, line.amount, line.digits, book.money_format(line.digits))
        sheet.write_number(row, 3, float(line.rate), book.exact)
        book.text(sheet, row, 4, line.rate_source)
    for owner, units in summary.owners:
        row += 1
        book.text(sheet, row, 0, wording.name(book.statement.label_of(owner)))
        book.units(sheet, row, 1, units, summary.digits, book.money_format(summary.digits))
    book.text(sheet, row + 1, 0, total_charged.LABEL, book.bold)
    book.units(sheet, row + 1, 1, summary.total, summary.digits, book.money_format(summary.digits, bold=True))


def _figures(book: Book, sheet: Worksheet, row: int, section: Section) -> int:
    money, total = book.money_format(section.digits), section.total
    book.text(sheet, row, 0, f"Figures in {section.currency}", book.heading)
    last_month, charged = book.statement.billing_period.previous, section.charged
    figures: list[tuple[str, int | None]] = [
        (f"{total_charged.LABEL} this month", charged.effective),
        (f"{total_charged.LABEL} in {last_month}", charged.previous),
        ("Change", charged.change),
        ("Direct cost this month (effective cost)", total.effective),
        (f"Direct cost in {last_month}", total.previous),
        ("Invoiced (billed cost)", total.billed),
        ("Required tags missing", section.untagged.shown.effective),
    ]
    if section.unallocated is not None:
        figures.append(("Not allocated to a cost centre", section.unallocated.shown.effective))
    for label, units in figures:
        row += 1
        book.text(sheet, row, 0, label)
        book.units(sheet, row, 1, units, section.digits, money)
    return row + 1


def _total_charged(book: Book, sheet: Worksheet, row: int, section: Section) -> int:
    found = total_charged.table(section, is_company=book.statement.cost_center is None)
    if found is None:
        return row
    book.headings(sheet, row + 1, (f"{found.title}, {section.currency}", *found.headings[1:]))
    row += 1
    for item in found.rows:
        row += 1
        book.text(sheet, row, 0, item.label)
        book.figure(sheet, row, 1, item.cells[0])
    row += 1
    book.text(sheet, row, 0, total_charged.LABEL, book.bold)
    book.units(sheet, row, 1, section.total_charged, section.digits, book.money_format(section.digits, bold=True))
    return row + 1


def _tie_out(book: Book, sheet: Worksheet, row: int, section: Section) -> int:
    headings = (f"Bills and statements, {section.currency}", "Bills", "Statements", "Difference", "Lines on bills")
    book.headings(sheet, row, headings)
    money = book.money_format(section.digits)
    for tie in section.tie_out:
        row += 1
        book.text(sheet, row, 0, wording.name(tie.provider))
        book.units(sheet, row, 1, tie.bill, section.digits, money)
        book.units(sheet, row, 2, tie.statements, section.digits, money)
        sheet.write_number(row, 3, float(tie.difference), book.exact)
        sheet.write_number(row, 4, tie.bill_rows)
    if rest := section.rounding_of_bills:
        row += 1
        book.text(sheet, row, 0, ROUNDING)
        for column in (1, 2):
            book.units(sheet, row, column, rest, section.digits, money)
    return row + 1


def _bridge(book: Book, sheet: Worksheet, row: int, section: Section) -> int:
    book.headings(sheet, row, (f"From invoiced to direct cost, {section.currency}", "Amount"))
    steps = [("Billed (invoiced) this month", section.total.billed)]
    steps += [(f"{step.label}: {step.explanation}", step.amount) for step in section.bridge]
    for label, units in steps:
        row += 1
        book.text(sheet, row, 0, label)
        book.units(sheet, row, 1, units, section.digits, book.money_format(section.digits))
    row += 1
    book.text(sheet, row, 0, "Direct cost this month", book.bold)
    money = book.money_format(section.digits, bold=True)
    book.units(sheet, row, 1, section.total.effective, section.digits, money)
    return row + 1
