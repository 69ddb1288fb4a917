"""The next 24 hours by series of few levels, from the hours of recent weeks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from finops.forecasting import outlook, series
from finops.forecasting.models import ALL, KEY, TEAM, Outlook
from finops.policy.forecasting import DIMENSIONS

if TYPE_CHECKING:
    import pandas as pd

HOURS = 24
_INCOMPLETE = 1.02
"""A day whose estimated cost is more than this times what has arrived has hours that are not known yet."""


def outlook_of(hourly: pd.DataFrame, run_date: date, estimates: pd.DataFrame, levels: Sequence[str]) -> Outlook | None:
    """Return the outlook of the 24 hours (UTC) of the run date; None without two days of hours.

    Hours of days whose charges are still
    arriving are not known: the models go on from the hours before. Levels may leave out some of the hierarchy's, so a
    series is named by the dimensions that it has.
    """
    import numpy as np
    import pandas as pd

    if hourly.empty or hourly["ds"].nunique() < 2 * HOURS:
        return None
    end = pd.Timestamp(run_date)
    hours = pd.date_range(hourly["ds"].min(), end - pd.Timedelta(hours=1), freq="h")
    absent = {name: ALL for name in DIMENSIONS if name not in hourly}
    frame = hourly.assign(**absent)
    unused = {name: ALL for name in DIMENSIONS if name not in levels}
    leaves = frame[list(KEY)].assign(**unused).drop_duplicates().reset_index(drop=True)
    nodes = series.nodes_of(leaves, levels)
    members = series.belonging(leaves, nodes, levels)
    kept = nodes["level"] != TEAM
    wide = frame.assign(**unused).pivot_table(index=list(KEY), columns="ds", values="amount", aggfunc="sum")
    wide = wide.reindex(index=pd.MultiIndex.from_frame(leaves), columns=hours)
    values = members @ wide.fillna(0.0).to_numpy(float)
    born = np.maximum.accumulate(members @ wide.notna().to_numpy(float) > 0, axis=1)
    values = np.where(born, values, np.nan)
    values[:, np.isin(hours.normalize(), _incomplete(estimates))] = np.nan
    values, nodes = values[kept], nodes[kept].reset_index(drop=True)
    moments = pd.date_range(end, periods=HOURS, freq="h")
    return outlook.of_hours(nodes, values, hours, moments)


def _incomplete(estimates: pd.DataFrame) -> list[pd.Timestamp]:
    whole = estimates[estimates["service_name"] == ""]
    is_short = whole["mean"] > _INCOMPLETE * whole["seen"]
    return list(whole["charge_date"][is_short].unique())
