"""A statement as PDF: what it is, its sections, and how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reportlab.platypus import CondPageBreak, Flowable, Spacer

from finops.chargeback.formats.pdf import closing
from finops.chargeback.formats.pdf.section import SectionPages
from finops.chargeback.statement.models import Statement
from finops.chargeback.statement.sections import completeness
from finops.pages import wording
from finops.pages.pdf import sheet
from finops.pages.pdf.flowables import Head, Heading, Paragraph
from finops.pages.pdf.typeface import value

_KIND = "Chargeback statement"


def write_pdf(statement: Statement, path: Path) -> None:
    """Write the statement's pages. Amounts are those of the other formats, rounded so that columns add up."""
    story: list[Flowable] = [_head(statement), *closing.summary(statement)]
    for section in statement.sections:
        story += SectionPages(statement, section).story()
    story += closing.invoices(statement)
    story += _notes(statement)
    period, scope = statement.billing_period, _scope(statement)
    sheet.write(
        story,
        path,
        title=f"{_KIND} {period}: {scope}",
        subject=f"Build {statement.build_id}",
        as_of=period.end,
        foot=(scope, f" · {wording.month(period)} · {_status(statement)} · build {value(statement.build_id)}"),
    )


def _head(statement: Statement) -> Head:
    scope, made, period = _scope(statement), statement.closing, statement.billing_period
    up_to = f" · costs up to {wording.day(statement.last_day)}" if statement.last_day else ""
    complete = completeness.remark(statement)
    about = wording.month(period) + up_to + (complete and f" · {complete}")
    currencies = ", ".join(section.currency for section in statement.sections)
    is_company = statement.cost_center is None
    facts = (
        ("Billing period", str(period)),
        ("Scope" if is_company else "Cost centre", "all cost centres" if is_company else scope),
        ("Currency" if len(statement.sections) == 1 else "Currencies", currencies or "–"),
        ("Generated from build", value(statement.build_id) + (f", closed by {value(made.by)}" if made else "")),
    )
    return Head(_KIND, _status(statement), scope, about, facts)


def _status(statement: Statement) -> str:
    return statement.status.capitalize()


def _scope(statement: Statement) -> str:
    return "Whole company" if statement.cost_center is None else value(statement.cost_center)


def _notes(statement: Statement) -> Sequence[Flowable]:
    share = " Each cost centre’s figures equal those on its own statement." if statement.cost_center is None else ""
    notes = (
        (
            "Charged (effective cost)",
            "What was used this month, with commitments such as reservations, savings plans and committed use spread "
            "over their term. Teams are charged on this basis.",
        ),
        (
            "Billed cost",
            "What the providers invoice for the month. It ties to the bills line by line; commitments count in full "
            "when they are bought.",
        ),
        ("Share and change", f"Both are of the effective cost.{share}"),
        (
            "Cents",
            "Lines are rounded by the largest-remainder method, so that every column sums exactly to its total. Each "
            "column of each table is rounded on its own, so one amount may differ by a cent between two of them. The "
            "CSV file holds the unrounded amounts, and every line.",
        ),
        (
            "Shared cost",
            "Taken from where it arose and given on by the rules of allocation.yml, each with its version; the rules "
            "add nothing, so direct and shared cost of all cost centres is the company’s total. All tables but these "
            "show direct cost.",
        ),
        (
            "Proof",
            "Each line of the spreadsheet and the CSV files has an id, its rule and a digest of its source rows; "
            "`finops chargeback explain` lists the charges of the bills behind it. Digest of all lines: "
            f"{statement.lines_digest}",
        ),
        _currencies(statement),
        _state(statement),
    )
    return [CondPageBreak(240), Spacer(0, 4), Heading("How to read this"), *(Paragraph(*each) for each in notes)]


def _currencies(statement: Statement) -> tuple[str, str]:
    apart = "Each currency of the bills stands on its own; "
    if statement.summary is None:
        return "Currencies", f"{apart}nothing is converted or added across them."
    return "Currencies", f"{apart}the sum in {statement.summary.currency} shows the rate of each amount."


def _state(statement: Statement) -> tuple[str, str]:
    if statement.closing is None:
        text = "The month has not been closed. Providers may still restate it; a new statement then replaces this one."
        return "Provisional", text
    return (
        "Final",
        "The month is closed: this does not change any more. What comes later is an adjustment in a later month.",
    )
