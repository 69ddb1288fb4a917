"""A global ridge regression: one set of weights for all series, on their own recent past.

Every series is brought to one scale: relative to its recent mean, minus what it is expected to be without more
knowledge, divided by how much it departs from that. The regression then says how far each step of the horizon
departs, given how the last steps did. With little to learn from, the penalty leaves what was expected.

Two ways, since neither is best everywhere: ``ridge`` works on signed logarithms and expects the usual rhythm;
``ridge_from_last`` works on plain values and expects the last one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from finops.timeseries.forecasting.grid import Floats, Window

_ROWS = 24_000
"""Rows that are learned from: origins times series."""
_LAGS = {7: 35, 168: 336}
_PENALTIES = (0.01, 0.1, 1.0, 10.0)
_LIMIT = 6.0
"""Departures beyond so many of the usual size are cut, in what is learned and in what is said."""


@dataclass(frozen=True, slots=True)
class _Scaled:
    """Rows on one scale: departures of the past ``lags``, and how to bring departures of the future back."""

    lags: Floats
    usual: Floats
    size: Floats
    spread: Floats

    is_log: bool

    def back(self, departures: Floats) -> Floats:
        found = self.usual + departures * self.spread[:, None]
        if self.is_log:
            found = signed_exp(found)
        return np.asarray(found * self.size[:, None])

    def departures(self, future: Floats) -> Floats:
        relative = future / self.size[:, None]
        return ((signed_log(relative) if self.is_log else relative) - self.usual) / self.spread[:, None]


def ridge(window: Window, horizon: int) -> Floats:
    """Return what a ridge regression on logarithms says, which learned from all series of the window up to its end."""
    return _ridge(window, horizon, window.seasons[-1], is_log=True)


def ridge_from_last(window: Window, horizon: int) -> Floats:
    """Return what a ridge regression on plain departures from the last value says: for what has no steady rhythm."""
    return _ridge(window, horizon, 1, is_log=False)


def _ridge(window: Window, horizon: int, season: int, is_log: bool) -> Floats:
    """Season 1 expects the last value; a longer one the mean of its phases."""
    values, long = window.values, window.seasons[-1]
    lags = min(_LAGS.get(long, 2 * long), max(values.shape[1] // 3, long))
    now = _scaled(last_values(values, lags), season, horizon, is_log)
    origins = _origins(values, lags, horizon)
    if not origins:
        return now.back(np.zeros((len(values), horizon)))
    rows, targets = _learned_from(values, origins, lags, (season, horizon, is_log))
    if len(rows) < 30:
        return now.back(np.zeros((len(values), horizon)))
    return now.back(np.clip(now.lags @ _weights(rows, targets), -_LIMIT, _LIMIT))


def _weights(rows: Floats, targets: Floats) -> Floats:
    """Return the weights with the penalty that was best on the newest tenth of the rows, learned again from all."""
    held = max(len(rows) // 10, 1)
    values, vectors = np.linalg.eigh(rows[:-held].T @ rows[:-held])
    inner = vectors.T @ (rows[:-held].T @ targets[:-held])
    losses = []
    for penalty in _PENALTIES:
        found = vectors @ (inner / (np.maximum(values, 0) + penalty * len(rows))[:, None])
        losses.append(float(np.abs(rows[-held:] @ found - targets[-held:]).mean()))
    best = _PENALTIES[int(np.argmin(losses))]
    if min(losses) >= float(np.abs(targets[-held:]).mean()):
        return np.zeros((rows.shape[1], targets.shape[1]))
    whole = rows.T @ rows + best * len(rows) * np.eye(rows.shape[1])
    return np.asarray(np.linalg.solve(whole, rows.T @ targets))


def _origins(values: Floats, lags: int, horizon: int) -> list[int]:
    """Return the columns after which the past begins to be the future, old ones first."""
    first, last = lags, values.shape[1] - horizon
    if last < first:
        return []
    wanted = max(_ROWS // max(len(values), 1), 1)
    stride = max(1, -(-(last - first + 1) // wanted))
    return list(range(last, first - 1, -stride))[::-1]


def _learned_from(values: Floats, origins: list[int], lags: int, form: tuple[int, int, bool]) -> tuple[Floats, Floats]:
    rows, targets, horizon = [], [], form[1]
    for origin in origins:
        past, future = values[:, origin - lags : origin], values[:, origin : origin + horizon]
        is_whole = ~np.isnan(past[:, 0])
        if is_whole.any():
            scaled = _scaled(past[is_whole], *form)
            rows.append(scaled.lags)
            targets.append(np.clip(scaled.departures(future[is_whole]), -_LIMIT, _LIMIT))
    if not rows:
        return np.empty((0, lags)), np.empty((0, horizon))
    return np.concatenate(rows), np.concatenate(targets)


def last_values(values: Floats, lags: int) -> Floats:
    """Return the newest values; a beginning that is missing becomes the mean of what is there."""
    past = values[:, -lags:]
    if past.shape[1] < lags:
        past = np.pad(past, ((0, 0), (lags - past.shape[1], 0)), constant_values=np.nan)
    count = np.maximum((~np.isnan(past)).sum(axis=1), 1)
    mean = np.nansum(past, axis=1) / count
    return np.where(np.isnan(past), mean[:, None], past)


def _scaled(past: Floats, season: int, horizon: int, is_log: bool) -> _Scaled:
    size = np.abs(past).mean(axis=1)
    size = np.where(size > 0, size, 1.0)
    scaled = past / size[:, None]
    if is_log:
        scaled = signed_log(scaled)
    season = min(season, past.shape[1])
    whole = past.shape[1] // season * season
    phases = scaled[:, -whole:].reshape(len(past), -1, season)
    rhythm = phases.mean(axis=1) if season > 1 else phases[:, -1]
    departures = scaled - rhythm[:, np.arange(-past.shape[1], 0) % season]
    spread = np.sqrt((departures**2).mean(axis=1)) + 1e-3 * np.sqrt((scaled**2).mean(axis=1)) + 1e-12
    usual = rhythm[:, np.arange(horizon) % season]
    return _Scaled(np.clip(departures / spread[:, None], -_LIMIT, _LIMIT), usual, size, spread, is_log)


def signed_log(values: Floats) -> Floats:
    """Return the logarithm of 1 + |value| with the value's sign."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def signed_exp(values: Floats) -> Floats:
    """Return what ``signed_log`` was taken of."""
    return np.asarray(np.sign(values) * np.expm1(np.minimum(np.abs(values), 50)))
