"""What charts are drawn with: a canvas with its title, a scale with round steps, an axis, elements of SVG."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, tostring

from finops.core.money import from_units
from finops.pages import wording

TOP, BOTTOM, RIGHT = 12, 26, 4


@dataclass(frozen=True, slots=True)
class Scale:
    """Amounts in smallest units to vertical positions."""

    low: int
    high: int
    step: int
    height: int

    @classmethod
    def over(cls, low: int, high: int, height: int) -> Scale:
        """Return a scale whose ends are multiples of a round step and enclose the amounts and zero."""
        low, high = min(low, 0), max(high, 1)
        step = _round_step(high - low)
        return cls(low // step * step, -(-high // step) * step, step, height)

    def y(self, units: int) -> float:
        """Return where an amount is, counted from the top."""
        inner = self.height - TOP - BOTTOM
        return round(TOP + inner * (self.high - units) / (self.high - self.low), 2)

    @property
    def ticks(self) -> range:
        """The amounts that have a line."""
        return range(self.low, self.high + 1, self.step)


def left_of(scale: Scale, digits: int) -> int:
    """Return where a drawing begins, right of the labels of its axis."""
    return 8 + 7 * max(len(compact(tick, digits)) for tick in scale.ticks)


def axis(svg: Element, scale: Scale, left: float, width: int, digits: int) -> None:
    """Draw a line and a label for each tick."""
    for tick in scale.ticks:
        line = {"x1": left, "x2": width - RIGHT, "y1": scale.y(tick), "y2": scale.y(tick)}
        add(svg, "line", {"class": "axis" if tick == 0 else "grid", **line})
        place = {"class": "tick", "x": left - 6, "y": scale.y(tick) + 4, "text-anchor": "end"}
        add(svg, "text", place).text = compact(tick, digits)


def markup(svg: Element) -> str:
    """Return a drawing as it stands in a page; the XML library escapes every text in it."""
    return tostring(svg, encoding="unicode")


def canvas(width: int, height: int, ident: str, title: str, description: str, *, stretch: bool = False) -> Element:
    """Return an empty drawing with what a screen reader says of it."""
    labelled = {"role": "img", "aria-labelledby": f"{ident}-title {ident}-desc"}
    svg = Element("svg", {"viewBox": f"0 0 {width} {height}", **labelled})
    if stretch:
        svg.set("preserveAspectRatio", "none")
    add(svg, "title", {"id": f"{ident}-title"}).text = title
    add(svg, "desc", {"id": f"{ident}-desc"}).text = description
    return svg


def add(parent: Element, tag: str, attributes: dict[str, object]) -> Element:
    """Draw an element within another."""
    return SubElement(parent, tag, {key: str(value) for key, value in attributes.items()})


def _round_step(span: int) -> int:
    """Return 1, 2 or 5 times a power of ten that divides ``span`` into about four."""
    magnitude = 10 ** max(len(str(span // 4 or 1)) - 1, 0)
    return next(magnitude * factor for factor in (1, 2, 5, 10) if magnitude * factor * 4 >= span)


def compact(units: int, digits: int) -> str:
    """Return an axis label: ``1.5k``, ``20M``."""
    amount = from_units(units, digits)
    for limit, suffix in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if abs(amount) >= limit:
            return _trimmed(amount / limit) + suffix
    return _trimmed(amount)


def _trimmed(amount: Decimal) -> str:
    return f"{amount.normalize():f}".replace("-", wording.MINUS)
