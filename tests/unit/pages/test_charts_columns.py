"""The chart of a few amounts per month: each has its column, which tells its figure, and below zero it hangs."""

from __future__ import annotations

import itertools

from finops.pages.charts_columns import columns_chart

NAMES = ("realised", "estimated")
MONTHS = [("2025-05", (5_000, 10_000)), ("2025-06", (0, 10_000))]


def columns(groups, width=1000):
    svg = columns_chart(groups, NAMES, "Per month", "USD", 2, ident="c", width=width)
    return svg, {each.find("title").text: each for each in svg.iter("rect")}


def test_each_amount_has_a_column_as_high_as_it_is_large():
    _, found = columns(MONTHS)
    half, whole = found["2025-05, realised: 50.00 USD"], found["2025-05, estimated: 100.00 USD"]
    assert abs(float(whole.get("height")) - 2 * float(half.get("height"))) < 0.05
    assert float(found["2025-06, realised: 0.00 USD"].get("height")) == 0
    assert (half.get("class"), whole.get("class")) == ("series-0", "series-1")


def test_columns_of_a_month_stand_side_by_side_within_the_drawing():
    _, found = columns([(f"2025-{month:02}", (1, 2)) for month in range(1, 13)], width=340)
    spans = [(float(each.get("x")), float(each.get("x")) + float(each.get("width"))) for each in found.values()]
    assert all(left[1] <= right[0] + 0.01 for left, right in itertools.pairwise(spans))
    assert spans[-1][1] <= 340


def test_what_is_below_zero_hangs_below_the_line():
    svg, found = columns([("2025-05", (-5_000, 10_000))])
    zero = next(each for each in svg.iter("line") if each.get("class") == "axis")
    assert float(found["2025-05, realised: −50.00 USD"].get("y")) == float(zero.get("y1"))


def test_a_screen_reader_is_told_every_figure():
    svg, _ = columns(MONTHS)
    assert svg.find("desc").text == (
        "In USD. 2025-05: realised 50.00, estimated 100.00; 2025-06: realised 0.00, estimated 100.00."
    )
