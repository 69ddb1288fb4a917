"""From odd days of one series to episodes: where they begin, what was expected meanwhile, and when they are over.

What is said of a day uses days up to it, with one exception: a day is part of an episode once a later one shows that it
had begun. What is expected of an episode is frozen at its beginning, so that a level that stays high stays odd until it
is back, or until it has lasted so long that it is the new usual level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from finops.anomalies.models import DETECTOR, Episode, Key, Kind, Point, at_midnight
from finops.policy.anomalies import AnomalyPolicy

if TYPE_CHECKING:
    import numpy as np

WEEK = 7
WEEKS = 4
BEFORE = 28
"""Days before an episode that its chart shows."""
_BACKWARDS = {Kind.CREEP: 14, Kind.SHIFT: 4}
"""How many days before the detector is sure an episode may have begun."""
_SETTLED, _MULTIPLIES = 4, 3.0
"""After so many days an episode has a level of its own, and a day that rises so many times as far is another one."""
_REST = 0.2
"""A rise of less than this part of what it mostly was is over."""
RECORD_DAYS = 90
"""Days of which an episode must break the record."""
_MONTHLY = 0.5
"""A rise that the day of the month had too, by at least so much of it, is a rhythm."""


@dataclass(frozen=True, slots=True)
class Odd:
    """What the detector said of one day."""

    at: int
    probability: float
    kind: Kind
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Gates:
    """What an alert of one series needs; feedback may have raised it. ``by_rule`` waives probability."""

    probability: float
    amount: float
    percent: float


def usual(clean: np.ndarray, start: int, days: Sequence[int]) -> np.ndarray:
    """Return what is usual of days from ``start`` on, by the days before: weekdays' medians of recent weeks.

    The level is the median of the last two weeks, the weekday's part of it that of the last four; with less than two
    weeks before, the level alone counts. The median of an even count is the mean of the two in the middle.
    """
    import numpy as np

    before = clean[max(0, start - WEEKS * WEEK) : start]
    if not len(before):
        return np.zeros(len(days))
    recent = before[-2 * WEEK :]
    level = float(np.median(recent))
    if len(before) < 2 * WEEK:
        return np.full(len(days), level)
    whole = float(np.median(before))
    at = np.arange(start - len(before), start)
    factors = np.ones(WEEK)
    for weekday in range(WEEK):
        same = before[at % WEEK == weekday]
        if whole > 0 and len(same) >= 2:
            factors[weekday] = float(np.median(same)) / whole
    return level * factors[np.asarray(days) % WEEK]


def found(
    key: Key,
    costs: np.ndarray,
    odd: Sequence[Odd],
    first_day: date,
    end: int,
    gates: Gates,
    policy: AnomalyPolicy,
    source: str = DETECTOR,
) -> Iterator[Episode]:
    """Yield the episodes of a series that an alert is due for, in order. ``end`` is the last day that has arrived."""
    clean = costs.copy()
    free = 0
    for each in odd:
        if each.at < free or each.at > end:
            continue
        sign = -1 if each.kind is Kind.DROP else 1
        start = _beginning(clean, each, free, sign)
        later = {other.at for other in odd if other.at > each.at and (other.kind is Kind.DROP) == (sign < 0)}
        last, spanned = _last(clean, costs, start, each.at, end, gates, policy, sign, later)
        expected = usual(clean, start, range(start, spanned))
        raised = _raised(clean[:start], costs[start : last + 1], expected, each.at - start, gates, sign)
        free = last + 1
        if raised is None or (start == last and _is_monthly(costs, clean, start, expected[0], first_day)):
            continue
        is_whole = last - start + 1 >= policy.episodes.longest_days
        is_open = not is_whole and end - last < policy.episodes.quiet_days
        yield Episode(
            key=key,
            source=source,
            kind=each.kind,
            first=_on(first_day, start),
            last=_on(first_day, last),
            raised_on=_on(first_day, start + raised),
            is_open=is_open,
            is_new_level=is_whole,
            probability=min(o.probability for o in odd if start <= o.at <= last),
            points=_points(clean, costs, each, start, last, spanned, first_day),
        )
        # What was odd teaches nothing about what is usual; a new level does.
        if not is_whole:
            clean[start : last + 1] = expected[: last - start + 1]


def _beginning(clean: np.ndarray, odd: Odd, free: int, sign: int) -> int:
    """Return the first day of the run of days, up to the odd one, that lie clearly beyond what was usual."""
    earliest = max(free, min(odd.at, 2 * WEEK), odd.at - _BACKWARDS.get(odd.kind, 0))
    start = odd.at
    while start > earliest:
        before = float(usual(clean, earliest, [start - 1])[0])
        if sign * (clean[start - 1] - before) <= 0.1 * abs(before):
            break
        start -= 1
    return start


def _last(
    clean: np.ndarray,
    costs: np.ndarray,
    start: int,
    odd: int,
    end: int,
    gates: Gates,
    policy: AnomalyPolicy,
    sign: int,
    later: set[int],
) -> tuple[int, int]:
    """Return the last odd day of an episode, and the day after the last that was looked at.

    A later odd day that multiplies the rise so far begins one of its own; what rests of a rise is none of it.
    """
    import numpy as np

    limit = min(end, start + policy.episodes.longest_days - 1)
    expected = usual(clean, start, range(start, limit + 1))
    rises = sign * (costs[start : limit + 1] - expected)
    last = at = odd
    while at < limit and at - last < policy.episodes.quiet_days:
        at += 1
        rise, before = rises[at - start], float(np.median(rises[: at - start]))
        if at in later and at - start >= _SETTLED and rise >= max(_MULTIPLIES * before, 0.5 * gates.amount):
            return last, at
        least = max(0.5 * gates.percent / 100 * expected[at - start], 0.02 * gates.amount, _REST * before)
        if rise >= least:
            last = at
    return last, at + 1


def _raised(
    before: np.ndarray, costs: np.ndarray, expected: np.ndarray, sure: int, gates: Gates, sign: int
) -> int | None:
    """Return how many days after the first money and percent suffice, not before the detector was sure.

    And not before it is new: work that comes and goes, such as training, has had days like these.
    """
    import numpy as np

    base = np.cumsum(expected[: len(costs)])
    excess = sign * (np.cumsum(costs) - base)
    is_due = (excess >= gates.amount) & (excess >= gates.percent / 100 * base)
    is_due[:sure] = False
    sums = np.cumsum(costs)
    return next((int(at) for at in np.flatnonzero(is_due) if _is_new(before, float(sums[at]), int(at) + 1, sign)), None)


def _is_new(before: np.ndarray, cost: float, length: int, sign: int) -> bool:
    """Tell whether a run of days cost more than any run as long before, by a margin for how few of these are known.

    The rise above the median run must exceed that of the dearest run of the last 90 days by 14 ÷ (days known): what
    breaks the record of two weeks by a little is no news, what breaks that of three months is.
    """
    import numpy as np

    known = before[-RECORD_DAYS:]
    if len(known) < length + 1:
        return True
    sums = np.concatenate([[0.0], np.cumsum(known)])
    runs = sign * (sums[length:] - sums[:-length])
    middle, record = float(np.median(runs)), float(runs.max())
    return sign * cost - middle > (record - middle) * (1 + 14 / len(known))


def _is_monthly(costs: np.ndarray, clean: np.ndarray, at: int, expected: float, first_day: date) -> bool:
    """Tell whether the same day of the months before, or one beside it, had at least half of the same rise.

    One month suffices on the first two days of a month, when fees are due; else it takes two to be a rhythm.
    """
    day, rise = _on(first_day, at), costs[at] - expected
    for _ in range(1 if day.day <= 2 else 2):
        day = (day.replace(day=1) - timedelta(days=1)).replace(day=min(day.day, 28))
        place = (day - first_day).days
        near = [i for i in (place - 1, place, place + 1) if 0 < i < at]
        if not any(costs[i] - usual(clean, i, [i])[0] >= _MONTHLY * rise > 0 for i in near):
            return False
    return True


def _points(
    clean: np.ndarray, costs: np.ndarray, odd: Odd, start: int, last: int, stop: int, first_day: date
) -> tuple[Point, ...]:
    """Return the days of an episode and those before; the band is as wide as the detector's at the odd day."""
    import numpy as np

    begin = max(0, start - BEFORE)
    before = usual(clean, start, range(begin, start)) if start > begin else np.zeros(0)
    expected = np.concatenate([before, usual(clean, start, range(start, stop))])
    centre = float(usual(clean, start, [odd.at])[0])
    up, down = max(odd.high - centre, 0.0), max(centre - odd.low, 0.0)
    return tuple(
        Point(
            at_midnight(_on(first_day, at)),
            float(expected[at - begin]),
            max(float(expected[at - begin]) - down, 0.0),
            float(expected[at - begin]) + up,
            float(costs[at]),
            start <= at <= last,
        )
        for at in range(begin, stop)
    )


def _on(first_day: date, at: int) -> date:
    return first_day + timedelta(days=at)
