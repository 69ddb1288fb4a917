"""What the next point should be: a level that follows robustly, and the rhythms of day and week around it.

Residuals are relative to the size of the series, since the noise of money grows with the money; an outlier moves
level, rhythm and scale by no more than ``CLIP`` scales (Huber, 1964; the robust exponential smoothing of Gelper,
Fried and Croux, 2010). A level that has stayed away for ``relearn`` points is the new level at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finops.timeseries.detection.layout import Block, Matrix
from finops.timeseries.detection.rhythm import Rhythm

CLIP = 2.5
EARLY = 4.0
FAR = 1_000.0
"""Scales beyond which nothing is odder still."""
FLOOR = 1e-4
"""The smallest scale, of the series' size: a constant that moves by less has not moved."""
FORMER, BACK = 6, 2.0
"""For how many times the time of learning a level the one before is remembered, and how near, in scales, is back."""
FAR_DAY, WIDER = 3.0, 0.1
"""Scales that a day of the month must have been away, twice, to be expected away; the part of that which may vary."""
PRIOR, PRIOR_WEIGHT = 0.15, 4.0
"""The relative scale assumed of a series that nothing is known of, and how many points that is worth."""
SHRINK = 1.5
"""How many cycles it takes to believe a rhythm by half and more."""
MEAN_TO_SCALE = 1.2533
"""Of a Gaussian, standard deviation / mean absolute deviation."""

Phase = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Expected:
    """Time × series. ``z``: residual in scales; NaN where y is. ``unit``: one scale in the units of y."""

    mean: Matrix
    unit: Matrix
    z: Matrix

    def share(self) -> Matrix:
        """Return one scale as a share of what was expected; NaN where nothing or nought was."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            found = self.unit / np.abs(self.mean)
        return np.where(np.isfinite(found), found, np.nan)


def follow(block: Block, memory: float, relearn: int) -> Expected:
    """Return what was expected of each point before it was seen, the level being remembered for ``memory`` steps."""
    state = _State(block.rhythm, block.y.shape[1], memory, relearn)
    mean, unit, z = (np.empty_like(block.y) for _ in range(3))
    for t in range(len(block.y)):
        mean[t], unit[t] = state.expect(block.day[t], block.week[t], block.month[t])
        z[t] = state.learn(block.y[t])
    return Expected(mean, unit, z)


class _State:
    """What is known of each series (columns) before a point."""

    def __init__(self, rhythm: Rhythm, series: int, memory: float, relearn: int) -> None:
        self.rhythm, self.gain, self.relearn = rhythm, 1.0 / memory, relearn
        self.columns = np.arange(series)
        self.seen = np.zeros(series)
        self.level, self.size, self.offset = (np.zeros(series) for _ in range(3))
        self.scale = np.full(series, PRIOR)
        self.day = np.zeros((series, rhythm.day_bins))
        self.week = np.zeros((series, rhythm.week_bins))
        self.day_seen, self.week_seen = np.zeros_like(self.day), np.zeros_like(self.week)
        self.run = np.zeros(series)
        self.run_from, self.former = np.zeros(series), np.full(series, np.nan)
        self.former_left = np.zeros(series)
        self.recent = np.full((relearn, series), np.nan)
        self.per_bin = max(1.0, 86_400.0 / rhythm.step / rhythm.day_bins) if rhythm.day_bins > 1 else 1.0
        self.per_week_bin = max(1.0, 7 * 86_400.0 / rhythm.step / rhythm.week_bins)
        self.at: tuple[Phase, Phase] = (self.columns, self.columns)
        self.month = _Month(series, is_daily=rhythm.day_bins == 1 and rhythm.week_bins > 1)

    def expect(self, day: Phase, week: Phase, month: Phase) -> tuple[Matrix, Matrix]:
        """Return mean and unit of the point in these phases."""
        self.at = (day, week)
        self.offset = np.zeros_like(self.level)
        if self.rhythm.day_bins > 1:
            self.offset += _believed(self.day, self.day_seen / self.per_bin, self.columns, day)
        if self.rhythm.week_bins > 1:
            self.offset += _believed(self.week, self.week_seen / self.per_week_bin, self.columns, week)
        self.month.at = month
        self.offset += self.month.expected(np.maximum(self.scale, FLOOR), self.size)
        never = self.seen == 0
        mean = np.where(never, np.nan, self.level + self.size * self.offset)
        return mean, np.where(never, np.nan, self._spread() * self.size)

    def learn(self, y: Matrix) -> Matrix:
        """Take in the point that was expected; return its residual in scales."""
        known = np.isfinite(y)
        value = np.where(known, y, 0.0)
        first = known & (self.seen == 0)
        self.level = np.where(first, value, self.level)
        self.size = np.where(first, np.abs(value), self.size)
        scale = self._spread()
        size = np.maximum(self.size, np.finfo(np.float64).tiny)
        with np.errstate(over="ignore"):
            self._return(known & ~first, value, size, scale)
            residual = np.where(first, 0.0, (value - self.level) / size - self.offset)
            z = np.clip(np.where(known, residual / scale, 0.0), -FAR, FAR)
        self.month.learn(known, residual, self.size)
        self.run_from = np.where(self.run == 0, self.level, self.run_from)
        self._update(known, z, np.clip(z, -CLIP, CLIP) * scale, value)
        self._relearn(known, z, value)
        return np.where(known, z, np.nan)

    def _spread(self) -> Matrix:
        """Return one scale, relative to size: wider on a day that the month says is unlike others."""
        return np.asarray(np.maximum(self.scale, FLOOR) + WIDER * np.abs(self.month.now))

    def _update(self, known: npt.NDArray[np.bool_], z: Matrix, moved: Matrix, value: Matrix) -> None:
        self.seen += known
        gain = np.where(known, np.maximum(self.gain, 1.0 / (self.seen + 1.0)), 0.0)
        self.level += gain * moved * self.size
        before = np.maximum(self.scale, FLOOR)
        slow = np.where(known, np.maximum(1.0 / self.rhythm.scale, 1.0 / (self.seen + PRIOR_WEIGHT)), 0.0)
        self.scale += slow * (MEAN_TO_SCALE * np.abs(moved) - self.scale)
        grown = np.minimum(np.abs(value), np.where(self.seen < 3, np.inf, 3.0 * self.size))
        grown = np.where(self.size > 0, grown, np.abs(value))
        self.size += np.where(known, np.maximum(1.0 / self.rhythm.scale, 1.0 / (self.seen + 1.0)), 0.0) * (
            grown - self.size
        )
        rest = moved - gain * moved
        wide = np.clip(z, -EARLY * CLIP, EARLY * CLIP) * before * (1.0 - gain)
        for table, seen, phase, per_bin in (
            (self.day, self.day_seen, self.at[0], self.per_bin),
            (self.week, self.week_seen, self.at[1], self.per_week_bin),
        ):
            if table.shape[1] > 1:
                seen[self.columns, phase] += known
                rate = np.maximum(self.rhythm.season / per_bin, 1.0 / (seen[self.columns, phase] + 1.0))
                early = seen[self.columns, phase] <= 2 * per_bin
                step = np.where(known, rate * np.where(early, wide, rest), 0.0)
                table[self.columns, phase] += step
                rest = rest - step

    def _return(self, known: npt.NDArray[np.bool_], value: Matrix, size: Matrix, scale: Matrix) -> None:
        """Take up the former level again where a value far from the present one is near it: the end of a shift."""
        self.former_left = np.maximum(0.0, self.former_left - known)
        near = np.abs((value - self.former) / size - self.offset) < BACK * scale
        far = np.abs((value - self.level) / size - self.offset) > BACK * scale
        back = known & near & far & (self.former_left > 0)
        self.level, self.former = np.where(back, self.former, self.level), np.where(back, self.level, self.former)
        self.former_left = np.where(back, FORMER * self.relearn, self.former_left)
        self.run = np.where(back, 0.0, self.run)

    def _relearn(self, known: npt.NDArray[np.bool_], z: Matrix, value: Matrix) -> None:
        """Move the level to where it has been for a while, when it has been far on one side all that time."""
        sign = np.where(np.abs(z) > 2.0, np.sign(z), 0.0)
        same = np.sign(self.run) == sign
        self.run = np.where(known, np.where(same, self.run + sign, sign), self.run)
        slot = (self.seen.astype(np.int64) - 1) % self.relearn
        here = np.flatnonzero(known)
        self.recent[slot[here], here] = (value - self.size * self.offset)[here]
        there = np.flatnonzero(np.abs(self.run) >= self.relearn)
        if len(there):
            self.former[there] = self.run_from[there]
            self.former_left[there] = FORMER * self.relearn
            self.level[there] = np.median(self.recent[:, there], axis=0)
            self.run[there] = 0.0


class _Month:
    """What a day of the month has more or less: as much as its last two months agree on, when that is far."""

    def __init__(self, series: int, *, is_daily: bool) -> None:
        self.is_daily = is_daily
        self.columns = self.at = np.arange(series)
        self.last, self.before = np.zeros((series, 31)), np.zeros((series, 31))
        self.now = np.zeros(series)

    def expected(self, scale: Matrix, size: Matrix) -> Matrix:
        """Return the offset, relative to size, of the phase ``at``."""
        if self.is_daily:
            one, two = self.last[self.columns, self.at], self.before[self.columns, self.at]
            agreed = np.where(np.sign(one) == np.sign(two), np.sign(one) * np.minimum(np.abs(one), np.abs(two)), 0.0)
            is_far = np.abs(agreed) > FAR_DAY * scale * size
            self.now = np.where(is_far, agreed, 0.0) / np.maximum(size, np.finfo(np.float64).tiny)
        return self.now

    def learn(self, known: npt.NDArray[np.bool_], residual: Matrix, size: Matrix) -> None:
        """Take in the residual of the day, which the offset just given was taken from."""
        if self.is_daily:
            last = self.last[self.columns, self.at]
            self.before[self.columns, self.at] = np.where(known, last, self.before[self.columns, self.at])
            self.last[self.columns, self.at] = np.where(known, (np.clip(residual, -FAR, FAR) + self.now) * size, last)


def _believed(table: Matrix, cycles: Matrix, columns: npt.NDArray[np.int64], phase: Phase) -> Matrix:
    """Return a rhythm at a phase, shrunk to none while few cycles of it were seen."""
    seen = cycles[columns, phase]
    return np.asarray(table[columns, phase] * seen / (seen + SHRINK))
