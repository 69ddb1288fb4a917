"""A series as a line of text."""

from decimal import Decimal

from finops.core.sparkline import sparkline


def test_each_value_has_a_bar_between_the_lowest_and_the_highest():
    assert sparkline([Decimal(0), Decimal("3.5"), Decimal(7), Decimal(-7)]) == "▅▆█▁"
    assert sparkline([5, 5]) == "▁▁"
    assert sparkline([]) == ""
