"""Forecasts of a panel: the pool's models, weighed by backtest, with intervals calibrated on what they missed.

Deterministic: the same panel gives the same figures, whatever the order of its rows. Models that learn from all series
(the ridge regression) and the pooled calibration make a series' forecast depend a little on its company.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from finops.core.errors import BadInput
from finops.timeseries.forecasting import bias, conformal
from finops.timeseries.forecasting.events import Known, known_of
from finops.timeseries.forecasting.grid import Block, Floats, blocks_of
from finops.timeseries.forecasting.pool import BASELINES, forecasts, pool_of
from finops.timeseries.forecasting.rolling import Rolled, distances_of, roll
from finops.timeseries.forecasting.weights import combine, weigh
from finops.timeseries.panel import Panel, Skipped

OURS = "ours"
_MOST_STEPS = 5_000
_UNKNOWN = 0.5
"""Part of its level by which a series of one value may change; a constant one that is longer, as much less."""
_CLEAR = 0.75
"""A model that counts more than this in the mean is named; else it is a combination."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a forecast is made: the number of rolling origins, of which weights and intervals are learned.

    ``adds_up``: say means, whose sums hold, where what is usual would do for single steps (see ``bias``).
    """

    origins: int = 8
    adds_up: bool = False
    progress: Callable[[str, int, int], None] | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """One row per series and future moment: mean and bounds, in the series' unit, moments in UTC.

    ``frame`` is of single steps, ``cumulative`` of the sum of all steps so far, with bounds calibrated for sums.
    """

    frame: pd.DataFrame
    cumulative: pd.DataFrame
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a block: means ``[series, step]``, bounds of steps and of sums, the models' names."""

    mean: Floats
    steps: conformal.Bounds
    sums: conformal.Bounds
    models: list[str]


def forecast(
    panel: Panel, horizon: int, *, options: Options | None = None, known: pd.DataFrame | None = None
) -> Forecast:
    """Forecast every series of a panel by ``horizon`` steps after its own newest value.

    ``known`` has planned and past events: ``ds``, ``factor`` and, where not for all, ``unique_id``; a factor multiplies
    the level that is expected at a moment. Raise BadInput for a horizon or events that cannot be.
    """
    _checked(horizon)
    options = options or Options()
    events = known_of(known)
    blocks = blocks_of(panel, horizon)
    frames, sums = [], []
    for place, block in enumerate(blocks):
        if options.progress:
            options.progress("forecasting", place, len(blocks))
        # Many small fits: threads would wait for each other longer than they work, most of all on a busy machine.
        with threadpool_limits(limits=1):
            said = _say(events.taken_out(block), horizon, options)
        frame, cumulative = _rows(block, said, events, horizon)
        frames.append(frame)
        sums.append(cumulative)
    columns = ["unique_id", "ds", "mean", "lo_80", "hi_80", "lo_95", "hi_95", "model"]
    return Forecast(_joined(frames, columns), _joined(sums, columns), panel.skipped, panel.notes)


def backtest(panel: Panel, horizon: int, origins: int, options: Options | None = None) -> pd.DataFrame:
    """Return what ours, every model of the pool and every baseline would have said at the newest origins.

    One row per series, origin and step that came: ``unique_id``, ``origin`` (the moment of the newest value known
    there), ``step``, ``ds``, ``y``, the mean of each model by its name, ``ours`` and its bounds. At each origin ours is
    made anew from what was known there, weights and intervals included.
    """
    _checked(horizon)
    options = options or Options()
    with threadpool_limits(limits=1):
        found = [_tested(block, horizon, origins, options) for block in blocks_of(panel, horizon)]
    rows = [each for each in found if len(each)]
    if not rows:
        return pd.DataFrame(columns=["unique_id", "origin", "step", "ds", "y", OURS])
    return pd.concat(rows, ignore_index=True).sort_values(["unique_id", "origin", "step"], ignore_index=True)


def _checked(horizon: int) -> None:
    if not 1 <= horizon <= _MOST_STEPS:
        raise BadInput(f"horizon {horizon} is not possible; give a number of steps from 1 to {_MOST_STEPS:,}")


def _say(block: Block, horizon: int, options: Options) -> Said:
    window, models = block.window, pool_of(block.window.seasons)
    season = window.seasons[0]
    distances = distances_of(block.given.shape[1], horizon, window.seasons[-1], options.origins)
    rolled = roll(block, models, horizon, distances)
    change = _usual_change(block)
    now = forecasts(models, window, horizon)
    weights = weigh(rolled, change, season)
    mean = combine(now, weights)
    missed = _missed(rolled, change, season)
    if options.adds_up:
        mean, missed = _raised(mean, missed, rolled, season)
    is_positive = np.nanmin(block.given, axis=1) >= 0
    mean = np.where(is_positive[:, None], np.maximum(mean, 0.0), mean)
    names = list(models)
    shares = weights.mean(axis=2)
    chosen = [names[int(each.argmax())] if each.max() > _CLEAR else "combination" for each in shares.T]
    least = _least_change(block)[:, None]
    steps = conformal.calibrate(missed, change).at_least(least)
    sums = conformal.calibrate(np.cumsum(missed, axis=2), change).at_least(least * np.arange(1, horizon + 1))
    return Said(mean, steps, sums, chosen)


def _missed(rolled: Rolled, change: Floats, season: int) -> Floats:
    """Return by how much the combination missed at each origin, weighed without that origin."""
    found = np.full_like(rolled.actual, np.nan)
    for origin in range(len(rolled.said)):
        weights = weigh(rolled, change, season, without=origin)
        found[origin] = rolled.actual[origin] - combine(rolled.said[origin], weights)
    return found


def _raised(mean: Floats, missed: Floats, rolled: Rolled, season: int) -> tuple[Floats, Floats]:
    """Return the means brought to where sums hold, and what they would have missed at each origin by the others."""
    said = rolled.actual - missed
    others = np.stack([bias.factors(missed, said, season, without=each) for each in range(len(missed))])
    return mean * bias.factors(missed, said, season), rolled.actual - said * others


def _usual_change(block: Block) -> Floats:
    """Return each series' mean change from season to season, or from step to step where that is smaller; never zero."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        changes = [
            np.nanmean(np.abs(block.given[:, lag:] - block.given[:, :-lag]), axis=1)
            for lag in {1, *block.window.seasons}
            if block.given.shape[1] > lag
        ]
    found = np.fmin.reduce(changes) if changes else np.full(len(block.names), np.nan)
    found = np.fmax(np.nan_to_num(found), _least_change(block))
    return np.asarray(np.where(found > 0, found, 1e-12))


def _least_change(block: Block) -> Floats:
    """Return a change that can never be excluded: the less, the longer the series."""
    count = (~np.isnan(block.given)).sum(axis=1)
    return np.asarray(np.nanmean(np.abs(block.given), axis=1) * _UNKNOWN / count)


def _rows(block: Block, said: Said, events: Known, horizon: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    factors = events.factors(block, block.window.moments(horizon))
    is_positive = (np.nanmin(block.given, axis=1) >= 0)[:, None]
    mean = said.mean * factors
    low, high = (
        {level: side[level] * factors for level in conformal.LEVELS} for side in (said.steps.low, said.steps.high)
    )
    steps = _frame(block, horizon, mean, conformal.Bounds(low, high), is_positive, said.models)
    sums = _frame(block, horizon, np.cumsum(mean, axis=1), said.sums, is_positive, said.models)
    return steps, sums


def _frame(
    block: Block, horizon: int, mean: Floats, bounds: conformal.Bounds, is_positive: np.ndarray, models: list[str]
) -> pd.DataFrame:
    least = np.where(is_positive, 0.0, -np.inf)
    columns: dict[str, object] = {
        "unique_id": np.repeat(np.array(block.names, dtype=object), horizon),
        "ds": block.window.moments(horizon).ravel(),
        "mean": mean.ravel(),
    }
    for level in conformal.LEVELS:
        columns[f"lo_{level}"] = np.maximum(mean + bounds.low[level], least).ravel()
        columns[f"hi_{level}"] = np.maximum(mean + bounds.high[level], least).ravel()
    columns["model"] = np.repeat(np.array(models, dtype=object), horizon)
    return pd.DataFrame(columns)


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True).sort_values(["unique_id", "ds"], ignore_index=True)


def _tested(block: Block, horizon: int, origins: int, options: Options) -> pd.DataFrame:
    length = block.given.shape[1]
    models = pool_of(block.window.seasons) | BASELINES
    rows = []
    for distance in distances_of(length, horizon, block.window.seasons[-1], origins):
        if length - distance < 2:
            continue
        window = block.window.before(distance)
        past = Block(block.names, block.given[:, :-distance], window)
        has_past = np.asarray((~np.isnan(past.given)).any(axis=1))
        if not has_past.any():
            continue
        past = Block(
            tuple(name for name, keep in zip(block.names, has_past, strict=True) if keep),
            past.given[has_past],
            window.of(has_past),
        )
        future = block.given[has_past, length - distance : length - distance + horizon]
        rows.append(_of_origin(past, future, horizon, models, options))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def _of_origin(past: Block, future: Floats, horizon: int, models: dict, options: Options) -> pd.DataFrame:
    said = _say(past, horizon, options)
    is_positive = (np.nanmin(past.given, axis=1) >= 0)[:, None]
    frame = _frame(past, horizon, said.mean, said.steps, is_positive, said.models)
    frame = frame.rename(columns={"mean": OURS})
    actual = np.full((len(past.names), horizon), np.nan)
    actual[:, : future.shape[1]] = future
    frame.insert(1, "origin", np.repeat(past.window.ends, horizon))
    frame.insert(2, "step", np.tile(np.arange(1, horizon + 1), len(past.names)))
    frame.insert(4, "y", actual.ravel())
    for name, values in zip(models, forecasts(models, past.window, horizon), strict=True):
        frame[name] = values.ravel()
    return frame.dropna(subset=["y"])
