"""How far a value lies outside all that its series has been: an extra on the score, never an alert by itself.

(The range test that the detector of the Numenta Anomaly Benchmark applies beside its likelihood, made continuous.)
"""

from __future__ import annotations

import numpy as np

from finops.timeseries.detection.layout import Matrix

RATE, MOST = 40.0, 4.0
"""Powers of ten of the probability that a full range beyond the range is worth, and the most."""


def novelty(y: Matrix, warm_up: int) -> Matrix:
    """Return the extra depth (time × series) of values beyond the range seen in more than ``warm_up`` points."""
    before = np.vstack([np.full((1, y.shape[1]), np.nan), y[:-1]])
    high, low = np.fmax.accumulate(before, axis=0), np.fmin.accumulate(before, axis=0)
    span = np.maximum(high - low, 1e-4 * np.maximum(np.abs(high), np.abs(low)))
    beyond = np.fmax(np.fmax(y - high, low - y), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(beyond > 0, beyond / span, 0.0)
    enough = np.cumsum(np.isfinite(y), axis=0) > warm_up
    return np.where(enough, np.minimum(MOST, RATE * np.nan_to_num(share, posinf=MOST)), 0.0)
