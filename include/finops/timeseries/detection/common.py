"""Takes out of each series what moved all of its siblings at the same moment.

The common factor is the median of the siblings' residuals. A residual is drawn towards zero by it and never past
zero, so that a series that did not take part in the common move is not made odd.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from finops.timeseries.detection.layout import Matrix

FEWEST = 4
"""Siblings at a moment below which their median is of one or two of them, not of all."""


def removed(z: Matrix, frame: pd.DataFrame, groups: Mapping[str, str]) -> Matrix:
    """Return the residuals of the frame's rows without the common factor of their group."""
    if not groups:
        return z
    rows = pd.DataFrame({"group": frame["unique_id"].map(groups), "ds": frame["ds"], "z": z})
    by_moment = rows.groupby(["group", "ds"])["z"]
    factor = by_moment.transform("median").to_numpy(np.float64)
    siblings = by_moment.transform("count").to_numpy(np.float64)
    shared = np.isfinite(factor) & (siblings >= FEWEST) & (np.sign(factor) == np.sign(z))
    return np.where(shared, np.sign(z) * np.maximum(np.abs(z) - np.abs(np.where(shared, factor, 0.0)), 0.0), z)
