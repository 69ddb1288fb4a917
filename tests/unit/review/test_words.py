"""A figure reads the same wherever it stands: its digits, its unit, and the sentence that says why it moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from finops.review import words
from finops.review.models import KpiPeriod, Reason, Standing

COST = KpiPeriod(
    billing_period="2025-02",
    currency="USD",
    kpi="cost_per_gpu_hour",
    name="Cost per GPU hour",
    unit="amount per GPU hour",
    better="lower",
    grain="week",
    week_start=date(2025, 2, 3),
    numerator=Decimal(300),
    denominator=Decimal(100),
    value=Decimal("3"),
    previous_value=Decimal("2.5"),
    change=Decimal("0.5"),
    target=Decimal("2.50"),
    is_met=False,
    other_change=Decimal(0),
    reasons=(),
)
SHARE = replace(
    COST,
    unit="percent",
    better="higher",
    value=Decimal("61.24"),
    previous_value=Decimal("64.3"),
    change=Decimal("-3.06"),
    target=Decimal(80),
)


def test_a_value_has_its_unit_with_the_currency_in_it() -> None:
    assert words.value(Decimal("1234.5"), COST) == "1,234.50 USD per GPU hour"
    assert words.value(Decimal("61.24"), SHARE) == "61.2 %"
    assert words.value(Decimal(1234), replace(COST, currency="JPY")) == "1,234 JPY per GPU hour"


def test_what_is_not_known_is_unknown_and_never_zero() -> None:
    assert words.value(None, COST) == "Unknown"
    assert words.value(Decimal(0), COST).startswith("0.00 USD")
    unknown = replace(COST, value=None, change=None, is_met=None)
    assert unknown.standing is Standing.UNKNOWN
    assert words.change(unknown) == "Unknown, so there is nothing to compare"


def test_small_figures_keep_three_digits_and_so_do_their_parts() -> None:
    tiny = replace(COST, value=Decimal("0.0000416"), previous_value=Decimal("0.00004"), change=Decimal("0.0000016"))
    assert words.number(Decimal("0.0000416"), tiny) == "0.0000416"
    assert words.size(Decimal("0.0000016"), tiny) == "0.0000016 USD"
    # A part that its value's digits would show as nothing gets digits of its own.
    assert words.size(Decimal("0.0032"), COST) == "0.003 USD"
    assert not words.is_visible(Decimal("0.0003"), COST)


def test_a_change_of_percent_is_in_points_and_one_of_money_has_its_share_too() -> None:
    assert words.change(SHARE) == "Fell by 3.1 points against the week before"
    assert words.change(COST) == "Rose by 0.50 USD (+20.0 %) against the week before"
    assert words.change(replace(COST, change=Decimal(0))) == "Unchanged against the week before"
    assert words.change(replace(COST, change=None)) == "There is no figure of the week before"
    assert words.change(replace(COST, grain="month")).endswith("against the month before")


def test_whether_a_change_is_good_depends_on_what_is_better() -> None:
    assert COST.is_better is False
    assert SHARE.is_better is False
    assert replace(SHARE, change=Decimal(1)).is_better is True
    assert replace(COST, change=Decimal(0)).is_better is None


@pytest.mark.parametrize(
    ("period", "said"),
    [
        (COST, "at most 2.50 USD per GPU hour"),
        (SHARE, "at least 80 %"),
        (replace(COST, target=Decimal(50_000)), "at most 50,000 USD per GPU hour"),
        (replace(COST, target=Decimal("0.050000000000")), "at most 0.05 USD per GPU hour"),
        (replace(SHARE, target=Decimal("99.5")), "at least 99.5 %"),
        (replace(COST, target=None), "none"),
    ],
)
def test_a_target_says_in_which_direction_it_holds(period: KpiPeriod, said: str) -> None:
    assert words.target(period) == said


def test_the_reasons_are_one_sentence_with_each_ones_own_figure() -> None:
    given = (
        Reason("cc-1001", Decimal("0.4"), Decimal("2.1"), Decimal("2.9")),
        Reason("cc-1002", Decimal("-0.1"), Decimal("3"), None),
        Reason("cc-1003", Decimal("0.1"), None, Decimal("4")),
    )
    assert words.reasons(
        replace(COST, reasons=given, change=Decimal("0.5"), other_change=Decimal("0.1")), "cost centre"
    ) == (
        "By cost centre: cc-1001 added 0.40 USD, its own going from 2.10 to 2.90; "
        "cc-1002 took off 0.10 USD by having none any more; cc-1003 added 0.10 USD as a newcomer at 4.00; "
        "all others together added 0.10 USD."
    )


def test_a_subject_that_only_got_more_weight_is_said_to_have() -> None:
    given = (Reason("cc-1001", Decimal("0.4"), Decimal("2.9"), Decimal("2.9")),)
    assert (
        words.reasons(replace(COST, reasons=given, change=Decimal("0.4")), "")
        == "cc-1001 added 0.40 USD by its weight alone, at 2.90 as before."
    )


def test_of_a_total_each_ones_part_says_all() -> None:
    given = (Reason("cc-1001", Decimal(40), Decimal(10), Decimal(50)),)
    total = replace(COST, denominator=None, unit="amount", change=Decimal(40), reasons=given)
    assert words.reasons(total, "") == "cc-1001 added 40.00 USD."


def test_what_belongs_to_nobody_has_a_name_too_and_what_is_too_small_to_show_is_left_out() -> None:
    given = (
        Reason("(none)", Decimal("0.5"), Decimal(1), Decimal(2)),
        Reason("cc-1001", Decimal("-0.0001"), Decimal(1), Decimal(1)),
    )
    said = words.reasons(replace(COST, reasons=given, change=Decimal("0.4999")), "cost centre")
    assert said == "By cost centre: no cost centre added 0.50 USD, its own going from 1.00 to 2.00."
    assert words.change(replace(SHARE, change=Decimal("0.0004"))) == "Unchanged against the week before"
    assert words.reasons(replace(COST, reasons=given, change=Decimal("0.0001")), "") == ""


def test_nothing_that_changed_needs_no_reason() -> None:
    assert words.reasons(COST, "cost centre") == ""


def test_a_week_is_named_by_its_days() -> None:
    assert words.span(date(2025, 2, 3)) == "3–9 February 2025"
    assert words.span(date(2025, 1, 27)) == "27 January – 2 February 2025"
    assert words.span(date(2024, 12, 30)) == "30 December 2024 – 5 January 2025"


def test_names_in_a_sentence_end_with_how_many_more() -> None:
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b"]) == "a and b"
    assert words.listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
