"""A detector for tests, as simple as the contract of ``finops.timeseries.detection`` allows: weekdays' medians."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def detect(panel: Any, **_: Any) -> pd.DataFrame:
    """Judge each day by the same weekdays of four weeks before and by how far the last weeks' days lay from theirs."""
    parts = []
    for ident, rows in panel.frame.groupby("unique_id", sort=False):
        y = rows["y"].to_numpy(float)
        expected, spread = np.full(len(y), np.nan), np.full(len(y), np.nan)
        for at in range(14, len(y)):
            before = y[max(0, at - 28) : at]
            expected[at] = np.median(before[-7 * (len(before) // 7) :: 7]) if len(before) >= 14 else np.median(before)
            spread[at] = 1.4826 * np.median(np.abs(before - np.median(before))) + 0.02 * abs(expected[at]) + 0.01
        score = (y - expected) / spread
        probability = np.where(
            np.isnan(score), 1.0, 2 / (1 + np.exp(np.minimum(1.7 * np.abs(np.nan_to_num(score)), 700)))
        )
        is_odd = probability < 0.005
        kind = np.where(is_odd, np.where(score < 0, "drop", "spike"), "")
        parts.append(
            pd.DataFrame(
                {
                    "unique_id": ident,
                    "ds": rows["ds"].to_numpy(),
                    "y": y,
                    "expected": expected,
                    "lo": expected - 3 * spread,
                    "hi": expected + 3 * spread,
                    "probability": probability,
                    "score": 1 - probability,
                    "is_anomaly": is_odd,
                    "kind": kind,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
