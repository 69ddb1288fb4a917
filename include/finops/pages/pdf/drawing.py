"""Charts and small marks on the page. The charts are those of the HTML page, drawn from the same elements."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from reportlab.lib.colors import Color
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from finops.pages.pdf.sheet import FAINT, LINE, SERIES, SOFT
from finops.pages.pdf.typeface import typeface


class Chart(Flowable):
    """A chart of ``finops.pages.charts``: its lines, texts and rectangles, as wide as the page."""

    def __init__(self, svg: Element, width: float, height: float | None = None) -> None:
        super().__init__()
        _, _, across, down = (float(each) for each in svg.attrib["viewBox"].split())
        self.svg, self.down = svg, down
        self.width, self.scale_x = width, width / across
        self.height = height or down * self.scale_x
        self.scale_y = self.height / down

    def draw(self) -> None:
        """Draw every shape of the chart."""
        for shape in self.svg.iter():
            where = {key: float(text) for key, text in shape.attrib.items() if key in _PLACES}
            if shape.tag == "line":
                self._line(where, shape.get("class", ""))
            elif shape.tag == "text":
                self._text(shape, where)
            elif shape.tag == "rect":
                self._rect(shape, where)
            elif shape.tag == "circle":
                self.canv.setFillColor(SERIES["series-0"])
                self.canv.circle(
                    where["cx"] * self.scale_x, self._y(where["cy"]), min(where["r"] / 2, 2), stroke=0, fill=1
                )

    def _line(self, at: dict[str, float], css_class: str) -> None:
        colours = {"axis": SOFT, "curve": SERIES["series-0"], "target": SERIES["series-1"]}
        self.canv.setStrokeColor(colours.get(css_class, LINE))
        self.canv.setLineWidth(1.2 if css_class == "curve" else 0.8 if css_class == "target" else 0.5)
        self.canv.setDash([3, 2] if css_class == "target" else [])
        self.canv.line(at["x1"] * self.scale_x, self._y(at["y1"]), at["x2"] * self.scale_x, self._y(at["y2"]))

    def _text(self, shape: Element, at: dict[str, float]) -> None:
        self.canv.setFillColor(SOFT)
        self.canv.setFont(typeface(), 11.5 * self.scale_y)
        draw = self.canv.drawCentredString if shape.get("text-anchor") == "middle" else self.canv.drawRightString
        draw(at["x"] * self.scale_x, self._y(at["y"]), shape.text or "")

    def _rect(self, shape: Element, at: dict[str, float]) -> None:
        self.canv.setFillColor(SERIES[shape.attrib["class"]])
        bottom = self._y(at["y"] + at["height"])
        width, height = at["width"] * self.scale_x, at["height"] * self.scale_y
        self.canv.rect(at["x"] * self.scale_x, bottom, width, height, stroke=0, fill=1)

    def _y(self, down: float) -> float:
        return (self.down - down) * self.scale_y


_PLACES = frozenset({"x", "y", "x1", "x2", "y1", "y2", "width", "height", "cx", "cy", "r"})


def bar(canvas: Canvas, x: float, y: float, width: float, part: float, colour: Color) -> None:
    """Draw a thin bar of which ``part`` (0 to 1) is filled."""
    canvas.setFillColor(FAINT)
    canvas.rect(x, y, width, 2.4, stroke=0, fill=1)
    if part > 0:
        canvas.setFillColor(colour)
        canvas.rect(x, y, width * min(max(part, 0.01), 1), 2.4, stroke=0, fill=1)
