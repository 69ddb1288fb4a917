"""Global gradient boosting: trees that learn from all series when which simple forecast is right.

A row is one series, origin and step; its features are what the simple models say there, brought to one scale, and how
the series behaves. Trees are grown on absolute errors, as the measures are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from finops.timeseries.forecasting.grid import Floats, Window
from finops.timeseries.forecasting.methods import simple
from finops.timeseries.forecasting.methods.regression import last_values

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

_ROWS = 25_000
_LEAST_ROWS = 2_000
"""With fewer rows trees say nothing that the simple models do not."""
_ORIGINS = 12
_TREES = 40


def boosting(window: Window, horizon: int) -> Floats:
    """Return what boosted trees say, which learned from all series up to the window's end; else the usual value."""
    rows, middle, size = _features(window, horizon)
    learned = _learned_from(window, horizon)
    if learned is None:
        return simple.usual_value(window, horizon)
    said = _grown(*learned).predict(rows.reshape(-1, rows.shape[-1])).reshape(rows.shape[:2])
    return np.asarray(said * size[:, None] + middle[:, None])


def _grown(rows: Floats, targets: Floats) -> HistGradientBoostingRegressor:
    from sklearn.ensemble import HistGradientBoostingRegressor

    trees = HistGradientBoostingRegressor(
        loss="absolute_error",
        max_iter=_TREES,
        learning_rate=0.15,
        max_leaf_nodes=16,
        min_samples_leaf=40,
        early_stopping=False,
        random_state=0,
    )
    return trees.fit(rows, targets)


def _learned_from(window: Window, horizon: int) -> tuple[Floats, Floats] | None:
    """Return rows and targets of a dozen origins, the same part of each step and series; None where they are few."""
    values, long = window.values, window.seasons[-1]
    first, last = _span(window), values.shape[1] - horizon
    if last < first:
        return None
    rows, targets = [], []
    for origin in sorted({int(each) for each in np.linspace(first, last, _ORIGINS)}):
        past = window.before(values.shape[1] - origin)
        is_known: npt.NDArray[np.bool_] = (~np.isnan(past.values)).sum(axis=1) >= long
        if is_known.any():
            features, middle, size = _features(past.of(is_known), horizon)
            future = (values[is_known, origin : origin + horizon] - middle[:, None]) / size[:, None]
            rows.append(features.reshape(-1, features.shape[-1]))
            targets.append(np.clip(future, -20, 20).ravel())
    count = sum(map(len, targets))
    if count < _LEAST_ROWS:
        return None
    chosen = np.linspace(0, count - 1, min(count, _ROWS)).astype(int)
    return np.concatenate(rows)[chosen], np.concatenate(targets)[chosen]


def _span(window: Window) -> int:
    long = window.seasons[-1]
    return min(2 * long if long > 7 else 5 * long, max(window.values.shape[1] // 3, long))


def _features(window: Window, horizon: int) -> tuple[Floats, Floats, Floats]:
    """Return features ``[series, step, feature]``, and the middle and size by which they were scaled."""
    short, long = window.seasons[0], window.seasons[-1]
    past = last_values(window.values, min(window.values.shape[1], 2 * long if long > 7 else 5 * long))
    middle = past.mean(axis=1)
    level = np.abs(past).mean(axis=1)
    size = np.abs(past - middle[:, None]).mean(axis=1) + 1e-3 * level + 1e-12

    def same(column: Floats) -> Floats:
        return np.repeat(column[:, None], horizon, axis=1)

    columns = [
        simple.last_value(window, horizon),
        simple.seasonal_naive(window, horizon),
        simple.usual_value(window, horizon),
    ]
    if long > short:
        columns.append(simple.long_seasonal_naive(window, horizon))
    columns += [same(past[:, -length:].mean(axis=1)) for length in (3, short, 3 * short, past.shape[1])]
    columns.append(same(simple.quiet_median(past)))
    columns += [same(past[:, -short:].max(axis=1)), same(past[:, -short:].min(axis=1))]
    scaled = [np.clip((each - middle[:, None]) / size[:, None], -30, 300) for each in columns]
    steps = np.broadcast_to(np.arange(1.0, horizon + 1), (len(past), horizon))
    return np.stack([*scaled, same(size / (level + 1e-12)), steps], axis=-1), middle, size
