"""A small chart with its figure and its words beside it: one of several multiples on a page."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from reportlab.lib.colors import Color
from reportlab.platypus import Flowable

from finops.pages.pdf.drawing import Chart
from finops.pages.pdf.sheet import FAINT, INK, SOFT, WIDTH
from finops.pages.pdf.typeface import fitted, typeface, width_of

_CHART = WIDTH * 0.44
_GAP = 16
_MOST_LINES = 6


class Beside(Flowable):
    """A title with a remark at the right, a chart below at the left, and beside it a figure and paragraphs.

    ``paragraphs`` are (text, colour). Words wrap; the whole stays on one page.
    """

    def __init__(
        self, title: str, remark: str, figure: str, svg: Element, paragraphs: Sequence[tuple[str, Color]]
    ) -> None:
        super().__init__()
        self.title, self.remark, self.figure = title, remark, figure
        self.chart = Chart(svg, _CHART)
        room = WIDTH - _CHART - _GAP
        self.paragraphs = [(fitted(text, 8, room, most=_MOST_LINES), colour) for text, colour in paragraphs if text]
        words = 22 + sum(10.4 * len(lines) + 3 for lines, _ in self.paragraphs)
        self.height = 20 + max(self.chart.height, words) + 12

    def wrap(self, *_: float) -> tuple[float, float]:
        """Say how large it is."""
        return WIDTH, self.height

    def draw(self) -> None:
        """Draw it from the top down."""
        canvas, y = self.canv, self.height - 13
        canvas.setStrokeColor(FAINT)
        canvas.setLineWidth(0.7)
        canvas.line(0, self.height, WIDTH, self.height)
        canvas.setFillColor(INK)
        canvas.setFont(typeface(bold=True), 10.5)
        room = WIDTH - width_of(self.remark, 8) - 20
        canvas.drawString(0, y, fitted(self.title, 10.5, room, bold=True, most=1)[0])
        canvas.setFillColor(SOFT)
        canvas.setFont(typeface(), 8)
        canvas.drawRightString(WIDTH, y, self.remark)
        self.chart.drawOn(canvas, 0, y - 7 - self.chart.height)
        x = _CHART + _GAP
        y -= 22
        canvas.setFillColor(INK)
        canvas.setFont(typeface(bold=True), 15)
        canvas.drawString(x, y, fitted(self.figure, 15, WIDTH - x, bold=True, most=1)[0])
        y -= 5
        for lines, colour in self.paragraphs:
            canvas.setFillColor(colour)
            canvas.setFont(typeface(), 8)
            for line in lines:
                y -= 10.4
                canvas.drawString(x, y, line)
            y -= 3
