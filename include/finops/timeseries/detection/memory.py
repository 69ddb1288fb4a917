"""Statistics that remember: a point alone, short means of residuals (a shift), cumulative sums (a slow creep).

Of the slow expectation: the point, means over ``short`` and ``long`` steps, and cumulative sums after Page (1954) with
an allowance of ``ALLOWANCE`` scales on residuals cut at ``CUT``, so that one spike is no creep. Of the quick one, which
knows no more than the last few points: the jump, and the mean of jumps over ``short`` steps (as the anomaly likelihood
of Ahmad, Lavin, Purdy and Agha, 2017, has short means of prediction errors).
"""

from __future__ import annotations

import numpy as np

from finops.timeseries.detection.layout import Matrix
from finops.timeseries.detection.rhythm import Rhythm

ALLOWANCE, CUT, WIDE = 0.7, 3.0, 8.0
POINT, SHORT, LONG, CREEP, JUMP, JUMPS = range(6)
COUNT = 6


class Memory:
    """The statistics of so many series, signed (series × COUNT)."""

    def __init__(self, rhythm: Rhythm, series: int) -> None:
        self.short, self.long = rhythm.short, rhythm.long
        self.past = np.zeros((rhythm.long, series))
        self.jumps = np.zeros((rhythm.jumps, series))
        self.at = 0
        self.up, self.down = np.zeros(series), np.zeros(series)

    def take(self, z: Matrix, jump: Matrix, event: Matrix) -> Matrix:
        """Return the statistics with these residuals; NaN where they are. While an event is on, sums begin anew."""
        known = np.isfinite(z)
        value, leap = np.where(known, z, 0.0), np.where(known, jump, 0.0)
        on = event > 0
        self.past[:, on] = 0.0
        self.past[self.at % self.long] = np.where(on, 0.0, np.clip(value, -WIDE, WIDE))
        self.jumps[self.at % len(self.jumps)] = np.clip(leap, -WIDE, WIDE)
        recent = (self.at - np.arange(self.short)) % self.long
        self.at += 1
        step = np.clip(value, -CUT, CUT)
        self.up = np.where(on, 0.0, np.maximum(0.0, self.up + np.where(known, step - ALLOWANCE, 0.0)))
        self.down = np.where(on, 0.0, np.maximum(0.0, self.down - np.where(known, step + ALLOWANCE, 0.0)))
        found = np.empty((len(value), COUNT))
        found[:, POINT] = value
        found[:, SHORT] = self.past[recent].sum(axis=0) / np.sqrt(self.short)
        found[:, LONG] = self.past.sum(axis=0) / np.sqrt(self.long)
        found[:, CREEP] = np.where(self.up >= self.down, self.up, -self.down)
        found[:, JUMP] = leap
        found[:, JUMPS] = self.jumps.sum(axis=0) / np.sqrt(len(self.jumps))
        found[~known] = np.nan
        return found
