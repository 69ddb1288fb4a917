"""What budgets will cost by day, and how far such forecasts were off before: for all budgets at once, with numpy.

The forecast of a day is the run-rate (mean of the last 28 days) times what its weekday usually has of it, and what the
calendar brings: tax, credits and purchases fall on the same day of the month as last time. Its doubt is measured, not
assumed: the same run-rate would have been off by so much on the sum of as many days, at each day of the past weeks
(root mean square). Beyond the longest stretch that the history can be tested with, doubt grows with the days.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

WINDOW = 28
"""Days of the run-rate: four whole weeks."""
HISTORY = 150
"""Days that are read before the run date, at least."""
Z_80 = 1.2816
"""Standard deviations from the mean to a bound of 80 %."""
_TRIALS = 56
_ODD = 3.0
"""A day this many scaled median deviations away from the median is out of the ordinary (as in Hampel's filter)."""


def run_rate(usage: np.ndarray) -> np.ndarray:
    """Return cost per day of the last 28 days; of a budget with younger charges, of the days since its first."""
    import numpy as np

    recent = usage[:, -WINDOW:]
    has_any = usage != 0
    first = np.where(has_any.any(axis=1), has_any.argmax(axis=1), usage.shape[1] - 1)
    days = np.minimum(usage.shape[1] - first, recent.shape[1]).clip(min=1)
    found: np.ndarray = recent.sum(axis=1) / days
    return found


def without_odd_days(usage: np.ndarray) -> np.ndarray:
    """Return usage with the odd days of the last four weeks moved to the edge of what is usual."""
    import numpy as np

    found = usage.copy()
    recent = found[:, -WINDOW:]
    middle = np.median(recent, axis=1, keepdims=True)
    width = _ODD * 1.4826 * np.median(np.abs(recent - middle), axis=1, keepdims=True)
    width = np.maximum(width, 0.05 * np.abs(middle))
    found[:, -WINDOW:] = np.clip(recent, middle - width, middle + width)
    return found


def weekdays(usage: np.ndarray, since: date) -> np.ndarray:
    """Return what each weekday (0 is Monday) has of the mean day, ``[budget, weekday]``, by the last eight weeks.

    It is halfway between that and 1, since eight days say little; all 1 where less than two weeks are known.
    """
    import numpy as np

    count = usage.shape[1]
    weeks = min(count // 7, 8)
    found = np.ones((len(usage), 7))
    if weeks < 2:
        return found
    recent = usage[:, count - 7 * weeks :]
    mean = recent.mean(axis=1)
    is_plain = (mean > 0) & (recent.min(axis=1) >= 0)
    for offset in range(7):
        weekday = (since + timedelta(days=count - 7 * weeks + offset)).weekday()
        of_day = recent[:, offset::7].mean(axis=1)
        part = np.divide(of_day, mean, out=np.ones(len(mean)), where=is_plain)
        found[:, weekday] = np.where(is_plain, 0.5 + 0.5 * np.clip(part, 0, 3), 1.0)
    return np.asarray(found / found.mean(axis=1, keepdims=True))


def expected(
    rate: np.ndarray, profile: np.ndarray, calendar: np.ndarray, since: date, run_date: date, days: int
) -> np.ndarray:
    """Return the expected cost of each of the days from the run date on, ``[budget, day]``."""
    import numpy as np

    ahead = [run_date + timedelta(days=number) for number in range(days)]
    usage = rate[:, None] * profile[:, [each.weekday() for each in ahead]]
    by_day = {(since + timedelta(days=number)).day: number for number in range(calendar.shape[1])}
    places = [by_day.get(each.day, -1) for each in ahead]
    of_calendar = np.where(np.array(places) >= 0, calendar[:, places], 0.0)
    return np.asarray(usage + of_calendar)


def spread(usage: np.ndarray, days: int) -> np.ndarray:
    """Return the standard deviation of the forecast of the sum of so many days, per budget.

    Where less than five weeks are known, it is that of days which are independent, and no less than a tenth of a sum.
    """
    import numpy as np

    count = usage.shape[1]
    longest = min(days, count - WINDOW - 7)
    if longest < 1:
        daily = usage[:, -WINDOW:].std(axis=1)
        return np.maximum(daily * math.sqrt(days), 0.1 * np.abs(run_rate(usage)) * days)
    sums = np.concatenate([np.zeros((len(usage), 1)), usage.cumsum(axis=1)], axis=1)
    last = count - longest
    origins = np.arange(max(WINDOW, last - _TRIALS + 1), last + 1)
    came = sums[:, origins + longest] - sums[:, origins]
    said = (sums[:, origins] - sums[:, origins - WINDOW]) * (longest / WINDOW)
    found = np.sqrt(((came - said) ** 2).mean(axis=1)) * (days / longest)
    return np.asarray(found)


def above(limit: np.ndarray, mean: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the probability that a sum reaches a limit: normal, with its own deviation below and above the mean."""
    import numpy as np

    side = np.where(limit >= mean, high, low)
    gap = limit - mean
    certain = np.where(gap <= 0, 1.0, 0.0)
    z = np.divide(gap, side, out=np.zeros_like(gap), where=side > 0)
    tail = np.array([0.5 * math.erfc(each / math.sqrt(2)) for each in z])
    return np.where(side > 0, tail, certain)


def days_until(path: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return after how many days what is left is used up; -1 where it is not within the days of the path."""
    import numpy as np

    reached = path.cumsum(axis=1) >= left[:, None]
    found = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, -1)
    return np.where(left <= 0, 0, found)
