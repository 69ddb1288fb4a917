"""What is no table: the head of the first page, the figures that matter most, and the legends of charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib.colors import Color
from reportlab.platypus import Flowable

from finops.chargeback.formats import wording
from finops.chargeback.formats.pdf.page import (
    FAINT,
    GOOD,
    GOOD_PAPER,
    INK,
    LINE,
    SERIES,
    SOFT,
    WIDTH,
    scope_of,
    status_of,
)
from finops.chargeback.formats.pdf.tables import draw_title
from finops.chargeback.formats.pdf.typeface import fitted, typeface, value, width_of
from finops.chargeback.statement import completeness
from finops.chargeback.statement.models import Statement


class _Block(Flowable):
    """Something as wide as the page, whose height is known from the start."""

    def wrap(self, *_: float) -> tuple[float, float]:
        return WIDTH, self.height


class Head(_Block):
    """Whose statement it is, of which month, in which state, and from what it was made."""

    def __init__(self, statement: Statement) -> None:
        super().__init__()
        self.statement = statement
        self.lines = fitted(scope_of(statement), 24, WIDTH, bold=True, most=3)
        currencies = ", ".join(section.currency for section in statement.sections)
        made = statement.closing
        closed = f"{value(statement.build_id)}, closed by {value(made.by)}" if made else value(statement.build_id)
        self.facts = (
            ("Billing period", str(statement.billing_period)),
            ("Scope" if statement.cost_center is None else "Cost centre", _scope(statement)),
            ("Currency" if len(statement.sections) == 1 else "Currencies", currencies or "–"),
            ("Generated from build", closed),
        )
        self.height = 90 + 28 * len(self.lines)

    def draw(self) -> None:
        """Draw it from the top down."""
        canvas, y = self.canv, self.height - 10
        canvas.setFillColor(SOFT)
        canvas.setFont(typeface(), 9)
        canvas.drawString(0, y, "Chargeback statement")
        _pill(canvas, width_of("Chargeback statement", 9) + 8, y - 3, status_of(self.statement))
        canvas.setFillColor(INK)
        canvas.setFont(typeface(bold=True), 24)
        y -= 4
        for line in self.lines:
            y -= 28
            canvas.drawString(0, y, line)
        y -= 16
        up_to = f" · costs up to {wording.day(self.statement.last_day)}" if self.statement.last_day else ""
        canvas.setFillColor(SOFT)
        canvas.setFont(typeface(), 10)
        complete = completeness.remark(self.statement)
        about = wording.month(self.statement.billing_period) + up_to + (complete and f" · {complete}")
        canvas.drawString(0, y, about)
        canvas.setStrokeColor(LINE)
        canvas.line(0, y - 11, WIDTH, y - 11)
        for number, (what, text) in enumerate(self.facts):
            x = WIDTH / 4 * number
            canvas.setFillColor(SOFT)
            canvas.setFont(typeface(), 7.5)
            canvas.drawString(x, y - 23, what)
            canvas.setFillColor(INK)
            canvas.setFont(typeface(bold=True), 8.5)
            canvas.drawString(x, y - 34, fitted(text, 8.5, WIDTH / 4 - 10, bold=True, most=1)[0])


def _scope(statement: Statement) -> str:
    return "all cost centres" if statement.cost_center is None else scope_of(statement)


def _pill(canvas: Any, x: float, y: float, text: str) -> None:
    canvas.setFillColor(FAINT)
    canvas.roundRect(x, y, width_of(text, 8, bold=True) + 12, 13, 6, stroke=0, fill=1)
    canvas.setFillColor(INK)
    canvas.setFont(typeface(bold=True), 8)
    canvas.drawString(x + 6, y + 3.6, text)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with what it is above and a note below."""

    what: str
    amount: str
    note: str
    colour: Color = SOFT


class Headline(_Block):
    """A section's figures side by side, the first one large."""

    def __init__(self, figures: Sequence[Figure], unit: str) -> None:
        super().__init__()
        self.height = 66
        self.figures, self.unit = figures, unit
        first = WIDTH * 0.4
        self.widths = [first, *[(WIDTH - first) / (len(figures) - 1)] * (len(figures) - 1)]
        self.spaceAfter = 14

    def draw(self) -> None:
        """Draw the box and the figures; an amount too wide for its place gets smaller, never cut."""
        canvas = self.canv
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.7)
        canvas.roundRect(0, 0, WIDTH, self.height, 6, stroke=1, fill=0)
        x = 0.0
        for number, (figure, width) in enumerate(zip(self.figures, self.widths, strict=True)):
            if number:
                canvas.setStrokeColor(LINE)
                canvas.line(x, 10, x, self.height - 10)
            unit = f" {self.unit}" if number == 0 else ""
            room = width - 22 - (width_of(unit, 10) if unit else 0)
            size = _fitting(figure.amount, 21 if number == 0 else 13, room)
            canvas.setFillColor(SOFT)
            canvas.setFont(typeface(), 7.8)
            canvas.drawString(x + 11, self.height - 17, fitted(figure.what, 7.8, width - 16, most=1)[0])
            canvas.setFillColor(INK)
            canvas.setFont(typeface(bold=True), size)
            canvas.drawString(x + 11, 27, figure.amount)
            if unit:
                canvas.setFillColor(SOFT)
                canvas.setFont(typeface(), 10)
                canvas.drawString(x + 11 + width_of(figure.amount, size, bold=True), 27, unit)
            canvas.setFillColor(figure.colour)
            canvas.setFont(typeface(), 7.5)
            canvas.drawString(x + 11, 12, fitted(figure.note, 7.5, width - 16, most=1)[0])
            x += width


def _fitting(text: str, size: float, width: float) -> float:
    return min(size, size * width / width_of(text, size, bold=True))


class Heading(_Block):
    """A heading of a part, or of a whole currency."""

    def __init__(self, title: str, note: str = "", size: float = 11) -> None:
        super().__init__()
        self.title, self.note, self.size = title, note, size
        self.height = size + 8
        self.keepWithNext = True

    def draw(self) -> None:
        """Draw it at the left."""
        if self.size == 11:
            draw_title(self.canv, self.title, self.note, 6)
        else:
            self.canv.setFillColor(INK)
            self.canv.setFont(typeface(bold=True), self.size)
            self.canv.drawString(0, 7, self.title)


class Legend(_Block):
    """What the colours of a chart stand for, in as many lines as it takes."""

    def __init__(self, entries: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self.places: list[tuple[float, int, str, str, str]] = []
        x, line = 0.0, 0
        for css_class, label, share in entries:
            label = fitted(label, 8, 180, most=1)[0]
            width = 12 + width_of(label, 8) + width_of(f" {share}", 8, bold=True) + 16
            if x + width > WIDTH and x:
                x, line = 0.0, line + 1
            self.places.append((x, line, css_class, label, share))
            x += width
        self.height = 13.0 * (line + 1) + 6
        self.spaceAfter = 16

    def draw(self) -> None:
        """Draw each entry: its colour, its name, its share."""
        for x, line, css_class, label, share in self.places:
            y = self.height - 15 - 13 * line
            self.canv.setFillColor(SERIES[css_class])
            self.canv.rect(x, y, 7, 7, stroke=0, fill=1)
            self.canv.setFillColor(SOFT)
            self.canv.setFont(typeface(), 8)
            self.canv.drawString(x + 11, y, label)
            self.canv.setFillColor(INK)
            self.canv.setFont(typeface(bold=True), 8)
            self.canv.drawString(x + 14 + width_of(label, 8), y, share)


class Note(_Block):
    """A paragraph: a term and what it means, or a statement of proof on a green ground."""

    def __init__(self, title: str, text: str, *, is_proof: bool = False) -> None:
        super().__init__()
        self.title, self.is_proof = title, is_proof
        self.inset = 12 if is_proof else 0
        self.lines = fitted(text, 8.5, WIDTH - 2 * self.inset, most=12)
        self.height = 14.0 + 11.5 * len(self.lines) + (14 if is_proof else 4)
        self.spaceAfter = 16 if is_proof else 2

    def draw(self) -> None:
        """Draw the ground, the title and the lines."""
        canvas, y = self.canv, self.height - 10.0
        if self.is_proof:
            canvas.setFillColor(GOOD_PAPER)
            canvas.roundRect(0, 0, WIDTH, self.height, 6, stroke=0, fill=1)
            y -= 7
        canvas.setFillColor(GOOD if self.is_proof else INK)
        canvas.setFont(typeface(bold=True), 9.5 if self.is_proof else 8.5)
        canvas.drawString(self.inset, y, self.title)
        canvas.setFillColor(INK if self.is_proof else SOFT)
        canvas.setFont(typeface(), 8.5)
        for line in self.lines:
            y -= 11.5
            canvas.drawString(self.inset, y, line)
