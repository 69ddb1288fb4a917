"""What is no table: the head of the first page, the figures that matter most, and the legends of charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportlab.platypus import Flowable

from finops.pages.figures import Figure
from finops.pages.pdf.sheet import FAINT, GOOD, GOOD_PAPER, INK, LINE, SERIES, SOFT, WIDTH, colour_of
from finops.pages.pdf.tables import draw_title
from finops.pages.pdf.typeface import fitted, typeface, width_of


class _Block(Flowable):
    """Something as wide as the page, whose height is known from the start."""

    def wrap(self, *_: float) -> tuple[float, float]:
        return WIDTH, self.height


class Head(_Block):
    """What the page is, its status, its title, a line about it, and facts side by side."""

    def __init__(self, kind: str, status: str, title: str, about: str, facts: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__()
        self.kind, self.status, self.about, self.facts = kind, status, about, facts
        self.lines = fitted(title, 24, WIDTH, bold=True, most=3)
        self.height = (90 if facts else 64) + 28 * len(self.lines)

    def draw(self) -> None:
        """Draw it from the top down."""
        canvas, y = self.canv, self.height - 10
        canvas.setFillColor(SOFT)
        canvas.setFont(typeface(), 9)
        canvas.drawString(0, y, self.kind)
        _pill(canvas, width_of(self.kind, 9) + 8, y - 3, self.status)
        canvas.setFillColor(INK)
        canvas.setFont(typeface(bold=True), 24)
        y -= 4
        for line in self.lines:
            y -= 28
            canvas.drawString(0, y, line)
        y -= 16
        canvas.setFillColor(SOFT)
        canvas.setFont(typeface(), 10)
        canvas.drawString(0, y, self.about)
        canvas.setStrokeColor(LINE)
        canvas.line(0, y - 11, WIDTH, y - 11)
        for number, (what, text) in enumerate(self.facts):
            x = WIDTH / len(self.facts) * number
            canvas.setFillColor(SOFT)
            canvas.setFont(typeface(), 7.5)
            canvas.drawString(x, y - 23, what)
            canvas.setFillColor(INK)
            canvas.setFont(typeface(bold=True), 8.5)
            canvas.drawString(x, y - 34, fitted(text, 8.5, WIDTH / len(self.facts) - 10, bold=True, most=1)[0])


def _pill(canvas: Any, x: float, y: float, text: str) -> None:
    canvas.setFillColor(FAINT)
    canvas.roundRect(x, y, width_of(text, 8, bold=True) + 12, 13, 6, stroke=0, fill=1)
    canvas.setFillColor(INK)
    canvas.setFont(typeface(bold=True), 8)
    canvas.drawString(x + 6, y + 3.6, text)


class Figures(_Block):
    """Up to four figures side by side, the first one large."""

    def __init__(self, figures: Sequence[Figure], unit: str) -> None:
        super().__init__()
        self.height = 66
        self.figures, self.unit = figures, unit
        first = WIDTH * 0.4
        self.widths = [first, *[(WIDTH - first) / max(len(figures) - 1, 1)] * (len(figures) - 1)]
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
            canvas.setFillColor(colour_of(figure.change))
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


class Paragraph(_Block):
    """A paragraph: a term and what it means, words without a term, or a statement of proof on a green ground."""

    def __init__(self, title: str, text: str, *, is_proof: bool = False) -> None:
        super().__init__()
        self.title, self.is_proof = title, is_proof
        self.inset = 12 if is_proof else 0
        self.lines = fitted(text, 8.5, WIDTH - 2 * self.inset, most=12) if text else []
        self.height = (14.0 if title else 2.0) + 11.5 * len(self.lines) + (14 if is_proof else 4)
        self.spaceAfter = 16 if is_proof else 2

    def draw(self) -> None:
        """Draw the ground, the title and the lines."""
        canvas, y = self.canv, self.height - (10.0 if self.title else -2.0)
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
