"""The pool: which models are weighed against each other, and which are named baselines that never are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from finops.timeseries.forecasting.grid import Floats, Window
from finops.timeseries.forecasting.methods import boosting, line, regression, simple, smoothing

Model = Callable[[Window, int], Floats]
"""Takes what was known at an origin and a horizon; returns a forecast per series and step."""

POOL: dict[str, Model] = {
    "last_value": simple.last_value,
    "seasonal_naive": simple.seasonal_naive,
    "usual_value": simple.usual_value,
    "usual_value_at_level": simple.usual_value_at_level,
    "season_with_drift": simple.season_with_drift,
    "recent_level": simple.recent_level,
    "reverting": simple.reverting,
    "theta": smoothing.theta,
    "damped_trend": smoothing.damped_trend,
    "ridge": regression.ridge,
    "ridge_from_last": regression.ridge_from_last,
    "boosting": boosting.boosting,
    "boosting_from_best": boosting.boosting_from_best,
}
"""Models of every series. The last value is always among them."""

LONG: dict[str, Model] = {
    "long_seasonal_naive": simple.long_seasonal_naive,
    "long_theta": smoothing.long_theta,
    "boosting_on_logs": boosting.boosting_on_logs,
}
"""Models more for series that have a long rhythm beside the short one: hours, with a day and a week."""

BASELINES: dict[str, Model] = {"linear_regression": line.linear_regression, "naive2": smoothing.naive2}
"""What ours is held against, beside the models of the pool."""


def pool_of(seasons: tuple[int, ...]) -> dict[str, Model]:
    """Return the models for series of these rhythms."""
    return POOL | LONG if len(seasons) > 1 else dict(POOL)


def forecasts(models: dict[str, Model], window: Window, horizon: int) -> Floats:
    """Return ``[model, series, horizon]``; what a model cannot say is the last value, and nothing explodes."""
    last = simple.last_value(window, horizon)
    bound = 10 * np.nanmax(np.abs(window.values), axis=1, initial=0)[:, None]
    found = [np.asarray(model(window, horizon)) for model in models.values()]
    return np.stack([np.where(np.isfinite(each) & (np.abs(each) <= bound), each, last) for each in found])
