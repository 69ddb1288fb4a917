"""The step of a series and what follows from it: its cycles, and how long the detector remembers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DAY = 86_400.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Memories are in steps. ``day_bins`` and ``week_bins`` are how many phases a day and a week have (1: none).

    ``level`` is the memory of the slow expectation, ``quick`` that of the quick one. ``heard``: how far each statistic
    of ``memory`` is heard, 1 in full, 0 not: days by both, finer data chiefly by the quick one.
    """

    step: float
    day_bins: int
    week_bins: int
    level: float
    quick: float
    scale: float
    calibration: float
    season: float
    relearn: int
    quick_relearn: int
    short: int
    long: int
    jumps: int
    heard: tuple[float, ...]
    refractory: int
    warm_up: int

    def day_phase(self, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Return the phase in the day of times in seconds since 1970 UTC."""
        return ((seconds % DAY) / DAY * self.day_bins).astype(np.int64) % self.day_bins

    def week_phase(self, seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Return the phase in the week, Monday first (1970-01-01 was a Thursday)."""
        week = 7 * DAY
        return (((seconds + 3 * DAY) % week) / week * self.week_bins).astype(np.int64) % self.week_bins


def of_step(step: float) -> Rhythm:
    """Return the rhythm of series whose points lie ``step`` seconds apart."""
    if step >= 0.8 * DAY:
        weekly = step < 1.5 * DAY
        return Rhythm(
            step=step,
            day_bins=1,
            week_bins=7 if weekly else 1,
            level=16.0,
            quick=3.0,
            scale=30.0,
            calibration=400.0,
            season=0.12,
            relearn=7,
            quick_relearn=5,
            short=3,
            long=5,
            jumps=3,
            heard=(1.0, 1.0, 1.0, 1.0, 1.0, 0.0),
            refractory=7,
            warm_up=14,
        )
    a_day = DAY / step
    return Rhythm(
        step=step,
        day_bins=int(min(96, max(1, round(a_day)))),
        week_bins=168,
        level=a_day,
        quick=3.0,
        scale=7 * a_day,
        calibration=60 * a_day,
        season=0.2,
        relearn=int(max(6, a_day)),
        quick_relearn=8,
        short=int(max(3, round(a_day / 24))),
        long=int(max(6, round(a_day / 4))),
        jumps=4,
        heard=(0.6, 0.0, 0.5, 0.4, 1.0, 1.0),
        refractory=int(max(6, a_day)),
        warm_up=int(max(12, a_day)),
    )
