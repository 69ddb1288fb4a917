"""Charts are inert, described SVG that draws what the figures say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

from finops.core.periods import BillingPeriod
from finops.pages.charts import change_bar, daily_chart, share_bar, share_strip, trend_chart
from finops.pages.drawing import markup
from finops.pages.figures import Day

PERIOD = BillingPeriod(2026, 2)


def chart(days: list[Day], width: int = 1000) -> ElementTree.Element:
    return parsed(markup(daily_chart(days, PERIOD, "USD", 2, ident="d", width=width)))


def parsed(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawing)


def boxes(svg: ElementTree.Element, series: str) -> list[dict[str, float]]:
    return [
        {k: float(v) for k, v in r.attrib.items() if k != "class"} for r in svg.iter("rect") if r.get("class") == series
    ]


def test_columns_are_as_high_as_their_amounts() -> None:
    svg = chart([Day(date(2026, 2, 1), (("aws", 10_000),)), Day(date(2026, 2, 2), (("aws", 5_000),))])
    first, second = boxes(svg, "series-0")
    assert first["height"] == second["height"] * 2
    assert first["y"] + first["height"] == second["y"] + second["height"]


def test_providers_are_stacked_and_credits_hang_below_zero() -> None:
    svg = chart([Day(date(2026, 2, 1), (("aws", 10_000), ("azure", 5_000), ("gcp", -5_000)))])
    (aws,), (azure,), (gcp,) = (boxes(svg, f"series-{number}") for number in range(3))
    assert abs(azure["y"] + azure["height"] - aws["y"]) < 0.02
    assert abs(gcp["y"] - (aws["y"] + aws["height"])) < 0.02


def test_a_day_outside_the_month_is_not_drawn_into_it() -> None:
    assert boxes(chart([Day(date(2026, 1, 31), (("aws", 10_000),))]), "series-0") == []


def test_the_axis_is_the_calendar_month_and_its_steps_are_round() -> None:
    svg = chart([Day(date(2026, 2, 1), (("aws", 1_234_567),))])
    labels = [t.text for t in svg.iter("text")]
    assert labels[:4] == ["0", "5k", "10k", "15k"]
    assert labels[-1] == "28"


def test_it_speaks_to_a_screen_reader() -> None:
    svg = chart([Day(date(2026, 2, 1), (("aws", 1_000),)), Day(date(2026, 2, 3), (("aws", 3_000),))])
    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == "d-title d-desc"
    assert "Highest: 3 February 2026 with 30.00 USD" in (svg.findtext("desc") or "")


def test_names_in_a_chart_are_text() -> None:
    strip = markup(share_strip([("<script>x</script>", 1000, "series-0")], ident="s", title="<b>"))
    assert "<script" not in strip
    assert "&lt;script&gt;" in strip


def test_a_strip_with_a_credit_still_fills_its_width_and_no_more() -> None:
    svg = parsed(markup(share_strip([("a", 800, "x"), ("b", 300, "y"), ("c", -100, "z")], ident="s", title="t")))
    drawn = list(svg.iter("rect"))
    last = drawn[-1]
    assert len(drawn) == 2
    assert 990 < float(last.get("x", 0)) + float(last.get("width", 0)) <= 1000


def test_bars_of_nothing_are_empty() -> None:
    assert "fill" not in markup(share_bar(None)).replace("preserve", "")
    assert 'width="0"' in markup(change_bar(0, 0))


def test_same_figures_same_drawing() -> None:
    days = [Day(date(2026, 2, 1), (("aws", 10_000), ("gcp", -5)))]
    one, other = (markup(daily_chart(days, PERIOD, "USD", 2, ident="d", width=340)) for _ in range(2))
    assert one == other


def test_a_month_without_costs_is_drawn_as_an_empty_axis() -> None:
    svg = chart([])
    assert svg.findtext("desc") == "There are no costs on days of this month."


def trend(*figures: str | None, target: str | None = None) -> ElementTree.Element:
    points = [(f"W{n}", each or "Unknown", None if each is None else Decimal(each)) for n, each in enumerate(figures)]
    aim = None if target is None else Decimal(target)
    return parsed(markup(trend_chart(points, "A KPI", aim, ident="t", width=460)))


def lines(svg: ElementTree.Element, css_class: str) -> list[dict[str, float]]:
    return [
        {k: float(v) for k, v in each.attrib.items() if k != "class"}
        for each in svg.iter("line")
        if each.get("class") == css_class
    ]


def test_a_period_that_was_not_measured_is_a_gap_and_no_zero() -> None:
    svg = trend("3", "4", None, "5", "6")
    assert len(list(svg.iter("circle"))) == 4
    assert len(lines(svg, "curve")) == 2
    described = next(each.text for each in svg.iter("desc"))
    assert described is not None
    assert "W2: Unknown" in described


def test_a_target_is_drawn_at_its_height_and_left_out_where_it_would_flatten_the_figures() -> None:
    (aim,) = lines(trend("0", "10", target="5"), "target")
    (zero,) = lines(trend("0", "10", target="5"), "axis")
    top = min(float(each.attrib["cy"]) for each in trend("0", "10", target="5").iter("circle"))
    assert abs(aim["y1"] - (zero["y1"] + top) / 2) < 0.1
    assert lines(trend("1", "2", target="50000"), "target") == []


def test_small_figures_have_an_axis_of_their_own_size() -> None:
    labels = [each.text for each in trend("0.00004", "0.00006").iter("text")]
    assert "0.00002" in labels


def test_a_chart_without_any_figure_is_an_empty_axis() -> None:
    svg = trend(None, None, target="3")
    assert not list(svg.iter("circle"))
    assert lines(svg, "axis")


def test_figures_that_are_all_zero_have_an_axis_of_ones() -> None:
    assert [each.text for each in trend("0.000000000000", "0").iter("text")][:2] == ["0", "1"]
