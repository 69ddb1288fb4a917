"""The band chart shows what was expected, between what bounds, and what came."""

from __future__ import annotations

from xml.etree import ElementTree

from finops.pages.charts_band import band_chart
from finops.pages.drawing import markup
from finops.pages.figures import BandPoint


def chart(points: list[BandPoint], mark: int | None = None) -> ElementTree.Element:
    drawn = band_chart(points, "Spend", "USD", 2, ident="b", width=600, mark=mark)
    return ElementTree.fromstring(markup(drawn))


def forecast(day: int) -> BandPoint:
    return BandPoint(str(day), f"{day} May 2026", None, 10_000, (9_000, 11_000), (8_000, 12_500))


def test_a_band_reaches_from_its_lows_to_its_highs() -> None:
    svg = chart([forecast(1), forecast(2)])
    spans = {}
    for polygon in svg.iter("polygon"):
        heights = [float(pair.split(",")[1]) for pair in polygon.attrib["points"].split()]
        spans[polygon.attrib["class"]] = max(heights) - min(heights)
    assert abs(spans["band-outer"] / spans["band-inner"] - 4_500 / 2_000) < 0.01


def test_lines_and_bands_have_a_gap_where_nothing_is_known() -> None:
    svg = chart([forecast(1), forecast(2), BandPoint("3", "3 May 2026"), forecast(4)])
    assert len([p for p in svg.iter("polygon") if p.get("class") == "band-outer"]) == 2
    assert len([line for line in svg.iter("line") if line.get("class") == "expected"]) == 1


def test_an_odd_point_is_marked_and_told() -> None:
    odd = BandPoint("2", "2 May 2026", 99_900, 10_000, None, (8_000, 12_500), is_odd=True)
    svg = chart([BandPoint("1", "1 May 2026", 10_100, 10_000), odd])
    (dot,) = [circle for circle in svg.iter("circle") if circle.get("class") == "odd"]
    words = "2 May 2026: 999.00 USD, expected 100.00, between 80.00 and 125.00, out of the ordinary"
    assert dot.findtext("title") == words
    assert words in (svg.findtext("desc") or "")


def test_nothing_known_is_an_empty_chart() -> None:
    assert "Nothing is known." in markup(band_chart([], "Spend", "USD", 2, ident="b", width=600))


def test_a_mark_stands_before_its_point() -> None:
    svg = chart([BandPoint("1", "1 May 2026", 10_100), forecast(2)], mark=1)
    (line,) = [each for each in svg.iter("line") if each.get("class") == "mark"]
    (first, second) = [float(circle.attrib["cx"]) for circle in svg.iter("circle")]
    assert first < float(line.attrib["x1"]) < second
