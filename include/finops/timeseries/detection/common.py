"""Takes out of each series what moved all of its siblings at the same moment.

The common factor is the median of the siblings' residuals, each as a share of what was expected. A residual is drawn
towards zero by it and never past zero, so that a series that took no part in the common move is not made odd.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from finops.timeseries.detection.layout import Matrix

FEWEST = 4
"""Siblings at a moment below which their median is of one or two of them, not of all."""


def removed(z: Matrix, share: Matrix, frame: pd.DataFrame, groups: Mapping[str, str]) -> Matrix:
    """Return the residuals z of the frame's rows without the common factor; ``share``: one scale / the expected."""
    if not groups:
        return z
    rows = pd.DataFrame({"group": frame["unique_id"].map(groups), "ds": frame["ds"], "part": z * share})
    by_moment = rows.groupby(["group", "ds"])["part"]
    factor = by_moment.transform("median").to_numpy(np.float64)
    siblings = by_moment.transform("count").to_numpy(np.float64)
    shared = np.isfinite(factor) & (siblings >= FEWEST) & (np.sign(factor) == np.sign(z)) & (share > 0)
    common = np.abs(np.where(shared, factor, 0.0)) / np.where(shared, share, 1.0)
    return np.where(shared, np.sign(z) * np.maximum(np.abs(z) - common, 0.0), z)
