"""One currency's part of a statement's pages: what page one says of it, and the details behind."""

from __future__ import annotations

from collections.abc import Iterator

from reportlab.platypus import CondPageBreak, Flowable

from finops.chargeback.formats.folding import folded, has_lines, month_lines, strip_parts
from finops.chargeback.formats.pdf import closing
from finops.chargeback.statement.models import ROUNDING, Breakdown, Line, Section, Shown, Statement, Variance
from finops.chargeback.statement.sections import total_charged
from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.periods import BillingPeriod
from finops.pages import charts, wording
from finops.pages.figures import DailyCosts, Figure
from finops.pages.pdf import tables
from finops.pages.pdf.drawing import Chart
from finops.pages.pdf.flowables import Figures, Heading, Legend, Paragraph
from finops.pages.pdf.page import daily_costs
from finops.pages.pdf.sheet import WIDTH, colour_of
from finops.pages.pdf.tables import TextRow, TextTable, laid_out
from finops.pages.pdf.typeface import value

_ABSENT = {"ai_model": "No AI model", "ai_stage": "No AI stage"}
_NOTES = {
    "tags": "costs of resources with and without the required tags",
    "unallocated": "costs that no cost centre owns; nobody is charged for them",
}
_MOST_LINES = 40


class SectionPages:
    """One currency's part of the pages."""

    def __init__(self, statement: Statement, section: Section) -> None:
        self.statement, self.section = statement, section
        self.period: BillingPeriod = statement.billing_period
        self.is_company = statement.cost_center is None
        self.several = len(statement.sections) > 1

    def headline(self) -> Iterator[Flowable]:
        """Yield what is charged in the currency."""
        yield Figures(self._figures(), self.section.currency)

    def front(self) -> Iterator[Flowable]:
        """Yield what the total is made of, its budget and its months."""
        section = self.section
        total = total_charged.table(section, is_company=self.is_company)
        if total is not None:
            yield from tables.drawn(total, section.currency)
        for schedule in section.schedules:
            if schedule.name == "budget":
                yield from tables.drawn(schedule, section.currency)
        if len(section.history) > 1:
            yield from self._months()

    def parts(self) -> list[str]:
        """Return what ``story`` shows, for the list of contents."""
        section = self.section
        names = ["Proof"] if self.is_company else []
        names += ["Adjustments to closed months"] if section.adjustments else []
        names += [each.title for each in section.schedules if each.name != "budget"]
        names += ["Cost per day"] if section.days else []
        names += [each.title for each in section.breakdowns if has_lines(each)]
        return [*names, *(["Top movers"] if section.rises or section.falls else []), "From invoiced to direct cost"]

    def story(self) -> Iterator[Flowable]:
        """Yield everything behind page one, from the proof to the bridge; what is empty is left out."""
        section = self.section
        if self.several:
            yield CondPageBreak(220)
            yield Heading(f"Details in {section.currency}", size=16)
        yield self._proof()
        yield from closing.adjustments(self.statement, section)
        yield from self._strip()
        if section.days:
            yield from daily_costs(DailyCosts(section.days, self.period, section.currency))
        for breakdown in section.breakdowns:
            if breakdown.name not in _NOTES and has_lines(breakdown):
                yield from self._breakdown(breakdown)
        yield from self._variance()
        for name in ("unallocated", "tags"):
            found = section.breakdown(name)
            if found is not None and has_lines(found):
                yield from self._breakdown(found)
        for schedule in section.schedules:
            if schedule.name != "budget":
                yield from tables.drawn(schedule, section.currency)
        yield CondPageBreak(110)
        yield self._bridge()

    def _months(self) -> Iterator[Flowable]:
        section, lines = self.section, month_lines(self.section.history, self.period)
        yield CondPageBreak(250)
        yield Heading("Months", f"direct and shared cost in {section.currency}: each month, and the year to date")
        for title, points in (("Cost per month", lines.each), ("Year to date", lines.year)):
            drawing = charts.line_chart(points, title, section.currency, section.digits, ident="months", width=720)
            yield Chart(drawing, WIDTH, 96)
        yield Legend([("series-0", label, self._money(units)) for label, units in lines.sums])

    def _money(self, units: int) -> str:
        return wording.money(units, self.section.digits)

    def _figures(self) -> list[Figure]:
        section, total, last_month = self.section, self.section.total, wording.month(self.period.previous)
        charged = section.charged
        what = f"{total_charged.LABEL} for {wording.month(self.period)}"
        figures = [Figure(what, self._money(charged.effective), self._change(charged), charged.change)]
        if total_charged.beyond_direct(section) or not self.is_company:
            known = total.previous is not None
            note = f"{self._money(total.previous or 0)} in {last_month}" if known else f"{last_month} is not published"
            figures.append(Figure("Direct cost", self._money(total.effective), note))
        billed = "what the bills say" if self.is_company else "its part of the bills"
        figures.append(Figure("Invoiced (billed cost)", self._money(total.billed), billed))
        if self.is_company:
            loose = section.unallocated
            note = f"{wording.share(loose.permille)} of direct cost" if loose else "all have a cost centre"
            figures.append(Figure("Not allocated", self._money(loose.shown.effective if loose else 0), note))
        untagged = section.untagged
        note = f"{self._money(untagged.shown.effective)} of direct cost"
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
            return Paragraph(
                "This statement ties to the bills",
                "Its lines sum to its totals, to the cent. All statements of the month and the costs without an owner "
                "sum to the company’s total, and that equals the providers’ bills: difference 0, checked in exact "
                "amounts before this was written.",
                is_proof=True,
            )
        rows = []
        for tie in ties:
            difference = f"{tie.difference:f}" if tie.difference else "0"
            figures = (self._money(tie.bill), self._money(tie.statements), difference, f"{tie.bill_rows:,}")
            rows.append(TextRow(value(tie.provider), figures))
        if rest := self.section.rounding_of_bills:
            amount = wording.signed_money(rest, self.section.digits)
            rows.append(TextRow(ROUNDING, (amount, amount, "", ""), "each bill is rounded on its own"))
        total, lines = self._money(self.section.total.billed), f"{sum(tie.bill_rows for tie in ties):,}"
        return laid_out(
            TextTable(
                f"Billed cost equals the bills, {self.section.currency}",
                "counted in the bills as delivered, against the lines of these statements",
                ("Provider", "The bills say", "The statements say", "Difference", "Lines on the bills"),
                rows,
                TextRow("Total", (total, total, "0", lines)),
            )
        )

    def _strip(self) -> Iterator[Flowable]:
        parts = strip_parts(self.section, self.statement)
        split = self.section.breakdown("cost_center") or self.section.breakdown("service_category")
        if split is not None and len(parts) > 1:
            raw = {wording.name(line.labels[0]): line.labels[0] for line in split.lines}
            legend = [(p.css_class, value(raw.get(p.label, p.label)), wording.share(p.permille)) for p in parts]
            yield CondPageBreak(90)
            yield Heading("Who the cost belongs to" if self.is_company else "What the cost is for")
            yield Chart(charts.share_strip(parts, ident="strip", title="Shares"), WIDTH, 15)
            yield Legend(legend)

    def _breakdown(self, breakdown: Breakdown) -> Iterator[Flowable]:
        short = folded(breakdown, _MOST_LINES)
        headings = [breakdown.headings[0], "Direct cost", "Share"]
        if breakdown.total.previous is not None:
            headings += ["Change", wording.month(self.period.previous), "%"]
        rows = [self._row(breakdown, line) for line in short.lines]
        if short.rest is not None:
            rest = short.rest
            rows.append(self._figures_row(rest.labels[0], "each one is in the spreadsheet", rest.shown, rest.permille))
        known = breakdown.lines and breakdown.lines[0].permille is not None
        total = self._figures_row("Total", "", breakdown.total, 1000 if known else None, is_total=True)
        title, note = f"{breakdown.title}, {self.section.currency}", _NOTES.get(breakdown.name, "")
        yield CondPageBreak(100)
        yield laid_out(TextTable(title, note, (*headings, "Billed"), rows, total, coloured=2))

    def _row(self, breakdown: Breakdown, line: Line) -> TextRow:
        label, *others = line.labels
        if breakdown.name == "cost_center" and self.statement.name_of(label):
            label, others = self.statement.name_of(label), [label]
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
    ) -> TextRow:
        cells = [self._money(shown.effective), wording.share(permille)]
        if shown.previous is not None:
            change = wording.signed_money(shown.change, self.section.digits)
            cells += [change if shown.change else "no change", self._money(shown.previous), _percent(shown)]
        colour = None if is_total else colour_of(shown.change)
        cells.append(self._money(shown.billed))
        return TextRow(name, tuple(cells), also, permille, not is_total, colour, is_loose)

    def _variance(self) -> Iterator[Flowable]:
        if self.section.total.previous is None:
            return
        last_month = wording.month(self.period.previous)
        headings = ("Service", "Change", last_month, wording.month(self.period), "%")
        for verb, found in (("Rose", self.section.rises), ("Fell", self.section.falls)):
            if found:
                yield CondPageBreak(100)
                title = f"{verb} most against {last_month}, {self.section.currency}"
                yield laid_out(TextTable(title, "", headings, [self._varied(each) for each in found], coloured=0))

    def _varied(self, variance: Variance) -> TextRow:
        shown = variance.shown
        model = "" if variance.ai_model == ABSENT else f" · {value(variance.ai_model)}"
        cells = (
            wording.signed_money(shown.change, self.section.digits),
            self._money(shown.previous or 0),
            self._money(shown.effective),
            _percent(shown) if variance.movement.value == "changed" else variance.movement.value,
        )
        also = value(variance.provider) + model
        return TextRow(value(variance.service_name), cells, also, colour=colour_of(shown.change))

    def _bridge(self) -> Flowable:
        total, steps = self.section.total, self.section.bridge
        what = "Direct cost"
        rows = [TextRow("Invoiced this month", (self._money(total.billed),), "billed cost, ties to the bills")]
        rows += [
            TextRow(each.label, (wording.signed_money(each.amount, self.section.digits),), each.explanation)
            for each in steps
        ]
        return laid_out(
            TextTable(
                f"From invoiced to {what.lower()}, {self.section.currency}",
                "what commitments move between months" if steps else "no commitments: both are the same",
                ("", "Amount"),
                rows,
                TextRow(f"{what} this month", (self._money(total.effective),)),
            )
        )


def _percent(shown: Shown) -> str:
    if shown.change_share is not None:
        return wording.signed_percent(shown.change_share)
    return "new" if shown.previous == 0 and shown.effective else "–"
