"""Series on a grid: one dense matrix for all series of one step, the newest value in the last column.

Models then work on all series at once. A series that is shorter than the others begins with missing values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from finops.timeseries.panel import Panel, step_of

Floats = npt.NDArray[np.float64]

MOST_SERIES = 2500
"""Series of one block: bounds the memory, and the company in which the global models learn."""

_MOST_POINTS = {"D": 800, "h": 1400}
"""Newest points that are used of a series: two years of days and a margin, eight weeks of hours."""
_MOST_FINER = 4500
_DAY, _WEEK = pd.Timedelta(days=1), pd.Timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Window:
    """What a model sees: values ``[series, time]`` up to an origin, without gaps but for a missing beginning.

    ``ends`` are the moments of the last column, ``seasons`` the lengths of rhythms in steps, short ones first.
    """

    values: Floats
    ends: npt.NDArray[np.datetime64]
    step: np.timedelta64
    seasons: tuple[int, ...]

    def before(self, steps: int) -> Window:
        """Return what was known ``steps`` steps earlier."""
        if steps == 0:
            return self
        return replace(self, values=self.values[:, :-steps], ends=self.ends - steps * self.step)

    def of(self, rows: npt.NDArray[np.bool_]) -> Window:
        """Return the window of some of its series."""
        return replace(self, values=self.values[rows], ends=self.ends[rows])

    def moments(self, horizon: int) -> npt.NDArray[np.datetime64]:
        """Return the moments of the next steps, ``[series, horizon]``."""
        return self.ends[:, None] + self.step * np.arange(1, horizon + 1)


@dataclass(frozen=True, slots=True)
class Block:
    """Series of one step. ``given`` has missing values where nothing was measured; in ``window`` these are filled."""

    names: tuple[str, ...]
    given: Floats
    window: Window


def blocks_of(panel: Panel, horizon: int) -> list[Block]:
    """Put a panel's series into blocks, in order of step, length and name.

    Series with less than four short or two long seasons beside the horizon are by themselves: they can be asked less.
    """
    alike: dict[tuple[pd.Timedelta, bool], list[tuple[str, pd.DataFrame]]] = {}
    for name, rows in panel.frame.dropna(subset=["y"]).groupby("unique_id", sort=True):
        step = step_of(rows["ds"], panel.freq)
        points = (rows["ds"].iloc[-1] - rows["ds"].iloc[0]) / step + 1
        is_short = points < horizon + max(4 * seasons_of(step)[0], 2 * seasons_of(step)[-1])
        alike.setdefault((step, is_short), []).append((str(name), rows))
    return [
        _block(members[first : first + MOST_SERIES], step, panel.freq)
        for (step, _), members in sorted(alike.items(), key=lambda each: each[0])
        for first in range(0, len(members), MOST_SERIES)
    ]


def seasons_of(step: pd.Timedelta) -> tuple[int, ...]:
    """Return the rhythms of a step: a week for days; a day and a week for what is shorter."""
    day, week = (round(length / step) for length in (_DAY, _WEEK))
    return (week,) if day <= 1 else (day, week)


def filled(values: Floats, season: int) -> Floats:
    """Fill gaps with what was one season before, else with the last value. Looks back alone."""
    found = values.copy()
    for column in range(1, found.shape[1]):
        is_gap = np.isnan(found[:, column])
        if is_gap.any():
            earlier = found[:, column - season] if column >= season else found[:, column - 1]
            found[is_gap, column] = np.where(np.isnan(earlier), found[:, column - 1], earlier)[is_gap]
    return found


def _block(members: list[tuple[str, pd.DataFrame]], step: pd.Timedelta, freq: str) -> Block:
    most = _MOST_POINTS[freq] if step >= pd.Timedelta(hours=1) else _MOST_FINER
    placed = [_placed(rows, step, most) for _, rows in members]
    length = max(int(positions[0]) for positions, _ in placed) + 1
    given = np.full((len(members), length), np.nan)
    for row, (positions, values) in enumerate(placed):
        given[row, length - 1 - positions] = values
    ends = np.array([rows["ds"].iloc[-1] for _, rows in members], dtype="datetime64[us]")
    seasons = seasons_of(step)
    window = Window(filled(given, seasons[-1]), ends, step.to_timedelta64().astype("timedelta64[us]"), seasons)
    return Block(tuple(name for name, _ in members), given, window)


def _placed(rows: pd.DataFrame, step: pd.Timedelta, most: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return each value's distance from the newest in steps, far ones first, and the values; one per step."""
    moments = rows["ds"].to_numpy()
    back = np.rint((moments[-1] - moments) / step.to_timedelta64()).astype(np.int64)
    values = rows["y"].to_numpy(dtype=float)
    is_kept = back < most
    back, values = back[is_kept], values[is_kept]
    places, first = np.unique(-back, return_index=True)
    if len(places) == len(back):
        return back, values
    return -places, np.add.reduceat(values, first)
