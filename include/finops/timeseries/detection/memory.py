"""Statistics that remember: the point alone, short means of residuals (a shift), cumulative sums (a slow creep).

Cumulative sums after Page (1954) with an allowance of ``ALLOWANCE`` scales, on residuals cut at ``CUT`` so that one
spike is no creep; they fade with ``FADE`` so that an old excess is forgotten.
"""

from __future__ import annotations

import numpy as np

from finops.timeseries.detection.layout import Matrix
from finops.timeseries.detection.rhythm import Rhythm

ALLOWANCE, CUT = 0.5, 3.0
POINT, SHORT, LONG, CREEP = range(4)
COUNT = 4


class Memory:
    """The statistics of so many series, signed (series × COUNT)."""

    def __init__(self, rhythm: Rhythm, series: int) -> None:
        self.rhythm = rhythm
        self.past = np.zeros((rhythm.long, series))
        self.at = 0
        self.up, self.down = np.zeros(series), np.zeros(series)
        self.sums = {SHORT: np.zeros(series), LONG: np.zeros(series)}

    def take(self, z: Matrix, event: Matrix) -> Matrix:
        """Return the statistics with this residual; while an event is on, sums begin anew."""
        known = np.isfinite(z)
        value = np.where(known, z, 0.0)
        cut = np.clip(value, -2 * CUT, 2 * CUT)
        on = event > 0
        self.past[self.at] = np.where(on, 0.0, cut)
        self.past[:, on] = 0.0
        order = (self.at - np.arange(self.rhythm.long)) % self.rhythm.long
        short = self.past[order[: self.rhythm.short]].sum(axis=0) / np.sqrt(self.rhythm.short)
        long = self.past.sum(axis=0) / np.sqrt(self.rhythm.long)
        self.at = (self.at + 1) % self.rhythm.long
        step = np.clip(value, -CUT, CUT)
        self.up = np.where(on, 0.0, np.maximum(0.0, self.up + np.where(known, step - ALLOWANCE, 0.0)))
        self.down = np.where(on, 0.0, np.maximum(0.0, self.down - np.where(known, step + ALLOWANCE, 0.0)))
        creep = np.where(self.up >= self.down, self.up, -self.down)
        found = np.stack([value, short, long, creep], axis=1)
        return np.where(known[:, None], found, np.nan)
