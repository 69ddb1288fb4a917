"""A statement as PDF: what it is, its sections, and how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reportlab.platypus import CondPageBreak, Flowable, PageBreak, Spacer

from finops.chargeback.formats.pdf import closing
from finops.chargeback.formats.pdf.section import SectionPages
from finops.chargeback.statement.models import Statement
from finops.chargeback.statement.sections import completeness, total_charged
from finops.pages import wording
from finops.pages.pdf import sheet, tables
from finops.pages.pdf.flowables import Head, Heading, Paragraph
from finops.pages.pdf.typeface import value

_KIND = "Chargeback statement"


def write_pdf(statement: Statement, path: Path) -> None:
    """Write the statement's pages. Amounts are those of the other formats, rounded so that columns add up."""
    sections = [SectionPages(statement, section) for section in statement.sections]
    first = [pages for pages in sections if not pages.section.is_small]
    story: list[Flowable] = [_head(statement), *_answers(statement)]
    for pages in first:
        story += pages.headline()
    story += closing.summary(statement)
    for currency, schedule in statement.schedules:
        story += tables.drawn(schedule, currency)
    story += _contents(sections)
    for pages in first:
        story += pages.front()
    story += [PageBreak()] if sections else []
    for pages in sections:
        if pages not in first:
            story += [*pages.headline(), *pages.front()]
        story += pages.story()
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
        (
            "Scope" if is_company else "Cost centre",
            "all cost centres" if is_company else value(str(statement.cost_center)),
        ),
        ("Currency" if len(statement.sections) == 1 else "Currencies", currencies or "–"),
        ("Generated from build", value(statement.build_id) + (f", closed by {value(made.by)}" if made else "")),
    )
    return Head(_KIND, _status(statement), scope, about, facts)


def _contents(sections: Sequence[SectionPages]) -> Sequence[Flowable]:
    """Return the list of the details, which begin on a page of their own behind the summary."""
    listed = [Paragraph(f"Details in {each.section.currency}", " · ".join(each.parts())) for each in sections]
    return [CondPageBreak(30 + 30 * len(listed)), Heading("Contents"), *listed, Spacer(0, 8)] if listed else []


def _answers(statement: Statement) -> Sequence[Flowable]:
    """Return who answers for the cost centre, and what it is part of, where ``cost_centers.yml`` says so."""
    said = [("Owner", statement.answers_for_it), ("Part of", ", ".join(statement.part_of))]
    return (
        [*(Paragraph(what, value(text)) for what, text in said if text), Spacer(0, 6)]
        if any(t for _, t in said)
        else []
    )


def _status(statement: Statement) -> str:
    return statement.status.capitalize()


def _scope(statement: Statement) -> str:
    return value(statement.title)


def _notes(statement: Statement) -> Sequence[Flowable]:
    share = " Each cost centre’s figures equal those on its own statement." if statement.cost_center is None else ""
    notes = (
        (
            total_charged.LABEL,
            "Direct cost, what the rules for shared cost added and took away, and adjustments to closed months: what "
            "is posted.",
        ),
        (
            "Direct cost (effective cost)",
            "What was used this month, with commitments such as reservations, savings plans and committed use spread "
            "over their term.",
        ),
        (
            "Billed cost",
            "What the providers invoice for the month. It ties to the bills line by line; commitments count in full "
            "when they are bought.",
        ),
        (
            "Share and change",
            f"In a table both are of its direct cost; the headline’s is of the total charged.{share}",
        ),
        (
            "Cents",
            "Lines are rounded by the largest-remainder method, so that every column sums exactly to its total. Each "
            "column of each table is rounded on its own, so one amount may differ by a cent between two of them. "
            "Amounts of a whole bill are rounded on their own instead, and a row called Rounding holds what is left to "
            "the total. The CSV file holds the unrounded amounts, and every line.",
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
