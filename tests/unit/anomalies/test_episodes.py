"""What is usual, where an episode begins and ends, and what is not new."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from finops.anomalies.episodes import Gates, Odd, found, usual
from finops.anomalies.models import Episode, Key, Kind
from finops.policy.anomalies import AnomalyPolicy

FIRST = date(2025, 3, 3)
GATES = Gates(0.01, 50, 25)


def episodes(costs: list[float] | np.ndarray, *at: int, kind: Kind = Kind.SPIKE) -> list[Episode]:
    odd = [Odd(each, 0.001, kind, 0, 0) for each in at]
    made = np.asarray(costs, float)
    return list(found(Key("USD", "total"), made, odd, FIRST, len(made) - 1, GATES, AnomalyPolicy()))


def test_what_is_usual_has_the_rhythm_of_the_week() -> None:
    weeks = np.tile([100, 100, 100, 100, 100, 40, 40], 4).astype(float)
    assert usual(weeks, 28, range(28, 35)) == pytest.approx([100, 100, 100, 100, 100, 40, 40])


def test_with_less_than_two_weeks_the_level_counts_and_before_any_day_nothing_is_usual() -> None:
    assert usual(np.array([10.0, 20, 30]), 3, [3, 4]) == pytest.approx([20, 20])
    assert usual(np.array([10.0]), 0, [0]) == pytest.approx([0])


def test_one_odd_day_in_four_weeks_moves_nothing() -> None:
    days = np.full(28, 100.0)
    days[20] = 9000
    assert usual(days, 28, [28]) == pytest.approx([100])


def test_a_level_that_stays_is_one_episode_until_it_is_back() -> None:
    (one,) = episodes([*[100.0] * 28, *[200.0] * 10, *[100.0] * 5], 28, 31)
    assert (one.first, (one.last - one.first).days, one.is_open) == (date(2025, 3, 31), 9, False)
    assert one.excess == pytest.approx(1000)


def test_a_level_that_stays_for_long_is_the_new_usual_one() -> None:
    costs = [*[100.0] * 28, *[200.0] * 60]
    (one,) = episodes(costs, 28, 80)
    assert (one.is_new_level, one.is_open, (one.last - one.first).days) == (True, False, 44)


def test_an_alert_waits_for_the_money() -> None:
    """Fifteen a day above a hundred: fifty are reached on the fourth day."""
    (one,) = episodes([*[40.0] * 28, *[55.0] * 10], 28)
    assert (one.raised_on - one.first).days == 3
    assert one.is_open


def test_a_slow_rise_is_dated_back_to_where_it_left_the_usual() -> None:
    ramp = [100 + 15.0 * step for step in range(1, 10)]
    (one,) = episodes([*[100.0] * 28, *ramp], 34, kind=Kind.CREEP)
    assert one.first == date(2025, 3, 31)


def test_work_that_comes_and_goes_is_not_new() -> None:
    """Bursts as long and as dear were there before; the detector alone would speak of each."""
    burst = [*[5.0] * 6, *[300.0] * 3]
    assert episodes(burst * 6, 51) == []
    assert len(episodes([*burst * 5, *[5.0] * 6, *[900.0] * 3], 51)) == 1


def test_a_fee_of_each_first_of_the_month_is_a_rhythm() -> None:
    costs = np.full(80, 10.0)
    costs[[29, 59]] = 500  # 1 April, 1 May
    assert [each.first for each in episodes(costs, 29, 59)] == [date(2025, 4, 1)]


def test_a_fall_has_its_own_direction() -> None:
    (one,) = episodes([*[100.0] * 28, *[10.0] * 4, *[100.0] * 4], 28, kind=Kind.DROP)
    assert one.excess == pytest.approx(-360)


def test_what_multiplies_an_open_rise_is_one_of_its_own() -> None:
    """A level shift that goes on must not hide the runaway that comes on top of it."""
    small, large = episodes([*[100.0] * 28, *[140.0] * 10, *[700.0] * 3, *[100.0] * 4], 28, 38)
    assert (small.last, large.first) == (date(2025, 4, 9), date(2025, 4, 10))
    assert (round(small.excess), round(large.excess)) == (400, 1800)
