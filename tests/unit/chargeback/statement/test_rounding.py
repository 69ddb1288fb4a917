"""Cents that add up, whatever the amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.chargeback.statement.rounding import apportion_amounts, apportion_nested, shares
from finops.core.money import digits_of, exact_sum, from_units, rounded, to_units

AMOUNTS = st.decimals("-1e15", "1e15", places=12, allow_nan=False)
PARTS = st.dictionaries(st.tuples(st.text(max_size=3), st.sampled_from("abc")), AMOUNTS, max_size=30)


@given(PARTS, st.sampled_from([0, 2, 3]))
def test_lines_sum_to_the_rounded_total_and_stay_within_a_cent(parts: dict, digits: int) -> None:
    total = rounded(exact_sum(parts.values()), digits)
    cents = apportion_amounts(parts, total, digits)
    assert sum(cents.values()) == total
    for key, amount in parts.items():
        assert abs(to_units(amount, digits) - cents[key]) < 1


@given(PARTS)
def test_the_order_of_the_lines_changes_nothing(parts: dict) -> None:
    total = rounded(exact_sum(parts.values()), 2)
    backwards = dict(reversed(parts.items()))
    assert apportion_amounts(backwards, total, 2) == apportion_amounts(parts, total, 2)


@given(PARTS)
def test_an_amount_in_whole_cents_is_never_changed_to_make_others_fit(parts: dict) -> None:
    # A line of exactly 5.00 that shows 5.01 would be disputed, and rightly.
    parts = {**parts, ("whole", "a"): Decimal("5.00"), ("zero", "a"): Decimal(0)}
    cents = apportion_amounts(parts, rounded(exact_sum(parts.values()), 2), 2)
    assert cents["whole", "a"] == 500
    assert cents["zero", "a"] == 0


@given(PARTS)
def test_services_sum_to_their_category_and_all_to_the_total(parts: dict) -> None:
    total = rounded(exact_sum(parts.values()), 2)
    categories: dict = {}
    for (_, category), amount in parts.items():
        categories[(category,)] = exact_sum([categories.get((category,), Decimal(0)), amount])
    of_categories = apportion_amounts(categories, total, 2)
    of_services = apportion_nested(parts, total, 2, level=1)
    assert sum(of_services.values()) == total
    for category, units in of_categories.items():
        assert sum(u for key, u in of_services.items() if key[1:] == category) == units


def test_the_cent_that_is_missing_goes_to_the_line_that_lost_most() -> None:
    thirds = {("a",): Decimal("0.333"), ("b",): Decimal("0.333"), ("c",): Decimal("0.334")}
    assert apportion_amounts(thirds, 100, 2) == {("a",): 33, ("b",): 33, ("c",): 34}


def test_equal_losses_are_served_in_the_order_of_their_names() -> None:
    halves = {("b",): Decimal("0.005"), ("a",): Decimal("0.005")}
    assert apportion_amounts(halves, 1, 2) == {("a",): 1, ("b",): 0}


def test_a_total_that_is_not_the_sum_of_its_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="do not sum"):
        apportion_amounts({("a",): Decimal("1.00")}, 101, 2)


@given(st.dictionaries(st.tuples(st.text(max_size=3)), st.integers(-(10**12), 10**15), min_size=1, max_size=30))
def test_shares_sum_to_a_hundred_percent_where_the_whole_is_positive(units: dict) -> None:
    found = shares(units)
    if sum(units.values()) > 0:
        assert sum(each for each in found.values() if each is not None) == 1000
    else:
        assert set(found.values()) == {None}


def test_a_currency_is_shown_in_its_own_smallest_unit() -> None:
    assert (digits_of("USD"), digits_of("JPY"), digits_of("KWD")) == (2, 0, 3)
    assert rounded(Decimal("1234.5"), digits_of("JPY")) == 1235
    assert str(from_units(123_400, digits_of("USD"))) == "1234.00"
