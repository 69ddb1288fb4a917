"""Global gradient boosting: trees that learn from all series when which simple forecast is right.

A row is one series, origin and step; its features are what the simple models say there, brought to one scale, and how
the series behaves. Trees are grown on absolute errors, as the measures are.

Three ways, since none is best everywhere: ``boosting`` begins from the middle of the series; ``boosting_from_best``
from the simple forecast that was best for all, of which most series of machines that run for hours need little more;
``boosting_on_logs`` does so on signed logarithms, where a series of small cost counts as much as one of large cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor

from finops.timeseries.forecasting.grid import Floats, Window
from finops.timeseries.forecasting.methods import simple
from finops.timeseries.forecasting.methods.regression import last_values, signed_exp, signed_log

_LEAST_ROWS = 2_000
"""With fewer rows trees say nothing that the simple models do not."""
_LIMIT = 20.0
_TOO_SMALL = 0.05
"""A departure below this, in the scale that is learned in, is not said: a cost that stands still is said exactly."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How trees are grown: from the best simple forecast or the middle, on logarithms or not, and how many."""

    from_best: bool
    is_log: bool = False
    rows: int = 25_000
    origins: int = 12
    trees: int = 40
    rate: float = 0.15


@dataclass(frozen=True, slots=True)
class _Rows:
    """One row per series and step: features, the simple forecasts ``[row, forecast]``, and the series' scale."""

    features: Floats
    said: Floats
    middle: Floats
    size: Floats

    def chosen(self, places: npt.NDArray[np.int64]) -> _Rows:
        return _Rows(self.features[places], self.said[places], self.middle[places], self.size[places])

    def scaled(self, values: Floats, is_log: bool) -> Floats:
        return signed_log(values / self.size) if is_log else (values - self.middle) / self.size

    def back(self, scaled: Floats, is_log: bool) -> Floats:
        return signed_exp(scaled) * self.size if is_log else scaled * self.size + self.middle


def boosting(window: Window, horizon: int) -> Floats:
    """Return what boosted trees say, which learned from all series up to the window's end; else the usual value."""
    return _boosted(window, horizon, _Way(from_best=False))


def boosting_from_best(window: Window, horizon: int) -> Floats:
    """Return the simple forecast that was best for all series, with what boosted trees add to it for each."""
    return _boosted(window, horizon, _Way(from_best=True))


def boosting_on_logs(window: Window, horizon: int) -> Floats:
    """Return what ``boosting_from_best`` does, learned on logarithms and from more."""
    return _boosted(window, horizon, _Way(True, is_log=True, rows=40_000, origins=20, trees=60, rate=0.12))


def _boosted(window: Window, horizon: int, way: _Way) -> Floats:
    learned = _learned_from(window, horizon, way)
    if learned is None:
        return simple.usual_value(window, horizon)
    rows, future = learned
    targets = np.clip(rows.scaled(future, way.is_log), -_LIMIT, _LIMIT)
    now = _rows(window, horizon)
    if not way.from_best:
        found = now.back(_grown(rows.features, targets, way).predict(now.features), way.is_log)
        return np.asarray(found.reshape(-1, horizon))
    bases = [rows.scaled(each, way.is_log) for each in rows.said.T]
    best = int(np.argmin([np.abs(targets - base).mean() for base in bases]))
    departures = _grown(rows.features, targets - bases[best], way).predict(now.features)
    departures = np.where(np.abs(departures) < _TOO_SMALL, 0.0, departures)
    found = now.back(now.scaled(now.said[:, best], way.is_log) + departures, way.is_log)
    return np.asarray(found.reshape(-1, horizon))


def _grown(rows: Floats, targets: Floats, way: _Way) -> HistGradientBoostingRegressor:
    trees = HistGradientBoostingRegressor(
        loss="absolute_error",
        max_iter=way.trees,
        learning_rate=way.rate,
        max_leaf_nodes=16,
        min_samples_leaf=40,
        early_stopping=False,
        random_state=0,
    )
    return trees.fit(rows, targets)


def _learned_from(window: Window, horizon: int, way: _Way) -> tuple[_Rows, Floats] | None:
    """Return rows of some origins, the same part of each step and series, and what came; None where they are few."""
    values, long = window.values, window.seasons[-1]
    first, last = _span(window), values.shape[1] - horizon
    if last < first:
        return None
    found, futures = [], []
    for origin in sorted({int(each) for each in np.linspace(first, last, way.origins)}):
        past = window.before(values.shape[1] - origin)
        is_known: npt.NDArray[np.bool_] = (~np.isnan(past.values)).sum(axis=1) >= long
        if is_known.any():
            found.append(_rows(past.of(is_known), horizon))
            futures.append(values[is_known, origin : origin + horizon].ravel())
    count = sum(map(len, futures))
    if count < _LEAST_ROWS:
        return None
    chosen = np.linspace(0, count - 1, min(count, way.rows)).astype(int)
    parts = (np.concatenate([getattr(each, name) for each in found]) for name in ("features", "said", "middle", "size"))
    return _Rows(*parts).chosen(chosen), np.concatenate(futures)[chosen]


def _span(window: Window) -> int:
    long = window.seasons[-1]
    return min(2 * long if long > 7 else 5 * long, max(window.values.shape[1] // 3, long))


def _rows(window: Window, horizon: int) -> _Rows:
    """Return the rows of a window: each series, step by step."""
    short, long = window.seasons[0], window.seasons[-1]
    past = last_values(window.values, min(window.values.shape[1], 2 * long if long > 7 else 5 * long))
    middle = past.mean(axis=1)
    level = np.abs(past).mean(axis=1)
    size = np.abs(past - middle[:, None]).mean(axis=1) + 1e-3 * level + 1e-12

    def same(column: Floats) -> Floats:
        return np.repeat(column[:, None], horizon, axis=1)

    said = [
        simple.last_value(window, horizon),
        simple.seasonal_naive(window, horizon),
        simple.usual_value(window, horizon),
    ]
    if long > short:
        said.append(simple.long_seasonal_naive(window, horizon))
    columns = [*said, *(same(past[:, -length:].mean(axis=1)) for length in (3, short, 3 * short, past.shape[1]))]
    columns.append(same(simple.quiet_median(past)))
    columns += [same(past[:, -short:].max(axis=1)), same(past[:, -short:].min(axis=1))]
    scaled = [np.clip((each - middle[:, None]) / size[:, None], -30, 300) for each in columns]
    steps = np.broadcast_to(np.arange(1.0, horizon + 1), (len(past), horizon))
    features = np.stack([*scaled, same(size / (level + 1e-12)), steps], axis=-1)
    return _Rows(
        features.reshape(-1, features.shape[-1]),
        np.stack(said, axis=-1).reshape(-1, len(said)),
        np.repeat(middle, horizon),
        np.repeat(size, horizon),
    )
