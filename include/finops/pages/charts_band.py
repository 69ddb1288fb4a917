"""The chart of what was expected and what came: a band, a dashed line in it, and the line of actual cost."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from xml.etree.ElementTree import Element

from finops.pages import wording
from finops.pages.drawing import BOTTOM, RIGHT, TOP, Scale, add, axis, canvas, left_of
from finops.pages.figures import BandPoint

_LABEL = 64
"""How much room a label below needs."""


def band_chart(
    points: Sequence[BandPoint],
    title: str,
    currency: str,
    digits: int,
    *,
    ident: str,
    width: int,
    height: int = 240,
    mark: int | None = None,
    limit: int | None = None,
) -> Element:
    """Return expected bands (outer and inner), the expected and the actual line over time, and a dot on odd points.

    Pointing at a point tells its figures. ``mark`` is the number of the point at whose left a line stands, such as the
    first one that is forecast; ``limit`` is an amount with a line across. Lines and bands have a gap where nothing is
    known. The scale begins at zero.
    """
    known = [units for each in points for units in _figures(each)] + ([] if limit is None else [limit])
    scale = Scale.over(min(known, default=0), max(known, default=0), height)
    left = left_of(scale, digits)
    pitch = (width - left - RIGHT) / max(len(points), 1)
    svg = canvas(width, height, ident, title, _described(points, currency, digits))
    across = [round(left + pitch * (number + 0.5), 2) for number in range(len(points))]
    for name, bounds_of in (("band-outer", _outer), ("band-inner", _inner)):
        for run in _runs(points, bounds_of):
            _band(svg, name, [(across[n], *(bounds_of(points[n]) or (0, 0))) for n in run], scale, pitch)
    axis(svg, scale, left, width, digits)
    if mark is not None:
        x = round(left + pitch * mark, 2)
        add(svg, "line", {"class": "mark", "x1": x, "x2": x, "y1": TOP, "y2": height - BOTTOM})
    if limit is not None:
        across_all = {"x1": left, "x2": width - RIGHT, "y1": scale.y(limit), "y2": scale.y(limit)}
        add(svg, "line", {"class": "target", **across_all})
    _line(svg, "expected", [(x, each.expected) for x, each in zip(across, points, strict=True)], scale)
    _line(svg, "curve", [(x, each.actual) for x, each in zip(across, points, strict=True)], scale)
    _labels(svg, points, across, height, left)
    _spots(svg, points, across, scale, pitch, currency, digits)
    return svg


def _outer(point: BandPoint) -> tuple[int, int] | None:
    return point.outer


def _inner(point: BandPoint) -> tuple[int, int] | None:
    return point.inner


def _figures(point: BandPoint) -> Iterator[int]:
    yield from (each for each in (point.actual, point.expected) if each is not None)
    yield from (point.inner or ())
    yield from (point.outer or ())


def _runs(points: Sequence[BandPoint], bounds_of: Callable[[BandPoint], tuple[int, int] | None]) -> Iterator[list[int]]:
    """Yield the stretches of neighbours that all have bounds."""
    for has, run in itertools.groupby(range(len(points)), key=lambda number: bounds_of(points[number]) is not None):
        if has:
            yield list(run)


def _band(svg: Element, name: str, run: list[tuple[float, int, int]], scale: Scale, pitch: float) -> None:
    if len(run) == 1:
        ((x, low, high),) = run
        run = [(round(x - pitch / 3, 2), low, high), (round(x + pitch / 3, 2), low, high)]
    edge = [(x, scale.y(high)) for x, _, high in run] + [(x, scale.y(low)) for x, low, _ in reversed(run)]
    add(svg, "polygon", {"class": name, "points": " ".join(f"{x},{y}" for x, y in edge)})


def _line(svg: Element, name: str, spots: list[tuple[float, int | None]], scale: Scale) -> None:
    for (x1, before), (x2, after) in itertools.pairwise(spots):
        if before is not None and after is not None:
            add(svg, "line", {"class": name, "x1": x1, "x2": x2, "y1": scale.y(before), "y2": scale.y(after)})


def _labels(svg: Element, points: Sequence[BandPoint], across: list[float], height: int, left: float) -> None:
    """Label every point where there is room for it, and always the last."""
    step = max(-(-len(points) * _LABEL // max(int(across[-1] - left), 1)), 1) if points else 1
    for number, (point, x) in enumerate(zip(points, across, strict=True)):
        if (len(points) - 1 - number) % step == 0:
            anchor = "end" if number == len(points) - 1 and len(points) > 1 else "middle"
            place = {"class": "tick", "x": x, "y": height - 8, "text-anchor": anchor}
            add(svg, "text", place).text = point.label


def _spots(
    svg: Element,
    points: Sequence[BandPoint],
    across: list[float],
    scale: Scale,
    pitch: float,
    currency: str,
    digits: int,
) -> None:
    """Mark odd points, and give every point a place to point at."""
    for point, x in zip(points, across, strict=True):
        at = point.actual if point.actual is not None else point.expected
        if at is None:
            continue
        dot = add(svg, "circle", {"class": "odd" if point.is_odd else "spot", "cx": x, "cy": scale.y(at)})
        dot.set("r", "5" if point.is_odd else str(round(max(min(pitch / 2, 6), 2), 2)))
        add(dot, "title", {}).text = f"{point.words}: {_told(point, currency, digits)}"


def _told(point: BandPoint, currency: str, digits: int) -> str:
    """Return a point's figures in words."""
    parts = []
    if point.actual is not None:
        parts.append(f"{wording.money(point.actual, digits)} {currency}")
    if point.expected is not None:
        parts.append(f"expected {wording.money(point.expected, digits)}")
    if bounds := point.outer or point.inner:
        parts.append(f"between {wording.money(bounds[0], digits)} and {wording.money(bounds[1], digits)}")
    return ", ".join(parts) + (", out of the ordinary" if point.is_odd else "")


def _described(points: Sequence[BandPoint], currency: str, digits: int) -> str:
    if not points:
        return "Nothing is known."
    odd = [each for each in points if each.is_odd]
    told = odd if odd else [points[0], points[-1]] if len(points) > 1 else [points[0]]
    listed = "; ".join(f"{each.words}: {_told(each, currency, digits)}" for each in told[:10])
    return f"{len(points)} points in {currency}. {listed}."
