"""The sheets that list every line: direct cost, shared cost, adjustments to closed months; rounded and exact."""

from __future__ import annotations

from finops.chargeback.formats.csv_file import EXACT_COLUMNS, TEXT_COLUMNS
from finops.chargeback.formats.workbook.book import Book
from finops.chargeback.statement.facts import DIRECT


def direct(book: Book) -> None:
    """Write every line, its rounded amounts and its exact ones."""
    amounts = (book.basis, "Billed", *EXACT_COLUMNS)
    proof = ("Line id", "Rule", "Source digest", "Cost centre name")
    headings = ("Line", "Currency", *TEXT_COLUMNS, "has_required_tags", *amounts, *proof)
    widths = [7, 10, *[22] * len(TEXT_COLUMNS), 18, 16, 16, *[20] * 4, 16, 10, 24, 30]
    sheet = book.table("Lines", headings, widths)
    row, names = 0, dict(book.statement.names)
    for section in book.statement.sections:
        for line in section.details:
            row += 1
            sheet.write_number(row, 0, row)
            texts = (section.currency, *(getattr(line.charge, column) for column in TEXT_COLUMNS))
            book.texts(sheet, row, 1, texts)
            column = len(texts) + 1
            sheet.write_boolean(row, column, line.charge.has_required_tags)
            exact = [getattr(line.charge, name) for name in EXACT_COLUMNS]
            book.costs(sheet, row, column + 1, (line.effective, line.billed), section.digits, exact)
            said = (line.charge.line_id, DIRECT, line.source_digest, names.get(line.charge.cost_center, ""))
            book.texts(sheet, row, column + 7, said)
    book.filter(sheet, row, headings)


def shared(book: Book) -> None:
    """Write every entry of the rules for shared cost, rounded and exact, if there are any."""
    found = [(s, n) for s in book.statement.sections if s.shared for n in s.shared.lines]
    if not found:
        return
    labels = ("Line id", "Currency", "Cost centre", "Provider", "Kind", "Rule", "Counterpart")
    numbers = ("Version", "Share", "Weight", "Charged", "Billed", "effective_cost", "billed_cost")
    headings = (*labels, *numbers, "Rule digest", "Source digest", "Cost centre name")
    sheet = book.table("Shared lines", headings, [16, 10, 22, 12, 14, 24, 22, 9, 12, 18, 16, 16, 20, 20, 20, 24, 30])
    for row, (section, line) in enumerate(found, start=1):
        each = line.entry
        texts = (each.line_id, section.currency, each.cost_center, each.provider, each.entry_kind, each.rule_id)
        book.texts(sheet, row, 0, (*texts, each.counterpart))
        sheet.write_number(row, 7, each.rule_version)
        for column, part, style in ((8, each.share, book.percent), (9, each.weight, book.quantity)):
            if part is not None:
                sheet.write_number(row, column, float(part), style)
        exact = (each.effective_cost, each.billed_cost)
        book.costs(sheet, row, 10, (line.effective, line.billed), section.digits, exact)
        book.texts(sheet, row, 14, (each.rule_digest, each.source_digest, book.statement.name_of(each.cost_center)))
    book.filter(sheet, len(found), headings)


def adjustments(book: Book) -> None:
    """Write what closed months have changed by, if anything has."""
    found = [(s, n) for s in book.statement.sections if s.adjustments for n in s.adjustments.lines]
    if not found:
        return
    labels = ("Currency", "Billing period", "Cost centre", "Provider", "Service category", "Service", "Charge category")
    headings = (*labels, "Charged", "Billed", "effective_cost", "billed_cost", "Origin", "Cost centre name")
    sheet = book.table("Adjustments", headings, [10, 14, 22, 16, 28, 36, 16, 16, 16, 20, 20, 80, 30])
    for row, (section, line) in enumerate(found, start=1):
        each = line.adjustment
        whose = (section.currency, str(each.billing_period), each.cost_center, each.provider)
        book.texts(sheet, row, 0, (*whose, each.service_category, each.service_name, each.charge_category))
        exact = (each.effective_cost, each.billed_cost)
        book.costs(sheet, row, 7, (line.effective, line.billed), section.digits, exact)
        book.texts(sheet, row, 11, (each.origin.text, book.statement.name_of(each.cost_center)))
    book.filter(sheet, len(found), headings)
