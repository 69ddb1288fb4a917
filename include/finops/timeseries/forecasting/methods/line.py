"""The line through day numbers: the usual rule, kept as a named baseline and never in the pool."""

from __future__ import annotations

import numpy as np

from finops.timeseries.forecasting.grid import Floats, Window


def linear_regression(window: Window, horizon: int) -> Floats:
    """Return the least-squares line of all history on day numbers, carried on."""
    values = window.values
    is_there = ~np.isnan(values)
    count = np.maximum(is_there.sum(axis=1), 1)
    times = np.arange(values.shape[1], dtype=float)
    held = np.where(is_there, values, 0.0)
    middle = (is_there * times).sum(axis=1) / count
    mean = held.sum(axis=1) / count
    spread = np.where(is_there, times - middle[:, None], 0.0)
    slope = (spread * held).sum(axis=1) / np.maximum((spread**2).sum(axis=1), 1e-12)
    ahead = values.shape[1] - 1 + np.arange(1, horizon + 1)
    return np.asarray(mean[:, None] + slope[:, None] * (ahead - middle[:, None]))
