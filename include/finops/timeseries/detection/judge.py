"""One pass over time: how odd each point is, whether it is an alert, and of which kind.

An alert opens an event. While values stay away on that side the event is open and gives no second alert; it closes
after ``QUIET`` ordinary points, or when the level has been learnt. After it the sums that find shifts and creeps
rest for the refractory period; a lone spike may be told as soon as the event is closed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finops.timeseries.detection.conformal import Calibration, exponential, student
from finops.timeseries.detection.layout import Matrix
from finops.timeseries.detection.memory import COUNT, CREEP, JUMP, JUMPS, LONG, POINT, SHORT, Memory
from finops.timeseries.detection.rhythm import Rhythm

AWAY = 1.5
"""Scales beyond which a value has not come back."""
QUIET = 3
PRIOR_WEIGHT = 10.0
BAND = 0.05
"""The share of values outside the band of the expected: 95 % lie inside."""
HALF = 4.0
"""−log10 of the probability that scores one half."""
MUTED = 0.3
"""What remains of the depth of a point when a deeper one was told shortly before."""
KINDS = np.array(["", "spike", "drop", "shift", "creep"])


@dataclass(frozen=True, slots=True)
class Judged:
    """Time × series. ``reach``: half the width of the 95 % band, in scales. ``kind``: index into KINDS."""

    probability: Matrix
    score: Matrix
    alert: npt.NDArray[np.bool_]
    kind: npt.NDArray[np.int64]
    reach: Matrix


def priors() -> Matrix:
    """Return the tails assumed of the statistics of a series without a past: somewhat heavier than they should be."""
    found = np.empty((COUNT, len(student(1.0))))
    found[POINT], found[SHORT], found[LONG] = student(0.7), student(1.0), student(1.0)
    found[CREEP] = exponential(1.2)
    found[JUMP] = found[JUMPS] = student(1.0)
    return found


def judge(z: Matrix, jump: Matrix, novelty: Matrix, rhythm: Rhythm, alarm: float, warm_up: int) -> Judged:
    """Judge residuals (time × series, in scales; NaN: not known)."""
    times, series = z.shape
    found = Judged(
        np.full(z.shape, np.nan),
        np.zeros(z.shape),
        np.zeros(z.shape, np.bool_),
        np.zeros(z.shape, np.int64),
        np.zeros(z.shape),
    )
    heard = np.array(rhythm.heard)
    past = Calibration(priors(), series, rhythm.calibration, PRIOR_WEIGHT)
    memory, events, seen = Memory(rhythm, series), _Events(rhythm, series), np.zeros(series)
    for t in range(times):
        signed = memory.take(z[t], jump[t], events.open)
        sizes = np.abs(signed)
        tails = past.tail(np.where(np.isfinite(sizes), sizes, 0.0))
        found.reach[t] = past.quantile(POINT, BAND)
        past.learn(sizes, tails)
        known = np.isfinite(z[t])
        seen += known
        tails = np.power(tails, heard)
        found.alert[t], found.kind[t] = events.take(signed, tails, known & (seen > warm_up), alarm)
        found.probability[t] = np.where(known, tails.min(axis=1), np.nan)
    depth = np.where(np.isfinite(z), -np.log10(np.nan_to_num(found.probability, nan=1.0)) + novelty, 0.0)
    found.score[:] = _score(depth, rhythm.refractory)
    return found


def _score(depth: Matrix, refractory: int) -> Matrix:
    """Return scores of 0 to 1: in full where a point is the oddest of the refractory period before it."""
    import pandas as pd

    before = pd.DataFrame(depth).shift().rolling(refractory, min_periods=1).max().to_numpy()
    told = np.where(depth > np.nan_to_num(before), depth, MUTED * depth)
    return np.asarray(told / (told + HALF))


class _Events:
    """The event of each series: ``open`` is 1 while its values stay away, and ``rest`` counts down after it."""

    def __init__(self, rhythm: Rhythm, series: int) -> None:
        self.rhythm = rhythm
        self.open, self.rest, self.quiet, self.age = (np.zeros(series) for _ in range(4))
        self.side = np.zeros(series)

    def take(
        self, signed: Matrix, tails: Matrix, may: npt.NDArray[np.bool_], alarm: float
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Return alerts and their kinds."""
        was_open, resting = self.open > 0, self.rest > 0
        odd = tails < alarm
        lone = odd[:, POINT] | odd[:, JUMP]
        opposite = was_open & (np.sign(signed[:, POINT]) == -self.side)
        point = lone & (~was_open | (opposite & (self.age > self.rhythm.relearn)))
        sums = odd.any(axis=1) & ~was_open & ~resting
        alert = may & (point | sums)
        means = odd[:, SHORT] | odd[:, LONG] | odd[:, JUMPS]
        lead = np.select([odd[:, POINT], odd[:, JUMP], means], [POINT, JUMP, LONG], CREEP)
        value = np.take_along_axis(signed, lead[:, None], axis=1)[:, 0]
        kind = np.select([lone, means], [np.where(value > 0, 1, 2), 3], 4)
        self._follow(alert, np.sign(value), signed[:, POINT])
        return alert, np.where(alert, kind, 0)

    def _follow(self, alert: npt.NDArray[np.bool_], side: Matrix, z: Matrix) -> None:
        self.side = np.where(alert, side, self.side)
        self.age = np.where(alert, 0, self.age + 1)
        away = np.isfinite(z) & (np.abs(z) > AWAY) & (np.sign(z) == self.side)
        self.quiet = np.where(alert | away, 0, self.quiet + np.isfinite(z))
        self.open = np.where(alert, 1.0, np.where(self.quiet >= QUIET, 0.0, self.open))
        self.rest = np.where(alert, self.rhythm.refractory, np.maximum(0, self.rest - 1))
