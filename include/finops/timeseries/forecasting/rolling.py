"""Rolling origins: what every model would have said before, and what then came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finops.timeseries.forecasting.grid import Block, Floats, Window
from finops.timeseries.forecasting.pool import Model, forecasts

_LEAST = 2
"""Values that a series must have had at an origin to be scored there."""


@dataclass(frozen=True, slots=True)
class Rolled:
    """Forecasts ``[origin, model, series, step]`` and actual values ``[origin, series, step]``; old origins first.

    An actual value that is missing was not measured, is still to come, or belongs to a series that had too short a
    past. ``distances`` say how many steps before the end each origin lies.
    """

    said: Floats
    actual: Floats
    distances: tuple[int, ...]


def roll(block: Block, models: dict[str, Model], horizon: int, distances: tuple[int, ...]) -> Rolled:
    """Ask every model at every origin. Models that learn do so anew from what was known there."""
    said, actual = [], []
    length = block.given.shape[1]
    for distance in distances:
        past: Window = block.window.before(distance)
        begun = (~np.isnan(past.values)).sum(axis=1) >= _LEAST
        future = np.full((len(block.names), horizon), np.nan)
        known = block.given[:, length - distance : length - distance + horizon]
        future[:, : known.shape[1]] = known
        future[~begun] = np.nan
        said.append(forecasts(models, past, horizon))
        actual.append(future)
    if not said:
        empty = (0, len(models), len(block.names), horizon)
        return Rolled(np.empty(empty), np.empty((0, *empty[2:])), ())
    return Rolled(np.stack(said), np.stack(actual), distances)


def distances_of(length: int, horizon: int, season: int, origins: int) -> tuple[int, ...]:
    """Return the distances of origins from the end, far ones first.

    Half a horizon apart, in whole seasons where that is longer. Where history is too short for this many, they stand
    closer, and the nearest see only the first steps of what came.
    """
    apart = max(horizon // 2, 1)
    if apart > season:
        apart = apart // season * season
    wanted = [horizon + apart * place for place in range(origins)]
    if wanted[-1] <= length - 2 * season:
        return tuple(reversed(wanted))
    furthest = length - _LEAST
    if furthest < 1:
        return ()
    nearest = max(1, min(horizon, furthest // 2))
    return tuple(sorted({int(each) for each in np.linspace(nearest, furthest, origins)}, reverse=True))
