"""Exponential smoothing on seasonally adjusted values: naive 2, theta, damped trend; and the rhythm itself.

Naive 2 and theta follow the M4 competition's benchmarks (Makridakis, Spiliotis & Assimakopoulos 2020); the damped
trend is Gardner & McKenzie's (1985).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from finops.timeseries.forecasting.grid import Floats, Window

_ALPHAS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
_DAMPING = 0.9
_SEASONS_OF_RHYTHM = 10
"""Newest long seasons from which a rhythm is learned."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Seasonally adjusted values, and what to multiply (or add) for the next steps."""

    values: Floats
    factors: Floats
    is_additive: npt.NDArray[np.bool_]
    season: int

    def restored(self, level: Floats) -> Floats:
        """Return forecasts ``[series, horizon]`` of adjusted values with their rhythm."""
        factors = self.factors[:, np.arange(level.shape[1]) % self.season]
        return np.where(self.is_additive[:, None], level + factors, level * factors)


def naive2(window: Window, horizon: int) -> Floats:
    """Return M4's Naive 2: the last value after classical multiplicative adjustment, where a rhythm is significant."""
    adjusted = adjust(window.values, window.seasons[0], only_significant=True)
    return adjusted.restored(np.repeat(adjusted.values[:, -1:], horizon, axis=1))


def theta(window: Window, horizon: int) -> Floats:
    """Return the theta method: simple smoothing plus half the slope of the adjusted values' line."""
    return _theta(window, horizon, window.seasons[0])


def long_theta(window: Window, horizon: int) -> Floats:
    """Return theta on the long rhythm: hours of the week instead of hours of the day."""
    return _theta(window, horizon, window.seasons[-1])


def damped_trend(window: Window, horizon: int) -> Floats:
    """Return Holt's linear trend, damped, on values adjusted for the long rhythm."""
    adjusted = adjust(_recent(window), window.seasons[-1])
    level, slope = _holt(adjusted.values)
    damping = np.cumsum(_DAMPING ** np.arange(1, horizon + 1))
    return adjusted.restored(level[:, None] + slope[:, None] * damping)


def adjust(values: Floats, season: int, only_significant: bool = False) -> Adjusted:
    """Take a rhythm out of values by classical decomposition; additive where a series has values of zero or less.

    A series with less than two seasons, or without a significant rhythm where asked for, keeps its values.
    """
    count = (~np.isnan(values)).sum(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        is_additive = np.nanmin(values, axis=1) <= 0
    if values.shape[1] < 2 * season:
        return Adjusted(values, np.ones((len(values), season)), np.zeros(len(values), dtype=bool), season)
    is_seasonal = count >= 2 * season
    if only_significant:
        is_seasonal &= (count >= 3 * season) & _is_significant(values, season)
    trend = _centred_mean(values, season)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(is_additive[:, None], values - trend, values / trend)
    rhythm = _mean_by_phase(parts, season)
    neutral = np.where(is_additive, 0.0, 1.0)[:, None]
    mean = rhythm.mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        rhythm = np.where(is_additive[:, None], rhythm - mean, rhythm / mean)
    is_sound = is_seasonal & np.isfinite(rhythm).all(axis=1) & (is_additive | (rhythm > 0).all(axis=1))
    rhythm = np.where(is_sound[:, None], rhythm, neutral)
    factors = rhythm[:, (np.arange(-values.shape[1], 0)) % season]
    without = np.where(is_additive[:, None], values - factors, values / np.where(is_additive[:, None], 1.0, factors))
    return Adjusted(without, rhythm, is_additive, season)


def smooth(values: Floats) -> Floats:
    """Return the level of simple exponential smoothing, with the best of a few constants for each series."""
    alphas = np.array(_ALPHAS)
    level = np.repeat(np.nan_to_num(values[:, :1], nan=np.nan), len(alphas), axis=1)
    errors = np.zeros_like(level)
    for column in range(1, values.shape[1]):
        value = values[:, column, None]
        error = value - level
        is_first = np.isnan(level)
        errors += np.where(np.isnan(error), 0.0, error * error)
        level = np.where(is_first, value, level + alphas * np.nan_to_num(error))
    return np.take_along_axis(level, errors.argmin(axis=1)[:, None], axis=1)[:, 0]


def _theta(window: Window, horizon: int, season: int) -> Floats:
    adjusted = adjust(_recent(window), season)
    level, slope = smooth(adjusted.values), _slope(adjusted.values)
    steps = np.arange(1, horizon + 1)
    return adjusted.restored(level[:, None] + 0.5 * slope[:, None] * steps)


def _recent(window: Window) -> Floats:
    length = window.seasons[-1] * (_SEASONS_OF_RHYTHM if window.seasons[-1] > 7 else 2 * _SEASONS_OF_RHYTHM)
    return window.values[:, -length:]


def _slope(values: Floats) -> Floats:
    """Return the slope of the least-squares line per step; 0 with fewer than three values."""
    is_there = ~np.isnan(values)
    count = is_there.sum(axis=1)
    times = np.where(is_there, np.arange(values.shape[1], dtype=float), np.nan)
    held = np.where(is_there, values, 0.0)
    safe = np.maximum(count, 1)
    middle = np.nansum(times, axis=1) / safe
    spread = np.where(is_there, times - middle[:, None], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (spread * held).sum(axis=1) / (spread**2).sum(axis=1)
    return np.where(count >= 3, np.nan_to_num(slope), 0.0)


def _holt(values: Floats) -> tuple[Floats, Floats]:
    """Return level and slope of the damped linear trend, with the best of a few pairs of constants per series."""
    pairs = np.array([(alpha, beta) for alpha in (0.1, 0.3, 0.5, 0.8) for beta in (0.02, 0.1, 0.3)])
    alpha, beta = pairs[:, 0], pairs[:, 0] * pairs[:, 1]
    level = np.repeat(values[:, :1], len(pairs), axis=1)
    slope, errors = np.zeros_like(level), np.zeros_like(level)
    for column in range(1, values.shape[1]):
        value = values[:, column, None]
        expected = level + _DAMPING * slope
        error = np.nan_to_num(value - expected)
        errors += error * error
        level = np.where(np.isnan(level), value, expected + alpha * error)
        slope = _DAMPING * slope + beta * error
    best = errors.argmin(axis=1)[:, None]
    return np.take_along_axis(level, best, axis=1)[:, 0], np.take_along_axis(slope, best, axis=1)[:, 0]


def _centred_mean(values: Floats, season: int) -> Floats:
    """Return the centred moving average of one season (2 x m where the season is even), missing at both ends."""
    kernel = np.ones(season) / season if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5] / season
    half = len(kernel) // 2
    sums = np.full_like(values, np.nan)
    running = np.cumsum(np.pad(np.nan_to_num(values), ((0, 0), (1, 0))), axis=1)
    first, last = half, values.shape[1] - half
    whole = (running[:, 2 * half :] - running[:, : -2 * half])[:, : last - first]
    if season % 2:
        whole = (running[:, season:] - running[:, :-season])[:, : last - first]
    else:
        whole = whole - 0.5 * np.nan_to_num(values[:, : last - first])
        whole = whole + 0.5 * np.nan_to_num(values[:, 2 * half : 2 * half + last - first])
    sums[:, first:last] = whole / season
    # A mean that reaches before the first value is none.
    begun = np.cumsum(~np.isnan(values), axis=1)
    sums[:, first:last] = np.where(begun[:, : last - first] > 0, sums[:, first:last], np.nan)
    return sums


def _mean_by_phase(parts: Floats, season: int) -> Floats:
    length = parts.shape[1] // season * season
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = np.nanmean(parts[:, -length:].reshape(len(parts), -1, season), axis=1)
    return np.asarray(found, dtype=float)


def _is_significant(values: Floats, season: int) -> npt.NDArray[np.bool_]:
    """Apply M4's test: the autocorrelation at the season against its 90 % limit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        centred = np.nan_to_num(values - np.nanmean(values, axis=1, keepdims=True))
    count = (~np.isnan(values)).sum(axis=1)
    variance = np.maximum((centred**2).sum(axis=1), 1e-300)
    lags = [(centred[:, lag:] * centred[:, :-lag]).sum(axis=1) / variance for lag in range(1, season + 1)]
    limit = 1.645 * np.sqrt((1 + 2 * sum(lag**2 for lag in lags[:-1])) / np.maximum(count, 1))
    return np.asarray(np.abs(lags[-1]) > limit)
