"""The calendar stream's forecast by series: whole units of each key, added up, so that children sum to parents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finops.core.money import digits_of
from finops.forecasting import streams
from finops.forecasting.events import leaves_of
from finops.forecasting.models import BOUNDS, CALENDAR, KEY, Z_80, Z_95, Hierarchy, Outlook
from finops.forecasting.series import belonging

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_MODEL = "calendar rule"


def of_days(charges: pd.DataFrame, tree: Hierarchy, moments: pd.DatetimeIndex, levels: Sequence[str]) -> Outlook:
    """Return the outlook of the calendar stream; nodes are all of the hierarchy.

    Keys differ from their means independently of each other, and a key does so in one direction for all days: the
    spread of a sum of keys is the root of the sum of squares, that of a sum of days is their sum.
    """
    import numpy as np
    import pandas as pd

    leaves = leaves_of(charges)
    said = streams.forecast(charges[charges["stream"] == CALENDAR], moments)
    units = 10.0 ** leaves["billing_currency"].map(digits_of).to_numpy(dtype=float)
    index = pd.MultiIndex.from_frame(leaves[list(KEY)])
    figures = {}
    for name in ("mean", "spread"):
        wide = said.pivot_table(index=list(KEY), columns="ds", values=name, aggfunc="sum", dropna=False)
        figures[name] = wide.reindex(index=index, columns=moments).fillna(0.0).to_numpy(float) * units[:, None]
    members = belonging(leaves, tree.nodes, levels)
    mean = (members @ np.rint(figures["mean"])).astype(np.int64)
    spread = np.sqrt(members @ figures["spread"] ** 2)
    summed = np.sqrt(members @ np.cumsum(figures["spread"], axis=1) ** 2)
    bounds, sums = around(mean, spread), around(np.cumsum(mean, axis=1), summed)
    return Outlook(tree.nodes, moments, mean, bounds, sums, [_MODEL] * len(tree.nodes))


def around(mean: np.ndarray, spread: np.ndarray) -> dict[str, np.ndarray]:
    """Return normal bounds around means, in whole units."""
    import numpy as np

    widths = {"80": Z_80, "95": Z_95}
    signs = {"lo": -1, "hi": 1}
    return {name: mean + (signs[name[:2]] * np.ceil(widths[name[3:]] * spread)).astype(np.int64) for name in BOUNDS}
