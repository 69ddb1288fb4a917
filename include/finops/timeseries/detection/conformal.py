"""How odd a statistic is against its own past: the conformal tail probability.

p = (share of the past at least as large, together with a few points' worth of a heavy-tailed prior). With no past it
is the prior's tail, so that a short history says less; beyond all of the past the prior's tail shrinks with the
evidence (Vovk, Gammerman and Shafer, 2005; the prior serves as the extrapolation that ranks alone cannot give).
The past is kept as counts in logarithmic bins and fades; points that were odd when they came count for little, so
that one incident does not hide the next, and much repeated ones become ordinary.
"""

from __future__ import annotations

import numpy as np

from finops.timeseries.detection.layout import Matrix

EDGES = np.geomspace(0.05, 1_000.0, 112)
SMALLEST = 1e-30
ODD, ODD_WEIGHT = 2e-3, 0.02


class Calibration:
    """Of ``priors`` (statistic × edges: tail probabilities) and so many series; remembers ``memory`` points."""

    def __init__(self, priors: Matrix, series: int, memory: float, prior_weight: float) -> None:
        statistics, edges = priors.shape
        self.prior = priors
        self.above = np.zeros((series, statistics, edges))
        self.total = np.zeros((series, statistics))
        self.memory, self.prior_weight, self.weight = memory, prior_weight, 1.0
        self.grid = np.ogrid[:series, :statistics]
        self.places = np.arange(edges)

    def tail(self, statistic: Matrix) -> Matrix:
        """Return the tail probability of statistics (series × statistics), before they are learnt."""
        place = np.interp(np.log(np.maximum(statistic, EDGES[0])), np.log(EDGES), self.places)
        low = np.minimum(place.astype(np.int64), len(EDGES) - 2)
        part = place - low
        first, second = (self._at(low + more) for more in (0, 1))
        return np.asarray(np.maximum(np.exp((1 - part) * np.log(first) + part * np.log(second)), SMALLEST))

    def quantile(self, statistic: int, tail: float) -> Matrix:
        """Return, of each series, the value that a share ``tail`` of a statistic lies beyond."""
        own = self.prior_weight * self.weight
        share = (own * self.prior[statistic] + self.above[:, statistic]) / (own + self.total[:, statistic, None])
        return np.asarray(EDGES[np.argmax(share <= tail, axis=1)])

    def learn(self, statistic: Matrix, probability: Matrix) -> None:
        """Take the statistics into the past; NaN is none."""
        self.weight *= np.exp(1.0 / self.memory)
        if self.weight > 1e100:
            for each in (self.above, self.total):
                each /= self.weight
            self.weight = 1.0
        known = np.isfinite(statistic)
        weight = np.where(known, np.where(probability < ODD, ODD_WEIGHT, 1.0), 0.0) * self.weight
        last = np.searchsorted(EDGES, np.where(known, statistic, 0.0), side="right")
        self.above += weight[..., None] * (self.places < last[..., None])
        self.total += weight

    def _at(self, place: Matrix) -> Matrix:
        own = self.prior_weight * self.weight
        above = self.above[self.grid[0], self.grid[1], place]
        return np.asarray((own * self.prior[self.grid[1], place] + above) / (own + self.total))


def student(scale: float) -> Matrix:
    """Return the two-sided tail of Student's t with four degrees of freedom at the edges; its closed form."""
    root = np.sqrt(np.square(EDGES / scale) + 4.0)
    rest = 4.0 / (root * (root + EDGES / scale))
    return np.asarray(np.square(rest) * (3.0 - rest) / 2.0)


def exponential(scale: float) -> Matrix:
    """Return the tail of an exponential at the edges."""
    return np.asarray(np.maximum(np.exp(-EDGES / scale), 1e-12))
