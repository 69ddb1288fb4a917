"""The small picture of a week by the hour: one row per day, darker where more is needed."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from finops.pages.drawing import add, canvas

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LEFT, _CELL, _ROW, _GAP = 34, 15, 13, 1
_EVERY = 6
"""Hours between two labels below."""


def week_chart(hours: Sequence[tuple[int, int]], title: str, description: str, *, ident: str) -> Element:
    """Return a cell for each hour of a week from Monday 00:00 on, by its most; pointing at one tells least and most."""
    largest = max((most for _, most in hours), default=1) or 1
    svg = canvas(_LEFT + 24 * _CELL, 7 * _ROW + 18, ident, title, description)
    svg.set("class", "week")
    for day, label in enumerate(_DAYS):
        add(svg, "text", {"class": "tick", "x": 0, "y": day * _ROW + 10}).text = label
    for number, (least, most) in enumerate(hours):
        day, hour = divmod(number, 24)
        box = {"x": _LEFT + hour * _CELL, "y": day * _ROW, "width": _CELL - _GAP, "height": _ROW - _GAP}
        shade = {"class": "series-0", "fill-opacity": round(0.12 + 0.88 * most / largest, 2)}
        cell = add(svg, "rect", {**shade, **box})
        told = str(most) if least == most else f"{least} to {most}"
        add(cell, "title", {}).text = f"{_DAYS[day]} {hour:02}:00: {told}"
    for hour in range(0, 24, _EVERY):
        add(svg, "text", {"class": "tick", "x": _LEFT + hour * _CELL, "y": 7 * _ROW + 12}).text = f"{hour:02}:00"
    return svg
