"""Intervals from what was missed before: conformal calibration, pooled over series on one scale.

At each rolling origin the combination is made without that origin's own errors, and each error is divided by a spread
that was worked out without them. The pooled quantiles of these scores, per step and side, times a series' spread are
its interval. With few scores the rank is corrected, (n + 1)(1 - alpha) / n (Vovk, Gammerman & Shafer 2005), and
widened as Student's t is against the normal distribution.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from finops.timeseries.forecasting.grid import Floats

LEVELS = (80, 95)

_PRIOR = 3.0
"""So many origins of the usual ratio of error to change are added to what a series itself has shown."""
_ENOUGH = 400
"""Scores of a step from which its quantiles are its own; below, steps are pooled on the growth of their errors."""
_SIDED = 40
"""Origins of series from which a lower and an upper bound are told apart."""
_NARROWEST, _WIDEST = 1.0, 2.0
"""Limits of the correction for series that change."""
_MEMORY = 0.93
"""How much less an origin counts than the one after it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What to add to a forecast: ``low`` and ``high`` by level, ``[series, step]``."""

    low: dict[int, Floats]
    high: dict[int, Floats]

    def at_least(self, least: Floats) -> Bounds:
        """Return bounds that are no nearer than a normal variable's of deviation ``least``, ``[series, step]``."""
        reach = {level: NormalDist().inv_cdf(0.5 + level / 200) * least for level in LEVELS}
        return Bounds(
            {level: np.minimum(self.low[level], -reach[level]) for level in LEVELS},
            {level: np.maximum(self.high[level], reach[level]) for level in LEVELS},
        )


def calibrate(misses: Floats, change: Floats) -> Bounds:
    """Return bounds from misses ``[origin, series, step]`` (actual minus forecast, old origins first).

    ``change`` is the series' usual change per step of the same kind, in its unit; it stands in for a series whose own
    misses are few. Where bounds from earlier origins did not hold later ones, because series change, all are widened
    by as much as would have held.
    """
    found = _standing_still(misses, change)
    tried = range(len(misses) // 2, len(misses))
    before = [(misses[origin], _standing_still(misses[:origin], change)) for origin in tried if origin >= 2]
    for level in LEVELS:
        wider = _drift([_parts(missed, bounds, level) for missed, bounds in before], level)
        found.low[level] *= wider
        found.high[level] *= wider
    return found


def _parts(missed: Floats, bounds: Bounds, level: int) -> Floats:
    """Return by which part of its bound each value was missed: above 1 it lay outside."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(missed >= 0, missed / bounds.high[level], missed / bounds.low[level])
    return np.where(missed == 0, 0.0, parts)[np.isfinite(missed)]


def _drift(parts: list[Floats], level: int) -> float:
    """Return the factor with which bounds would have held the level one origin ahead, within limits."""
    together = np.concatenate(parts) if parts else np.empty(0)
    if len(together) < _ENOUGH:
        return 1.0
    needed = float(np.quantile(np.nan_to_num(together, nan=0.0, posinf=_WIDEST), level / 100))
    return min(max(needed, _NARROWEST), _WIDEST)


def _standing_still(misses: Floats, change: Floats) -> Bounds:
    """Return bounds as if all origins were alike."""
    origins = len(misses)
    growth = _growth(misses, change)
    sizes = np.abs(misses) / growth
    spread = _spread(sizes, change)
    scores = np.empty_like(misses)
    for origin in range(origins):
        others = np.delete(sizes, origin, axis=0)
        scores[origin] = misses[origin] / (_spread(others, change)[:, None] * growth)
    is_there = np.isfinite(scores)
    count = int(is_there.any(axis=2).sum())
    ages = np.broadcast_to((_MEMORY ** np.arange(origins)[::-1])[:, None, None], scores.shape)
    low: dict[int, Floats] = {}
    high: dict[int, Floats] = {}
    reach = spread[:, None] * growth
    for level in LEVELS:
        tail = (1 - level / 100) / 2
        down, up = _quantiles(scores, is_there, ages, tail, count)
        low[level], high[level] = reach * down, reach * up
    return Bounds(low, high)


def _growth(misses: Floats, change: Floats) -> Floats:
    """Return how errors grow with the step, relative to the mean step; steps not seen grow as a square root."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        seen = (
            np.nanmean(np.abs(misses) / change[:, None], axis=(0, 1))
            if misses.size
            else np.full(misses.shape[2], np.nan)
        )
    steps = np.arange(1, misses.shape[2] + 1)
    known = np.isfinite(seen) & (seen > 0)
    if not known.any():
        return np.sqrt(steps.astype(float))
    last = int(np.flatnonzero(known)[-1])
    found = np.interp(steps, steps[known], seen[known])
    found[last:] = np.maximum(found[last], 1e-12) * np.sqrt(steps[last:] / steps[last])
    return np.asarray(found)


def _spread(sizes: Floats, change: Floats) -> Floats:
    """Return each series' mean size of errors, with a few origins of what is usual for its changes added."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        by_origin = np.nanmean(sizes, axis=2) if len(sizes) else np.empty((0, len(change)))
    count = np.isfinite(by_origin).sum(axis=0)
    total = np.nansum(by_origin, axis=0)
    has = count > 0
    ratio = float(np.median(total[has] / count[has] / change[has])) if has.any() else 1.0
    return np.asarray((total + _PRIOR * max(ratio, 1e-3) * change) / (count + _PRIOR))


def _quantiles(scores: Floats, is_there: np.ndarray, ages: Floats, tail: float, count: int) -> tuple[Floats, Floats]:
    """Return the lower and upper quantile per step of weighted scores, corrected for how few they are."""
    horizon = scores.shape[2]
    if count < 2:
        reach = _student(1 - tail, 2)
        return np.full(horizon, -reach), np.full(horizon, reach)
    rank = min((1 - tail) * (1 + 1 / count), 1.0)
    widened = _student(1 - tail, count) / NormalDist().inv_cdf(1 - tail)
    if rank >= 1.0:
        widened *= 1.15
    down, up = np.empty(horizon), np.empty(horizon)
    if count < _SIDED:
        # Too few to tell the sides apart: what was missed above could have been missed below.
        scores = np.concatenate([scores, -scores])
        is_there, ages = np.concatenate([is_there, is_there]), np.concatenate([ages, ages])
    pooled = _two_sided(scores[is_there], ages[is_there], rank)
    for step in range(horizon):
        own = is_there[:, :, step]
        if own.sum() >= _ENOUGH:
            down[step], up[step] = _two_sided(scores[:, :, step][own], ages[:, :, step][own], rank)
        else:
            down[step], up[step] = pooled
    return np.minimum(down, 0) * widened, np.maximum(up, 0) * widened


def _two_sided(scores: Floats, weights: Floats, rank: float) -> tuple[float, float]:
    order = np.argsort(scores, kind="stable")
    ranked, reached = scores[order], np.cumsum(weights[order])
    share = (reached - 0.5 * weights[order]) / reached[-1]
    return float(np.interp(1 - rank, share, ranked)), float(np.interp(rank, share, ranked))


def _student(rank: float, freedom: int) -> float:
    """Return a quantile of Student's t by Cornish and Fisher's expansion (Abramowitz & Stegun 26.7.5)."""
    z, n = NormalDist().inv_cdf(rank), max(freedom, 2)
    return z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
