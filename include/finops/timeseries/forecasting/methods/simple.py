"""Models that repeat: the last value, the last season, a level, the usual value of a weekday or hour."""

from __future__ import annotations

import warnings

import numpy as np

from finops.timeseries.forecasting.grid import Floats, Window

_LEVEL_SHARE = 0.6


def last_value(window: Window, horizon: int) -> Floats:
    """Return the newest value for every step: the random walk's forecast."""
    return np.repeat(window.values[:, -1:], horizon, axis=1)


def recent_level(window: Window, horizon: int) -> Floats:
    """Return the median of the last four long seasons at most: for series without a rhythm that vary about a level."""
    length = min(window.values.shape[1], 4 * window.seasons[-1] if window.seasons[-1] <= 7 else window.seasons[-1])
    return np.repeat(quiet_median(window.values[:, -length:])[:, None], horizon, axis=1)


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


def usual_value_at_level(window: Window, horizon: int) -> Floats:
    """Return the usual value, moved by a part of how far the last short season was from it; the move fades."""
    usual, season = usual_value(window, horizon), window.seasons[0]
    if window.values.shape[1] <= 2 * season:
        return usual
    expected = usual_value(window.before(season), season)
    gap = window.values[:, -season:].mean(axis=1) - expected.mean(axis=1)
    fading = _LEVEL_SHARE * np.exp(-np.arange(horizon) / (2 * window.seasons[-1]))
    return usual + np.nan_to_num(gap)[:, None] * fading


def season_with_drift(window: Window, horizon: int) -> Floats:
    """Return the last short season plus the mean change between the last five: for smooth curves that drift."""
    values, season = window.values, window.seasons[0]
    if values.shape[1] < 6 * season:
        return seasonal_naive(window, horizon)
    seasons = values[:, -5 * season :].reshape(len(values), 5, season)
    drift = (seasons[:, -1] - seasons[:, 0]) / 4
    steps = np.arange(horizon)
    found = seasons[:, -1][:, steps % season] + (1 + steps // season) * drift[:, steps % season]
    return np.where(np.isnan(found), seasonal_naive(window, horizon), found)


def reverting(window: Window, horizon: int) -> Floats:
    """Return the last value on its way back to the median, at the pace of the series' own autocorrelation."""
    values = window.values[:, -8 * window.seasons[-1] if window.seasons[-1] <= 7 else -2 * window.seasons[-1] :]
    middle, last = quiet_median(values), values[:, -1]
    centred = np.nan_to_num(values - middle[:, None])
    variance = (centred**2).sum(axis=1) + 1e-300
    found = np.empty((len(values), horizon))
    for step in range(1, horizon + 1):
        kept = (centred[:, step:] * centred[:, :-step]).sum(axis=1) / variance if step < values.shape[1] else 0.0
        found[:, step - 1] = middle + (last - middle) * np.clip(kept, 0.0, 1.0)
    return found


def _by_phase(window: Window, horizon: int, season: int, seasons: int) -> Floats:
    values = window.values[:, -season * seasons :]
    length = -(-values.shape[1] // season) * season
    padded = np.full((len(values), length), np.nan)
    padded[:, length - values.shape[1] :] = values
    usual = quiet_median(padded.reshape(len(values), -1, season), axis=1)
    return usual[:, np.arange(horizon) % season]


def quiet_median(values: Floats, axis: int = 1) -> Floats:
    """Return the median of what is there along an axis; missing where nothing is."""
    with warnings.catch_warnings():
        # A slice without a value has no median: NaN is the answer, not news.
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(values, axis=axis), dtype=float)
