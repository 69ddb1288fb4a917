"""The picture of a week has a cell for each hour, the darker the more is needed, and each tells its figures."""

from __future__ import annotations

from finops.pages.charts_week import week_chart

HOURS = [(1, 1)] * 8 + [(2, 4)] * 12 + [(1, 1)] * 148


def cells():
    svg = week_chart(HOURS, "Instances", "By the hour", ident="w")
    return svg, {each.find("title").text: each for each in svg.iter("rect")}


def test_each_hour_of_the_week_has_a_cell_that_tells_least_and_most():
    svg, found = cells()
    assert len(found) == 168
    assert {"Mon 07:00: 1", "Mon 08:00: 2 to 4", "Mon 19:00: 2 to 4", "Sun 23:00: 1"} <= set(found)
    places = {(each.get("x"), each.get("y")) for each in svg.iter("rect")}
    assert len(places) == 168


def test_more_is_darker():
    _, found = cells()
    busy, quiet = found["Mon 08:00: 2 to 4"], found["Sun 23:00: 1"]
    assert float(busy.get("fill-opacity")) == 1 > float(quiet.get("fill-opacity")) > 0


def test_a_screen_reader_is_told_what_it_is():
    svg, _ = cells()
    assert [svg.find("title").text, svg.find("desc").text] == ["Instances", "By the hour"]
