"""From series to lines: which interval, how much. Vectorised, and the same for every cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from finops.core.periods import BillingPeriod
from finops.sample.rhythm import Pattern, growth, shape, starts
from finops.sample.series import Series

_PATTERNS = tuple(Pattern)
_GROWING = np.array([pattern is not Pattern.FLAT for pattern in _PATTERNS])


@dataclass(frozen=True, slots=True)
class Month:
    """A billing month cut into equal intervals. ``is_open`` when the provider has not invoiced it yet."""

    period: BillingPeriod
    interval_hours: int
    is_open: bool = False

    @property
    def count(self) -> int:
        """Intervals in the month."""
        return int((self.period.end - self.period.start) / self.interval)

    @property
    def interval(self) -> timedelta:
        """Length of one interval."""
        return timedelta(hours=self.interval_hours)

    @property
    def starts(self) -> list[datetime]:
        """First instants of the intervals."""
        return starts(self.period, self.interval_hours)

    @property
    def hours(self) -> int:
        """Hours in the month."""
        return self.count * self.interval_hours

    def span(self, first: datetime | None, last: datetime | None) -> tuple[int, int]:
        """Return the first interval and the number of intervals of a life, cut to the month."""
        begin = 0 if first is None else max(0, -(-(first - self.period.start) // self.interval))
        end = self.count if last is None else min(self.count, -(-(last - self.period.start) // self.interval))
        return begin, max(0, end - begin)


@dataclass(frozen=True, slots=True)
class Lines:
    """Metered lines: for each the position of its series, the interval, and the usage."""

    series: np.ndarray
    step: np.ndarray
    usage: np.ndarray

    def __len__(self) -> int:
        return len(self.series)


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that go to the file together. ``owner`` is, for each line, the position of its series in ``series``."""

    series: Sequence[Series]
    owner: np.ndarray

    def __len__(self) -> int:
        return len(self.owner)

    def each(self, value_of: Callable[[Series], object]) -> np.ndarray:
        """Return for each line a value of its series."""
        return np.array([value_of(series) for series in self.series])[self.owner]

    def groups(self, *columns: str) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
        """Yield the distinct values of ``columns``, sorted, and which lines have them."""
        values = [tuple(series.get(column) for column in columns) for series in self.series]
        for found in sorted(set(values)):
            mine = np.array([value == found for value in values])[self.owner]
            if mine.any():
                yield found, mine


def meter(
    series: Sequence[Series],
    month: Month,
    rng: np.random.Generator,
    factors: Mapping[int, np.ndarray] | None = None,
    noise: float = 0.06,
) -> Lines:
    """Meter every series over the month, ordered by time.

    ``factors`` holds, for the series that have an anomaly, what multiplies each interval of the month.
    """
    spans = np.array([month.span(each.first, each.last) for each in series], dtype=np.int64).reshape(-1, 2)
    owner = np.repeat(np.arange(len(series), dtype=np.int32), spans[:, 1])
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(spans[:, 1]) - spans[:, 1], spans[:, 1])
    step = (offset + np.repeat(spans[:, 0], spans[:, 1])).astype(np.int16)
    order = np.argsort(step, kind="stable")
    owner, step = owner[order], step[order]

    pattern = np.array([_PATTERNS.index(each.pattern) for each in series], dtype=np.int8)
    level = np.array([each.level for each in series]) * month.interval_hours
    level = level * np.where(_GROWING[pattern], growth(month.period), 1.0)
    shapes = np.stack([shape(each, month.period, month.interval_hours) for each in _PATTERNS])
    usage = level[owner] * shapes[pattern[owner], step]
    usage *= np.exp(rng.standard_normal(len(owner)) * noise - noise**2 / 2)
    for position, factor in (factors or {}).items():
        mine = owner == position
        usage[mine] *= factor[step[mine]]
    cap = np.array([np.inf if each.cap is None else each.cap for each in series]) * month.interval_hours
    usage = np.minimum(usage, cap[owner])
    decimals = np.array([each.extra.get("decimals", 10) for each in series])
    whole = decimals[owner] == 0
    usage = np.where(whole, np.maximum(np.rint(usage), 1), np.round(usage, 6))
    return Lines(owner, step, usage)
