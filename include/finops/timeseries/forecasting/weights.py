"""How much each model counts: its past errors for a series, shrunk to its errors for all series.

The combination is the middle of the weighted models, not their mean: one model that runs away moves nothing, and where
most models say zero, zero is said.
"""

from __future__ import annotations

import warnings

import numpy as np

from finops.timeseries.forecasting.grid import Floats
from finops.timeseries.forecasting.rolling import Rolled

_POWER = 5.0
"""A model whose error is a tenth larger counts 0.62 as much."""
_MIDDLE = 0.1
"""The part of the weights, around the weighted median, of which the mean is taken."""
_SHRINKAGE = 4.0
"""So many origins of an average series are added to what a series itself has shown."""


def stages_of(horizon: int, season: int) -> list[slice]:
    """Return stretches of the horizon that are weighed apart: which model is best changes with the distance."""
    bounds = [0]
    for bound in (1, 3, season // 3, season, 2 * season, 4 * season):
        if bounds[-1] < bound < horizon:
            bounds.append(bound)
    return [slice(first, last) for first, last in zip(bounds, [*bounds[1:], horizon], strict=True)]


def combine(said: Floats, weights: Floats) -> Floats:
    """Return the weighted middle ``[series, step]`` of what models said, both ``[model, series, step]``."""
    order = np.argsort(said, axis=0, kind="stable")
    ranked = np.take_along_axis(said, order, axis=0)
    reached = np.cumsum(np.take_along_axis(weights, order, axis=0), axis=0)
    reached /= reached[-1]
    least = 0.5 - _MIDDLE / 2
    inner = np.clip(reached, least, 1 - least)
    shares = np.diff(inner, axis=0, prepend=least) / _MIDDLE
    return np.asarray((shares * ranked).sum(axis=0))


def weigh(rolled: Rolled, scale: Floats, season: int, without: int | None = None) -> Floats:
    """Return weights ``[model, series, step]`` that sum to one over models.

    ``scale`` is each series' usual change, in its unit. ``without`` leaves one origin out, for an honest look at it.
    """
    origins, models, series, horizon = rolled.said.shape
    kept = [each for each in range(origins) if each != without]
    weights = np.full((models, series, horizon), 1.0 / models)
    if not kept:
        return weights
    errors = np.abs(rolled.said[kept] - rolled.actual[kept, None]) / scale[None, None, :, None]
    for stage in stages_of(horizon, season):
        found = _of_stage(errors[..., stage])
        if found is not None:
            weights[:, :, stage] = found[:, :, None]
        elif stage.start:
            weights[:, :, stage] = weights[:, :, stage.start - 1 : stage.start]
    return weights


def _of_stage(errors: Floats) -> Floats | None:
    """Return weights ``[model, series]`` from errors ``[origin, model, series, step]``; None without any."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        by_origin = np.nanmean(errors, axis=3)
        own = np.nanmean(by_origin, axis=0)
    count = (~np.isnan(by_origin[:, 0])).sum(axis=0)
    if not count.any():
        return None
    # Each series counts alike: its errors are put relative to its own best-behaved half of the pool.
    usual = np.median(np.where(np.isnan(own), 0.0, own), axis=0)
    safe = np.where(usual > 0, usual, 1.0)
    relative = np.where(np.isnan(own), 0.0, own) / safe
    is_known = (count > 0) & (usual > 0)
    general = relative[:, is_known].mean(axis=1) if is_known.any() else np.ones(len(own))
    blended = (count * np.where(is_known, relative, 0.0) + _SHRINKAGE * general[:, None]) / (
        np.where(is_known, count, 0) + _SHRINKAGE
    )
    blended = np.maximum(blended, 1e-9)
    shares = (blended.min(axis=0) / blended) ** _POWER
    return np.asarray(shares / shares.sum(axis=0))
