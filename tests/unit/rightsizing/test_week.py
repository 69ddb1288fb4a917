"""A week's hours become few changes of the bounds, and no hour gets less than it needs."""

from __future__ import annotations

from random import Random

import pytest

from finops.rightsizing import week
from finops.rightsizing.week import Bounds


def of(*days: list[int]) -> list[Bounds]:
    """Return the bounds of a week whose days need so many; the last day stands for the rest of the week."""
    every = [*days, *[days[-1]] * (7 - len(days))]
    return [Bounds(number, number + 1) for day in every for number in day]


FLAT = [2] * 24
BUSY = [1] * 8 + [5] * 12 + [1] * 4


def test_bounds_that_never_change_need_no_schedule() -> None:
    assert week.changes(of(FLAT)) == []


def test_days_that_are_the_same_share_their_changes() -> None:
    assert week.changes(of(BUSY, BUSY, BUSY, BUSY, BUSY, [1] * 24)) == [
        {"days": list(week.DAYS[:5]), "at": "08:00", "minimum": 5, "maximum": 6},
        {"days": list(week.DAYS[:5]), "at": "20:00", "minimum": 1, "maximum": 2},
    ]


def test_changes_are_told_in_few_words() -> None:
    found = week.changes(of(BUSY, BUSY, [1] * 24))
    assert week.words(found) == "Mon Tue 08:00: 5 to 6, 20:00: 1 to 2"
    same = [Bounds(each.minimum, each.minimum) for each in of([3] * 24, [1] * 24)]
    assert week.words(week.changes(same)) == "Mon 00:00: 3; Tue 00:00: 1"


def test_a_day_that_needs_a_little_more_is_not_told_apart() -> None:
    longer = [1] * 8 + [5] * 12 + [2] * 2 + [1] * 2
    [_, evening, night] = week.changes(of(BUSY, BUSY, longer, BUSY, BUSY, [1] * 24))
    assert (evening["at"], evening["minimum"]) == ("20:00", 2)
    assert (night["at"], night["minimum"], night["days"]) == ("22:00", 1, list(week.DAYS[:5]))


def test_what_comes_in_an_hour_finds_its_machines_there_when_it_begins() -> None:
    requests = [0.0] * week.HOURS
    requests[9] = 250.0
    needed = week.needed(requests, requests, 100.0, 9)
    assert [hour for hour, each in enumerate(needed) if each.minimum == 3] == [8, 9]
    assert week.needed(requests, requests, 100.0, 2)[9] == Bounds(2, 2), "never more than there may be"


@pytest.mark.parametrize("seed", range(20))
def test_however_a_week_goes_changes_are_few_and_every_hour_has_enough(seed: int) -> None:
    chance = Random(seed)
    hours = [Bounds(low, low + chance.randrange(3)) for low in (chance.randrange(1, 9) for _ in range(week.HOURS))]
    changes = week.changes(hours)
    assert 0 < len(changes) <= week.MOST_CHANGES
    for wanted, made in zip(hours, week.hours_of(changes), strict=True):
        assert made.minimum >= wanted.minimum
        assert made.maximum >= wanted.maximum
    moments = [(day, each["at"]) for each in changes for day in each["days"]]
    assert len(set(moments)) == len(moments)
