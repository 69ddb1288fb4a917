"""A statement's pages: the figures of the HTML page in its order, made to be printed and filed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from reportlab.lib.colors import Color
from reportlab.platypus import CondPageBreak, Flowable, Spacer

from finops.chargeback.formats import charts, wording
from finops.chargeback.formats.html import folded, outside, strip_parts
from finops.chargeback.formats.pdf import closing, schedules
from finops.chargeback.formats.pdf.blocks import Figure, Head, Heading, Headline, Legend, Note
from finops.chargeback.formats.pdf.drawing import Chart
from finops.chargeback.formats.pdf.page import FALL, RISE, SOFT, WIDTH, write_pages
from finops.chargeback.formats.pdf.tables import Row, Sheet, table_of
from finops.chargeback.formats.pdf.typeface import value
from finops.chargeback.statement import charged
from finops.chargeback.statement.facts import ABSENT, UNALLOCATED
from finops.chargeback.statement.models import Breakdown, Line, Mover, Section, Shown, Statement
from finops.core.periods import BillingPeriod

_ABSENT = {"ai_model": "No AI model", "ai_stage": "No AI stage"}
_NOTES = {
    "tags": "costs of resources with and without the required tags",
    "unallocated": "costs that no cost centre owns; nobody is charged for them",
}
_MOST_LINES = 40


def write_pdf(statement: Statement, path: Path) -> None:
    """Write the statement's pages. Amounts are those of the other formats, rounded so that columns add up."""
    story: list[Flowable] = [Head(statement), *closing.summary(statement)]
    for section in statement.sections:
        story += _Part(statement, section).story()
    story += closing.invoices(statement)
    story += _notes(statement)
    write_pages(statement, story, path)


class _Part:
    """One currency's part of the pages."""

    def __init__(self, statement: Statement, section: Section) -> None:
        self.statement, self.section = statement, section
        self.period: BillingPeriod = statement.billing_period
        self.is_company = statement.cost_center is None
        self.basis = "Effective" if self.is_company else "Charged"

    def story(self) -> Iterator[Flowable]:
        """Yield everything from the headline to the bridge."""
        section = self.section
        if len(self.statement.sections) > 1:
            yield CondPageBreak(220)
            yield Heading(f"Costs in {section.currency}", size=16)
        yield Headline(self._figures(), section.currency)
        total = charged.schedule_of(section, is_company=self.is_company)
        if total is not None:
            yield from schedules.table(total, section.currency)
        yield self._proof()
        yield from closing.adjustments(self.statement, section)
        for schedule in section.schedules:
            yield from schedules.table(schedule, section.currency)
        yield from self._strip()
        yield from self._days()
        for breakdown in section.breakdowns:
            if breakdown.name not in _NOTES:
                yield from self._breakdown(breakdown)
        yield from self._movers()
        for name in ("unallocated", "tags"):
            found = section.breakdown(name)
            if found is not None:
                yield from self._breakdown(found)
        yield CondPageBreak(110)
        yield self._bridge()

    def _money(self, units: int) -> str:
        return wording.money(units, self.section.digits)

    def _figures(self) -> list[Figure]:
        section, total, last_month = self.section, self.section.total, wording.month(self.period.previous)
        own, per = ("Direct cost", "of") if charged.beyond_direct(section) else ("Charged", "for")
        what = "Total effective cost" if self.is_company else f"{own} {per} {wording.month(self.period)}"
        figures = [
            Figure(what, self._money(total.effective), self._change(total), _direction(total.change)),
            Figure("Invoiced (billed cost)", self._money(total.billed), "what the bills say"),
        ]
        if not self.is_company:
            known = total.previous is not None
            amount = self._money(total.previous or 0) if known else "–"
            figures.append(Figure(last_month, amount, f"{own.lower()} last month" if known else "not published"))
        elif section.unallocated is None:
            figures.append(Figure("Not allocated", self._money(0), "all have a cost centre"))
        else:
            loose = section.unallocated
            note = f"{wording.share(loose.permille)} has no cost centre"
            figures.append(Figure("Not allocated", self._money(loose.shown.effective), note))
        untagged = section.untagged
        note = f"{self._money(untagged.shown.effective)} of the cost"
        return [*figures, Figure("Required tags missing", wording.share(untagged.permille), note)]

    def _change(self, shown: Shown) -> str:
        if shown.change is None:
            return "no earlier month to compare with"
        last_month = wording.month(self.period.previous)
        if shown.change == 0:
            return f"no change against {last_month}"
        percent = f" ({_percent(shown)})" if _percent(shown) != "–" else ""
        return f"{wording.signed_money(shown.change, self.section.digits)}{percent} against {last_month}"

    def _proof(self) -> Flowable:
        ties = self.section.tie_out
        if not self.is_company:
            return Note(
                "This statement ties to the bills",
                "Its lines sum to its totals, to the cent. All statements of the month and the costs without an owner "
                "sum to the company’s total, and that equals the providers’ bills: difference 0, checked in exact "
                "amounts before this was written.",
                is_proof=True,
            )
        rows = [
            Row(
                value(tie.provider),
                (
                    self._money(tie.bill),
                    self._money(tie.statements),
                    f"{tie.difference:f}" if tie.difference else "0",
                    f"{tie.bill_rows:,}",
                ),
            )
            for tie in ties
        ]
        bill, stated = sum(tie.bill for tie in ties), sum(tie.statements for tie in ties)
        lines = f"{sum(tie.bill_rows for tie in ties):,}"
        return table_of(
            Sheet(
                f"Billed cost equals the bills, {self.section.currency}",
                "counted in the bills as delivered, against the lines of these statements",
                ("Provider", "The bills say", "The statements say", "Difference", "Lines on the bills"),
                rows,
                Row("Total", (self._money(bill), self._money(stated), "0", lines)),
            )
        )

    def _strip(self) -> Iterator[Flowable]:
        parts = strip_parts(self.section)
        split = self.section.breakdown("cost_center") or self.section.breakdown("service_category")
        if split is not None and len(parts) > 1:
            raw = {wording.name(line.labels[0]): line.labels[0] for line in split.lines}
            legend = [(p.css_class, value(raw.get(p.label, p.label)), wording.share(p.permille)) for p in parts]
            yield CondPageBreak(90)
            yield Heading("Who the cost belongs to" if self.is_company else "What the cost is for")
            yield Chart(charts.strip_drawing(parts, ident="strip", title="Shares"), WIDTH, 15)
            yield Legend(legend)

    def _days(self) -> Iterator[Flowable]:
        section = self.section
        if not section.days:
            return
        yield CondPageBreak(230)
        yield Heading("Cost per day", f"effective cost in {section.currency}, by day of use (UTC)")
        drawing = charts.daily_drawing(
            section.days, self.period, section.currency, section.digits, ident="days", width=720, height=210
        )
        yield Chart(drawing, WIDTH)
        providers = sorted({provider for day in section.days for provider, _ in day.by_provider})
        elsewhere = outside(section, self.period)
        legend = [(charts.series_of(each), value(each), "") for each in providers]
        if elsewhere:
            legend.append(("series-rest", "not drawn: days just outside the month", self._money(elsewhere)))
        yield Legend(legend)

    def _breakdown(self, breakdown: Breakdown) -> Iterator[Flowable]:
        short = folded(breakdown, _MOST_LINES)
        headings = [breakdown.headings[0], self.basis, "Share"]
        if breakdown.total.previous is not None:
            headings += ["Change", wording.month(self.period.previous), "%"]
        rows = [self._row(breakdown, line) for line in short.lines]
        if short.rest is not None:
            rest = short.rest
            rows.append(self._figures_row(rest.labels[0], "each one is in the spreadsheet", rest.shown, rest.permille))
        known = breakdown.lines and breakdown.lines[0].permille is not None
        total = self._figures_row("Total", "", breakdown.total, 1000 if known else None, is_total=True)
        yield CondPageBreak(100)
        yield table_of(
            Sheet(
                f"{breakdown.title}, {self.section.currency}",
                _NOTES.get(breakdown.name, ""),
                (*headings, "Billed"),
                rows,
                total,
                coloured=2,
            )
        )

    def _row(self, breakdown: Breakdown, line: Line) -> Row:
        label, *others = line.labels
        name = value(label, _ABSENT.get(breakdown.name, "None"))
        also = " · ".join(value(each) for each in others)
        return self._figures_row(name, also, line.shown, line.permille, is_loose=label == UNALLOCATED)

    def _figures_row(
        self,
        name: str,
        also: str,
        shown: Shown,
        permille: int | None,
        *,
        is_loose: bool = False,
        is_total: bool = False,
    ) -> Row:
        cells = [self._money(shown.effective), wording.share(permille)]
        if shown.previous is not None:
            change = wording.signed_money(shown.change, self.section.digits)
            cells += [change if shown.change else "no change", self._money(shown.previous), _percent(shown)]
        colour = None if is_total else _direction(shown.change)
        cells.append(self._money(shown.billed))
        return Row(name, tuple(cells), also, permille, not is_total, colour, is_loose)

    def _movers(self) -> Iterator[Flowable]:
        if self.section.total.previous is None:
            return
        last_month = wording.month(self.period.previous)
        for title, movers in (("Rose", self.section.movers_up), ("Fell", self.section.movers_down)):
            if movers:
                yield CondPageBreak(100)
                yield table_of(
                    Sheet(
                        f"{title} most against {last_month}, {self.section.currency}",
                        "",
                        ("Service", "Change", last_month, wording.month(self.period), "%"),
                        [self._mover(each) for each in movers],
                        coloured=0,
                    )
                )

    def _mover(self, mover: Mover) -> Row:
        shown = mover.shown
        model = "" if mover.ai_model == ABSENT else f" · {value(mover.ai_model)}"
        cells = (
            wording.signed_money(shown.change, self.section.digits),
            self._money(shown.previous or 0),
            self._money(shown.effective),
            _percent(shown) if mover.movement.value == "changed" else mover.movement.value,
        )
        also = value(mover.provider) + model
        return Row(value(mover.service_name), cells, also, colour=_direction(shown.change))

    def _bridge(self) -> Flowable:
        total, steps = self.section.total, self.section.bridge
        what = "Effective cost" if self.is_company else "Charged"
        rows = [Row("Invoiced this month", (self._money(total.billed),), "billed cost, ties to the bills")]
        rows += [
            Row(each.label, (wording.signed_money(each.amount, self.section.digits),), each.explanation)
            for each in steps
        ]
        return table_of(
            Sheet(
                f"From invoiced to {what.lower()}, {self.section.currency}",
                "what commitments move between months" if steps else "no commitments: both are the same",
                ("", "Amount"),
                rows,
                Row(f"{what} this month", (self._money(total.effective),)),
            )
        )


def _percent(shown: Shown) -> str:
    if shown.change_share is not None:
        return wording.signed_percent(shown.change_share)
    return "new" if shown.previous == 0 and shown.effective else "–"


def _direction(change: int | None) -> Color:
    if not change:
        return SOFT
    return RISE if change > 0 else FALL


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
    return [CondPageBreak(240), Spacer(0, 4), Heading("How to read this"), *(Note(*each) for each in notes)]


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
