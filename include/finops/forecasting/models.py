"""What a forecast is made of: charges by day, the hierarchy of series, and where each stands in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from finops.policy.forecasting import DIMENSIONS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TOTAL = "total"
TEAM = "team"
"""The level of a cost centre over all providers, beside the hierarchy; teams add up to the total, too."""
ALL = "(all)"
OTHER = "(other)"

USAGE = "usage"
CALENDAR = "calendar"

KEY = ("billing_currency", *DIMENSIONS)
"""What a charge belongs to."""

NODE = ("billing_currency", "level", "series", *DIMENSIONS)
"""What says in a published table which series a row is of."""

Z_80, Z_95 = 1.2816, 1.96
"""Quantiles of the normal distribution, for intervals of what is billed by the calendar."""

BOUNDS = ("lo_80", "hi_80", "lo_95", "hi_95")


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Series of every level, of which the children of one add up to it.

    ``nodes`` has one row per series: its columns of ``NODE``, ``unique_id``, and ``parent``, the unique_id of the
    series one level above (None of a total, and of a team). ``values`` has a row per node and a column per day of
    ``days``: usage cost as a number, NaN before the series' first charge. Days are UTC and without gaps; the last is
    the day before the run date.
    """

    nodes: pd.DataFrame
    days: pd.DatetimeIndex
    values: np.ndarray

    @property
    def run_date(self) -> date:
        """The first day that is forecast."""
        import pandas as pd

        last: date = (self.days[-1] + pd.Timedelta(days=1)).date()
        return last


@dataclass(frozen=True, slots=True)
class Input:
    """What a run reads: charges by day and key, hours, loads, and how far each provider's bills reach.

    ``daily``: the columns of ``KEY``, ``charge_date``, ``stream``, ``amount``. ``hourly``: as ``daily`` with ``ds``.
    ``frontier``: provider → newest day with usage that is known of. ``as_of``: provider → day on which it was written.
    """

    run_date: date
    daily: pd.DataFrame
    hourly: pd.DataFrame
    loads: pd.DataFrame
    frontier: dict[str, date]
    as_of: dict[str, date]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the usage of each series will cost, in whole smallest units of its currency.

    ``nodes`` are those of the hierarchy that have usage. ``mean`` is ``[series, moment]``; ``bounds`` holds those of
    single moments and ``sums`` those of the sum up to a moment, by ``lo_80`` to ``hi_95``. ``moments`` are UTC.
    """

    nodes: pd.DataFrame
    moments: pd.DatetimeIndex
    mean: np.ndarray
    bounds: dict[str, np.ndarray]
    sums: dict[str, np.ndarray]
    models: list[str]
