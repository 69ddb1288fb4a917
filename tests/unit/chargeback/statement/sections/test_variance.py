"""Top movers are ranked by amount, and say whether they are new or gone."""

from __future__ import annotations

from finops.chargeback.statement.models import Movement, Shown
from finops.chargeback.statement.sections.variance import largest


def test_rises_and_falls_are_ranked_by_amount_not_by_percent() -> None:
    shown = {
        ("aws", "doubled but small", "m"): Shown(200, 0, 100),
        ("aws", "rose most", "m"): Shown(11_000, 0, 10_000),
        ("aws", "fell", "m"): Shown(100, 0, 900),
        ("aws", "stayed", "m"): Shown(500, 0, 500),
    }
    up, down = largest(shown)
    assert [each.service_name for each in up] == ["rose most", "doubled but small"]
    assert [each.service_name for each in down] == ["fell"]


def test_what_was_not_there_is_new_and_what_is_no_more_is_gone() -> None:
    up, down = largest({("aws", "a", "m"): Shown(5, 0, 0), ("aws", "b", "m"): Shown(0, 0, 5)})
    assert (up[0].movement, down[0].movement) == (Movement.NEW, Movement.GONE)
    assert up[0].shown.change_share is None


def test_equal_changes_keep_the_order_of_their_names_and_the_list_is_cut() -> None:
    shown = {("aws", str(number), "m"): Shown(10, 0, 0) for number in reversed(range(9))}
    assert [each.service_name for each in largest(shown)[0]] == ["0", "1", "2", "3", "4"]


def test_there_is_no_variance_without_a_month_before() -> None:
    assert largest({("aws", "a", "m"): Shown(5, 0, None)}) == ((), ())
