"""What closing brings to the pages: adjustments to closed months, the reporting currency, the invoices."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from reportlab.platypus import CondPageBreak, Flowable

from finops.chargeback.formats.folding import folded_adjustments, origins
from finops.chargeback.statement.models import AdjustmentLine, Section, Statement
from finops.chargeback.statement.sections import total_charged
from finops.core.dimensions import UNALLOCATED
from finops.core.money import digits_of, rounded
from finops.pages import wording
from finops.pages.pdf.flowables import Paragraph
from finops.pages.pdf.tables import TextRow, TextTable, laid_out
from finops.pages.pdf.typeface import value


def adjustments(statement: Statement, section: Section) -> Iterator[Flowable]:
    """Yield what closed months have changed by, beside this month's costs and never among them."""
    block = section.adjustments
    if block is None:
        return
    is_company = statement.cost_center is None
    listed = folded_adjustments(block)
    rows = [_adjustment(statement, line, section.digits) for line in listed.lines]
    if listed.count:
        amounts = _signed(listed.effective, listed.billed, section.digits)
        rows.append(TextRow(f"{listed.count} others", amounts, "each one is in the spreadsheet and in adjustments.csv"))
    yield CondPageBreak(110)
    yield laid_out(
        TextTable(
            f"Adjustments to closed months, {section.currency}",
            "what providers restated after the month was closed; its statement stays as it was",
            ("Month and service", "Charged", "Billed"),
            rows,
            TextRow("Adjustments", _signed(block.effective, block.billed, section.digits)),
        )
    )
    together = wording.money(section.total_with_adjustments, section.digits)
    apart = ", without shared cost" if not is_company and section.shared and section.shared.lines else ""
    month = wording.month(statement.billing_period)
    yield Paragraph(f"{month} and adjustments{apart}", f"{together} {section.currency}")
    for each in origins(block):
        about = f"{wording.month(each.billing_period)}, {value(each.provider)}"
        yield Paragraph(about, f"changes {value(each.origin.text)}")


def _adjustment(statement: Statement, line: AdjustmentLine, digits: int) -> TextRow:
    each = line.adjustment
    owner = f" · {value(statement.label_of(each.cost_center))}" if statement.cost_center is None else ""
    return TextRow(
        f"{wording.month(each.billing_period)} · {value(each.service_name)}",
        _signed(line.effective, line.billed, digits),
        f"{value(each.provider)} · {each.charge_category}{owner}",
        is_loose=each.cost_center == UNALLOCATED,
    )


def _signed(effective: int, billed: int, digits: int) -> tuple[str, str]:
    return wording.signed_money(effective, digits), wording.signed_money(billed, digits)


def summary(statement: Statement) -> Iterator[Flowable]:
    """Yield the sum in the reporting currency: every amount with the rate of its month, and the cost centres."""
    found, label = statement.summary, total_charged.LABEL
    if found is None:
        return
    rows = []
    for line in found.lines:
        amount = f"{wording.money(line.amount, line.digits)} {line.currency}"
        figures = (wording.money(line.converted, found.digits), amount, wording.rate(line.rate))
        rows.append(TextRow(line.label, figures, value(line.rate_source) if line.rate_source else ""))
    total = wording.money(found.total, found.digits)
    yield CondPageBreak(110)
    yield laid_out(
        TextTable(
            f"In {found.currency}",
            "effective cost, at the rate of each billing month",
            ("Costs", found.currency, "Amount", "Rate"),
            rows,
            TextRow(label, (total, "", "")),
        )
    )
    if found.owners:
        owners = [
            TextRow(
                value(statement.label_of(owner)), (wording.money(units, found.digits),), is_loose=owner == UNALLOCATED
            )
            for owner, units in found.owners
        ]
        title, headings = f"Cost centres in {found.currency}", ("Cost centre", found.currency)
        yield laid_out(TextTable(title, "", headings, owners, TextRow(label, (total,))))


def invoices(statement: Statement) -> Iterator[Flowable]:
    """Yield how the bills tied to their invoices when the month was closed."""
    if not statement.invoices:
        return
    rows = []
    for each in statement.invoices:
        also = f"{value(each.provider)} · {value(each.issuer)}"
        if each.sign_off:
            also += f" · signed off by {value(each.sign_off.signed_by)}: {value(each.sign_off.reason)}"
        digits = digits_of(each.currency)
        given = f"{_exact(each.given.total, digits)} {each.currency}" if each.given else "–"
        unexplained = _exact(each.residue.unexplained, digits) if each.given else "–"
        figures = (given, _exact(each.billed_cost, digits), unexplained, str(each.status))
        rows.append(TextRow(value(each.invoice), figures, also))
    yield CondPageBreak(110)
    headings = ("Invoice", "Invoice total", "Billed", "Unexplained", "")
    yield laid_out(TextTable("The bills and their invoices", "as they were when the month was closed", headings, rows))


def _exact(amount: Decimal, digits: int) -> str:
    return wording.money(rounded(amount, digits), digits)
