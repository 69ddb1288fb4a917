"""Models that repeat: the last value, the last season, a level, the usual value of a weekday or hour."""

from __future__ import annotations

import warnings

import numpy as np

from finops.timeseries.forecasting.grid import Floats, Window


def last_value(window: Window, horizon: int) -> Floats:
    """Return the newest value for every step: the random walk's forecast."""
    return np.repeat(window.values[:, -1:], horizon, axis=1)


def recent_level(window: Window, horizon: int) -> Floats:
    """Return the median of the last four long seasons at most: for series without a rhythm that vary about a level."""
    length = min(window.values.shape[1], 4 * window.seasons[-1] if window.seasons[-1] <= 7 else window.seasons[-1])
    return np.repeat(_quiet_median(window.values[:, -length:])[:, None], horizon, axis=1)


def seasonal_naive(window: Window, horizon: int, season: int | None = None) -> Floats:
    """Return the values of one season before, repeated; the last value where there is no whole season."""
    length = season or window.seasons[0]
    if window.values.shape[1] < length:
        return last_value(window, horizon)
    whole = window.values[:, -length:]
    found = whole[:, np.arange(horizon) % length]
    return np.where(np.isnan(found), window.values[:, -1:], found)


def long_seasonal_naive(window: Window, horizon: int) -> Floats:
    """Return the values of one long season (a week) before, repeated; of a short one where there is no week."""
    found = seasonal_naive(window, horizon, window.seasons[-1])
    is_short = np.isnan(window.values[:, -min(window.seasons[-1], window.values.shape[1])])
    is_short |= window.values.shape[1] < window.seasons[-1]
    found[is_short] = seasonal_naive(window.of(is_short), horizon)
    return found


def usual_value(window: Window, horizon: int) -> Floats:
    """Return the median of the same weekday (for hours: hour of the week) in the last weeks.

    Six weeks of days, four of hours; where no such value is known, the median of the short season.
    """
    season = window.seasons[-1]
    weeks = 6 if season <= 7 else 4
    found = _by_phase(window, horizon, season, weeks)
    if (missing := np.isnan(found)).any():
        found[missing] = _by_phase(window, horizon, window.seasons[0], 7)[missing]
    return np.where(np.isnan(found), window.values[:, -1:], found)


def _by_phase(window: Window, horizon: int, season: int, seasons: int) -> Floats:
    values = window.values[:, -season * seasons :]
    length = -(-values.shape[1] // season) * season
    padded = np.full((len(values), length), np.nan)
    padded[:, length - values.shape[1] :] = values
    usual = _quiet_median(padded.reshape(len(values), -1, season), axis=1)
    return usual[:, np.arange(horizon) % season]


def _quiet_median(values: Floats, axis: int = 1) -> Floats:
    with warnings.catch_warnings():
        # A slice without a value has no median: NaN is the answer, not news.
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(values, axis=axis), dtype=float)
