"""Charts as static SVG: pure functions from figures to elements, drawn by the page's own style sheet.

They set no colours: classes do (``series-0`` …), so that one drawing serves light, dark and paper. Each has a title
and a description for screen readers, and each figure in it also stands in a table of the page.
"""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Sequence
from decimal import Decimal
from xml.etree.ElementTree import Element

from finops.core.periods import BillingPeriod
from finops.pages import wording
from finops.pages.drawing import RIGHT, TOP, Scale, add, axis, canvas, left_of
from finops.pages.figures import Day

_SERIES = {"aws": 0, "azure": 1, "gcp": 2}


def daily_chart(
    days: Sequence[Day], period: BillingPeriod, currency: str, digits: int, *, ident: str, width: int, height: int = 240
) -> Element:
    """Return a month's daily cost as stacked columns, one part per provider; credits hang below the zero line.

    The axis is the calendar month (UTC). Days outside it are not drawn; the table beside the chart has them.
    """
    drawn = [day for day in days if _is_of(day, period)]
    above = [sum(amount for _, amount in day.by_provider if amount > 0) for day in drawn]
    below = [sum(amount for _, amount in day.by_provider if amount < 0) for day in drawn]
    scale = Scale.over(min(below, default=0), max(above, default=0), height)
    left = left_of(scale, digits)
    length = calendar.monthrange(period.year, period.month)[1]
    pitch = (width - left - RIGHT) / length
    svg = canvas(width, height, ident, f"Cost per day in {wording.month(period)}", _described(drawn, currency, digits))
    axis(svg, scale, left, width, digits)
    for number in _labelled_days(length, narrow=width < 600):
        x = round(left + pitch * (number - 0.5), 2)
        place = {"class": "tick", "x": x, "y": height - 8, "text-anchor": "middle"}
        add(svg, "text", place).text = str(number)
    for day in drawn:
        _column(svg, day, scale, round(left + pitch * (day.charge_date.day - 1), 2), pitch, currency, digits)
    return svg


def line_chart(
    points: Sequence[tuple[str, int]],
    title: str,
    currency: str,
    digits: int,
    *,
    ident: str,
    width: int,
    height: int = 180,
) -> Element:
    """Return amounts as a line from left to right, each point with its label below and its amount on pointing at it."""
    scale = Scale.over(min(units for _, units in points), max(units for _, units in points), height)
    left = left_of(scale, digits)
    worded = [f"{label} {wording.money(units, digits)}" for label, units in points]
    svg = canvas(width, height, ident, title, f"In {currency}: {', '.join(worded)}.")
    axis(svg, scale, left, width, digits)
    pitch = (width - left - RIGHT) / len(points)
    spots = [(round(left + pitch * (n + 0.5), 2), scale.y(units)) for n, (_, units) in enumerate(points)]
    for (x1, y1), (x2, y2) in itertools.pairwise(spots):
        add(svg, "line", {"class": "curve", "x1": x1, "x2": x2, "y1": y1, "y2": y2})
    # Every label where there is room for it, and always the last.
    step = -(-len(points) * 46 // (width - left))
    for number, ((x, y), (label, _), words) in enumerate(zip(spots, points, worded, strict=True)):
        dot = add(svg, "circle", {"class": "dot", "cx": x, "cy": y, "r": 4})
        add(dot, "title", {}).text = f"{words} {currency}"
        if (len(points) - 1 - number) % step == 0:
            add(svg, "text", {"class": "tick", "x": x, "y": height - 8, "text-anchor": "middle"}).text = label
    return svg


def trend_chart(
    points: Sequence[tuple[str, str, Decimal | None]],
    title: str,
    target: Decimal | None,
    *,
    ident: str,
    width: int,
    height: int = 150,
) -> Element:
    """Return a small line of figures over time; where one is None the line has a gap. All scales begin at zero.

    Each point is what stands below it, its figure in words, and the figure. The target is a dashed line, left out where
    it lies so far above that the figures would be flat.
    """
    known = [figure for _, _, figure in points if figure is not None]
    top = max(map(abs, known), default=Decimal(0))
    drawn_target = target if target is not None and (not top or abs(target) <= 3 * top) else None
    shown = [*known, *([] if drawn_target is None else [drawn_target])]
    largest = max(map(abs, shown), default=Decimal(0))
    digits = max(0, 2 - largest.adjusted()) if largest else 0
    units = [round(figure.scaleb(digits)) for figure in shown] or [0]
    scale = Scale.over(min(units), max(units), height)
    left = left_of(scale, digits)
    worded = ", ".join(f"{label}: {words}" for label, words, _ in points)
    svg = canvas(width, height, ident, title, f"{worded}.")
    axis(svg, scale, left, width, digits)
    if drawn_target is not None:
        y = scale.y(units[-1])
        add(svg, "line", {"class": "target", "x1": left, "x2": width - RIGHT, "y1": y, "y2": y})
        place = {
            "class": "tick halo",
            "x": width - RIGHT,
            "y": y - 4 if y > TOP + 6 else y + 12,
            "text-anchor": "end",
        }
        add(svg, "text", place).text = "target"
    pitch = (width - left - RIGHT) / max(len(points), 1)
    step = -(-len(points) * 46 // (width - left))
    before = None
    for number, (label, words, figure) in enumerate(points):
        x = round(left + pitch * (number + 0.5), 2)
        if (len(points) - 1 - number) % step == 0:
            add(svg, "text", {"class": "tick", "x": x, "y": height - 8, "text-anchor": "middle"}).text = label
        spot = None if figure is None else (x, scale.y(round(figure.scaleb(digits))))
        if spot and before:
            add(svg, "line", {"class": "curve", "x1": before[0], "x2": spot[0], "y1": before[1], "y2": spot[1]})
        if spot:
            dot = add(svg, "circle", {"class": "dot", "cx": spot[0], "cy": spot[1], "r": 3})
            add(dot, "title", {}).text = f"{label}: {words}"
        before = spot
    return svg


def _column(svg: Element, day: Day, scale: Scale, x: float, pitch: float, currency: str, digits: int) -> None:
    column = add(svg, "g", {})
    lines = [f"{wording.name(p)} {wording.money(amount, digits)}" for p, amount in day.by_provider]
    label = f"{wording.day(day.charge_date)}: {wording.money(day.total, digits)} {currency}"
    add(column, "title", {}).text = "\n".join([label, *lines] if len(lines) > 1 else [label])
    up = down = 0
    for provider, amount in day.by_provider:
        start = up if amount > 0 else down
        top, bottom = scale.y(max(start, start + amount)), scale.y(min(start, start + amount))
        if amount > 0:
            up += amount
        else:
            down += amount
        if bottom > top:
            box = {"x": round(x + pitch * 0.12, 2), "width": round(pitch * 0.76, 2), "y": top}
            add(
                column,
                "rect",
                {"class": series_of(provider), **box, "height": round(bottom - top, 2)},
            )


def outside(days: Sequence[Day], period: BillingPeriod) -> int:
    """Return the cost of days outside the calendar month, which bills of months in another time zone have."""
    return sum(day.total for day in days if not _is_of(day, period))


def _is_of(day: Day, period: BillingPeriod) -> bool:
    return (day.charge_date.year, day.charge_date.month) == (period.year, period.month)


def series_of(provider: str) -> str:
    """Return the class that colours a provider, the same on every page."""
    return f"series-{_SERIES.get(provider, 3)}"


def share_strip(parts: Sequence[tuple[str, int, str]], *, ident: str, title: str) -> Element:
    """Return one bar split by share: (name, tenths of a percent, class), drawn in the order given."""
    described = ", ".join(f"{label} {wording.share(permille)}" for label, permille, _ in parts)
    svg = canvas(1000, 28, ident, title, described, stretch=True)
    # With a credit among them, the positive parts are more than the whole: the bar shows how these split.
    whole = sum(permille for _, permille, _ in parts if permille > 0)
    x = 0.0
    for label, permille, css_class in parts:
        if permille > 0:
            width = 1000 * permille / whole
            box = {"x": round(x, 2), "y": 0, "width": round(max(width - 3, 1), 2), "height": 28}
            part = add(svg, "rect", {"class": css_class, **box})
            add(part, "title", {}).text = f"{label}: {wording.share(permille)}"
            x += width
    return svg


def share_bar(permille: int | None) -> Element:
    """Return a small bar for a table cell. The share also stands beside it as text, so it is hidden from readers."""
    svg = _bar()
    add(svg, "rect", {"class": "track", "width": 1000, "height": 8})
    if permille and permille > 0:
        add(svg, "rect", {"class": "fill", "width": min(max(permille, 6), 1000), "height": 8})
    return svg


def change_bar(units: int, largest: int) -> Element:
    """Return a bar for a rise or a fall beside the largest one of its page."""
    svg = _bar()
    length = max(round(1000 * abs(units) / largest), 6) if largest else 0
    add(svg, "rect", {"class": "rise" if units > 0 else "fall", "width": length, "height": 8})
    return svg


def _bar() -> Element:
    return Element(
        "svg", {"class": "bar", "viewBox": "0 0 1000 8", "preserveAspectRatio": "none", "aria-hidden": "true"}
    )


def _described(days: Sequence[Day], currency: str, digits: int) -> str:
    if not days:
        return "There are no costs on days of this month."
    highest, lowest = max(days, key=lambda day: day.total), min(days, key=lambda day: day.total)
    return (
        f"{len(days)} days with costs. Highest: {wording.day(highest.charge_date)} with "
        f"{wording.money(highest.total, digits)} {currency}; lowest: {wording.day(lowest.charge_date)} with "
        f"{wording.money(lowest.total, digits)} {currency}."
    )


def _labelled_days(length: int, *, narrow: bool) -> list[int]:
    """Return the days that get a number: few enough to read, always the first and the last."""
    step = 7 if narrow else 3
    return [day for day in range(1, length, step) if length - day >= step - 1] + [length]
