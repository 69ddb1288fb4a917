"""How many instances serve a week by the hour, with few changes of the bounds. Hours are UTC, from Monday 00:00 on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import ceil
from typing import Any, NamedTuple

HOURS = 168
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_CHANGES = 12
"""So many at most, on any number of days each: a person reads them, and an action makes them one by one."""
_BLOCK = 2
"""Hours for which bounds stay at least."""
_A_DAY = 24 // _BLOCK
_ALIKE = 0.02
"""Days are alike where sharing the larger adds no more than this part of the week."""


class Bounds(NamedTuple):
    """The fewest and the most instances."""

    minimum: int
    maximum: int

    def or_more(self, other: Bounds) -> Bounds:
        """Return the larger of both, each by itself."""
        return Bounds(max(self.minimum, other.minimum), max(self.maximum, other.maximum))


def needed(lower: Sequence[float], upper: Sequence[float], per_instance: float, most: int) -> list[Bounds]:
    """Return the bounds of each hour of a week for requests between two figures, of which one instance does so many.

    They rise an hour early, so that instances are there when the hour begins. None is above ``most``.
    """
    own = [
        Bounds(_instances(low, per_instance, most), _instances(high, per_instance, most))
        for low, high in zip(lower, upper, strict=True)
    ]
    return [each.or_more(own[(hour + 1) % HOURS]) for hour, each in enumerate(own)]


def _instances(requests: float, per_instance: float, most: int) -> int:
    return min(max(1, ceil(round(requests / per_instance, 6))), most)


def changes(hours: Sequence[Bounds]) -> list[dict[str, Any]]:
    """Return when the bounds change: ``days``, ``at`` (UTC), ``minimum`` and ``maximum`` from then on; at most twelve.

    Bounds stay for two hours at least. Days that are most alike share the larger of both: until few changes are left,
    and while that adds next to nothing. Nothing where they never change.
    """
    blocks = [_larger(hours[first : first + _BLOCK]) for first in range(0, HOURS, _BLOCK)]
    kinds: list[tuple[set[int], list[Bounds]]] = [
        ({day}, blocks[day * _A_DAY : (day + 1) * _A_DAY]) for day in range(len(DAYS))
    ]
    little = _ALIKE * sum(map(sum, blocks))
    while len(kinds) > 1:
        one, other = min(combinations(kinds, 2), key=lambda pair: _added(*pair))
        if _added(one, other)[0] > little and len(_grouped(kinds)) <= MOST_CHANGES:
            break
        kinds = [each for each in kinds if each is not one and each is not other]
        kinds.append((one[0] | other[0], [a.or_more(b) for a, b in zip(one[1], other[1], strict=True)]))
    return [
        {"days": [DAYS[day] for day in days], "at": f"{place * _BLOCK:02}:00", **bounds._asdict()}
        for (place, bounds), days in sorted(_grouped(kinds).items(), key=lambda each: (each[1], each[0]))
    ]


def hours_of(made: Iterable[Mapping[str, Any]]) -> list[Bounds]:
    """Return the bounds of each hour of a week with these changes, of which there is one at least."""
    at = {
        DAYS.index(day) * 24 + int(each["at"][:2]): Bounds(each["minimum"], each["maximum"])
        for each in made
        for day in each["days"]
    }
    now = at[max(at)]
    found = []
    for hour in range(HOURS):
        now = at.get(hour, now)
        found.append(now)
    return found


def words(made: Iterable[Mapping[str, Any]]) -> str:
    """Return changes in words: ``Mon Tue 06:00: 2 to 4, 20:00: 1; Sat 00:00: 1``."""
    by_days: dict[str, list[str]] = {}
    for each in made:
        low, high = each["minimum"], each["maximum"]
        bounds = str(low) if low == high else f"{low} to {high}"
        by_days.setdefault(" ".join(day[:3] for day in each["days"]), []).append(f"{each['at']}: {bounds}")
    return "; ".join(f"{days} {', '.join(each)}" for days, each in by_days.items())


def _larger(some: Sequence[Bounds]) -> Bounds:
    first, *others = some
    for each in others:
        first = first.or_more(each)
    return first


def _grouped(kinds: Sequence[tuple[set[int], list[Bounds]]]) -> dict[tuple[int, Bounds], list[int]]:
    """Return the days on which each change comes, by its place in the day and its bounds."""
    of_day = {day: profile for days, profile in kinds for day in days}
    week = [bounds for day in range(len(DAYS)) for bounds in of_day[day]]
    found: dict[tuple[int, Bounds], list[int]] = {}
    for number, bounds in enumerate(week):
        if bounds != week[number - 1]:
            found.setdefault((number % _A_DAY, bounds), []).append(number // _A_DAY)
    return found


def _added(one: tuple[set[int], list[Bounds]], other: tuple[set[int], list[Bounds]]) -> tuple[int, int]:
    """Return how many instances more there would be if two kinds of day were the same."""
    added = 0
    for a, b in zip(one[1], other[1], strict=True):
        both = a.or_more(b)
        added += len(one[0]) * (sum(both) - sum(a)) + len(other[0]) * (sum(both) - sum(b))
    return added, min(one[0] | other[0])
