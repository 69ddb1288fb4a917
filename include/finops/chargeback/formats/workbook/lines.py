"""The sheets that list every line: direct cost, shared cost, adjustments to closed months; rounded and exact."""

from __future__ import annotations

from finops.chargeback.formats.csv_file import EXACT_COLUMNS, TEXT_COLUMNS
from finops.chargeback.formats.workbook.book import Book
from finops.chargeback.statement.facts import DIRECT


def direct(book: Book) -> None:
    """Write every line, its rounded amounts and its exact ones."""
    amounts = (book.basis, "Billed", *EXACT_COLUMNS)
    proof = ("Line id", "Rule", "Source digest")
    headings = ("Line", "Currency", *TEXT_COLUMNS, "has_required_tags", *amounts, *proof)
    widths = [7, 10, *[22] * len(TEXT_COLUMNS), 18, 16, 16, *[20] * 4, 16, 10, 24]
    sheet = book.table("Lines", headings, widths)
    row = 0
    for section in book.statement.sections:
        money = book.money_format(section.digits)
        for line in section.details:
            row += 1
            sheet.write_number(row, 0, row)
            texts = (section.currency, *(getattr(line.charge, column) for column in TEXT_COLUMNS))
            for column, text in enumerate(texts, start=1):
                book.text(sheet, row, column, text)
            column = len(texts) + 1
            sheet.write_boolean(row, column, line.charge.has_required_tags)
            book.units(sheet, row, column + 1, line.effective, section.digits, money)
            book.units(sheet, row, column + 2, line.billed, section.digits, money)
            for offset, name in enumerate(EXACT_COLUMNS, start=3):
                sheet.write_number(row, column + offset, float(getattr(line.charge, name)), book.exact)
            for offset, text in enumerate((line.charge.line_id, DIRECT, line.source_digest), start=7):
                book.text(sheet, row, column + offset, text)
    book.filter(sheet, row, headings)


def shared(book: Book) -> None:
    """Write every entry of the rules for shared cost, rounded and exact, if there are any."""
    found = [(s, n) for s in book.statement.sections if s.shared for n in s.shared.lines]
    if not found:
        return
    labels = ("Line id", "Currency", "Cost centre", "Provider", "Kind", "Rule", "Counterpart")
    numbers = ("Version", "Share", "Weight", book.basis, "Billed", "effective_cost", "billed_cost")
    headings = (*labels, *numbers, "Rule digest", "Source digest")
    sheet = book.table("Shared lines", headings, [16, 10, 22, 12, 14, 24, 22, 9, 12, 18, 16, 16, 20, 20, 20, 24])
    for row, (section, line) in enumerate(found, start=1):
        each, money = line.entry, book.money_format(section.digits)
        texts = (each.line_id, section.currency, each.cost_center, each.provider, each.entry_kind, each.rule_id)
        for column, text in enumerate((*texts, each.counterpart)):
            book.text(sheet, row, column, text)
        sheet.write_number(row, 7, each.rule_version)
        for column, part, style in ((8, each.share, book.percent), (9, each.weight, book.quantity)):
            if part is not None:
                sheet.write_number(row, column, float(part), style)
        book.units(sheet, row, 10, line.effective, section.digits, money)
        book.units(sheet, row, 11, line.billed, section.digits, money)
        sheet.write_number(row, 12, float(each.effective_cost), book.exact)
        sheet.write_number(row, 13, float(each.billed_cost), book.exact)
        book.text(sheet, row, 14, each.rule_digest)
        book.text(sheet, row, 15, each.source_digest)
    book.filter(sheet, len(found), headings)


def adjustments(book: Book) -> None:
    """Write what closed months have changed by, if anything has."""
    found = [(s, n) for s in book.statement.sections if s.adjustments for n in s.adjustments.lines]
    if not found:
        return
    labels = ("Currency", "Billing period", "Cost centre", "Provider", "Service category", "Service", "Charge category")
    headings = (*labels, book.basis, "Billed", "effective_cost", "billed_cost", "Origin")
    sheet = book.table("Adjustments", headings, [10, 14, 22, 16, 28, 36, 16, 16, 16, 20, 20, 80])
    for row, (section, line) in enumerate(found, start=1):
        each, money = line.adjustment, book.money_format(section.digits)
        whose = (section.currency, str(each.billing_period), each.cost_center, each.provider)
        for column, text in enumerate((*whose, each.service_category, each.service_name, each.charge_category)):
            book.text(sheet, row, column, text)
        book.units(sheet, row, 7, line.effective, section.digits, money)
        book.units(sheet, row, 8, line.billed, section.digits, money)
        sheet.write_number(row, 9, float(each.effective_cost), book.exact)
        sheet.write_number(row, 10, float(each.billed_cost), book.exact)
        book.text(sheet, row, 11, each.origin.text)
    book.filter(sheet, len(found), headings)
