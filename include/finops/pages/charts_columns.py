"""The chart of a few amounts side by side for each month, such as what was estimated and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from finops.pages import wording
from finops.pages.drawing import RIGHT, Scale, add, axis, canvas, left_of

_LABEL = 64
"""How much room a label below needs."""


def columns_chart(
    groups: Sequence[tuple[str, Sequence[int]]],
    names: Sequence[str],
    title: str,
    currency: str,
    digits: int,
    *,
    ident: str,
    width: int,
    height: int = 220,
) -> Element:
    """Return a group of columns for each label, one column per name, in smallest units; pointing at one tells it.

    The columns of a name have its number as class (``series-0`` …). Negative amounts hang below the zero line.
    """
    amounts = [units for _, each in groups for units in each]
    scale = Scale.over(min(amounts, default=0), max(amounts, default=0), height)
    left = left_of(scale, digits)
    worded = (
        f"{label}: " + ", ".join(f"{n} {wording.money(u, digits)}" for n, u in zip(names, each, strict=True))
        for label, each in groups
    )
    svg = canvas(width, height, ident, title, f"In {currency}. {'; '.join(worded)}.")
    axis(svg, scale, left, width, digits)
    pitch = (width - left - RIGHT) / max(len(groups), 1)
    # Few months would make columns like walls.
    thickness = min(pitch * 0.76 / max(len(names), 1), 72)
    step = max(-(-len(groups) * _LABEL // max(width - left, 1)), 1)
    for number, (label, each) in enumerate(groups):
        middle = left + pitch * (number + 0.5)
        if (len(groups) - 1 - number) % step == 0:
            place = {"class": "tick", "x": round(middle, 2), "y": height - 8, "text-anchor": "middle"}
            add(svg, "text", place).text = label
        for series, (name, units) in enumerate(zip(names, each, strict=True)):
            x = round(middle + thickness * (series - len(names) / 2), 2)
            top, bottom = scale.y(max(units, 0)), scale.y(min(units, 0))
            box = {"x": x, "y": top, "width": round(thickness * 0.94, 2), "height": round(bottom - top, 2)}
            column = add(svg, "rect", {"class": f"series-{series}", **box})
            add(column, "title", {}).text = f"{label}, {name}: {wording.money(units, digits)} {currency}"
    return svg
