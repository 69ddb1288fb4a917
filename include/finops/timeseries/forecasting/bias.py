"""Means instead of medians: by how much earlier forecasts fell short of what came, on the whole.

The combination is the middle of its models and is weighed by absolute errors, so it says what is usual. Cost is skewed:
some days cost much more than usual and none much less, and it grows. Who adds days up to a month wants the mean. So
each series is raised, or lowered, by the part by which its forecasts from earlier origins missed the sum of what came,
drawn towards that of all series, for stretches of one season, three more, and the rest.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from finops.timeseries.forecasting.grid import Floats

_PRIOR = 4.0
"""So many origins of what all series show are added to what a series itself has shown."""
_LEAST, _MOST = -0.3, 0.5


def factors(missed: Floats, said: Floats, season: int, without: int | None = None) -> Floats:
    """Return what to multiply forecasts by: ``[series, step]``, from misses and forecasts ``[origin, series, step]``.

    ``without`` leaves one origin out, for misses that are to be judged by the others.
    """
    origins, series, horizon = missed.shape
    used = [each for each in range(origins) if each != without]
    found = np.ones((series, horizon))
    for first, last in _stretches(season, horizon):
        part = missed[used, :, first:last]
        base = np.where(np.isfinite(part), np.abs(said[used, :, first:last]), 0.0).sum(axis=2)
        short = np.nansum(part, axis=2)
        found[:, first:last] = 1.0 + _shares(short, base)[:, None]
    return found


def _shares(short: Floats, base: Floats) -> Floats:
    """Return per series by which part forecasts fell short: its own origins, and those of all."""
    if not base.sum() > 0:
        return np.zeros(base.shape[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(base > 0, short / base, np.nan)
    count = np.isfinite(own).sum(axis=0)
    pooled = float(np.clip(np.nanmedian(np.where(base > 0, own, np.nan)), _LEAST, _MOST))
    clipped = np.clip(own, 2 * _LEAST, 2 * _MOST)
    return np.asarray(np.clip((np.nansum(clipped, axis=0) + _PRIOR * pooled) / (count + _PRIOR), _LEAST, _MOST))


def _stretches(season: int, horizon: int) -> list[tuple[int, int]]:
    edges = sorted({0, *(each for each in (season, 4 * season) if each < horizon), horizon})
    return list(pairwise(edges))
