"""Lays the series of a panel side by side: rows are points in order of time, columns are series.

Series of one step and of like lengths share a block, so that one pass over time serves them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from finops.timeseries.detection.rhythm import Rhythm, of_step

WIDEST = 512
"""Series side by side in a block: more would not fit a processor's cache."""

FINER = 0.75
LARGEST = 1e150
"""Beyond it products of values would be no numbers."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Block:
    """``rows``: row numbers of the frame (time × series; −1: none, at the end). ``y``: NaN where nothing is known."""

    rhythm: Rhythm
    rows: npt.NDArray[np.int64]
    y: Matrix
    seconds: Matrix
    day: npt.NDArray[np.int64]
    week: npt.NDArray[np.int64]
    month: npt.NDArray[np.int64]

    def of(self, column: Matrix) -> Matrix:
        """Return a column of the frame as time × series; NaN after the end of a series."""
        return np.where(self.rows >= 0, column[np.maximum(self.rows, 0)], np.nan)


def blocks(frame: pd.DataFrame, said: float) -> Iterator[Block]:
    """Yield the blocks of a frame of clean index, sorted by unique_id and ds; ``said``: its step in seconds."""
    seconds = frame["ds"].to_numpy("datetime64[us]").astype(np.int64) / 1e6
    y = frame["y"].to_numpy(np.float64)
    y = np.clip(np.where(np.isfinite(y), y, np.nan), -LARGEST, LARGEST)
    codes = pd.factorize(frame["unique_id"])[0]
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else np.zeros(0, np.int64)
    ends = np.r_[starts[1:], len(codes)] if len(codes) else starts
    found: dict[tuple[Rhythm, int], list[tuple[int, int]]] = {}
    for start, end in zip(starts, ends, strict=True):
        rhythm = of_step(_step(seconds[start:end], said))
        found.setdefault((rhythm, int(np.log2(end - start))), []).append((int(start), int(end)))
    for (rhythm, _), spans in found.items():
        for first in range(0, len(spans), WIDEST):
            yield _block(rhythm, spans[first : first + WIDEST], y, seconds)


def _step(seconds: Matrix, said: float) -> float:
    """Return the step that was said, or the median spacing where that is finer.

    Of the first points alone: later ones must not change what was said before.
    """
    spacing = np.diff(seconds[:50])
    own = float(np.round(np.median(spacing), 3)) if len(spacing) else said
    return own if own < FINER * said else said


def _block(rhythm: Rhythm, spans: list[tuple[int, int]], y: Matrix, seconds: Matrix) -> Block:
    longest = max(end - start for start, end in spans)
    rows = np.full((longest, len(spans)), -1, np.int64)
    for column, (start, end) in enumerate(spans):
        rows[: end - start, column] = np.arange(start, end)
    at = np.maximum(rows, 0)
    times = seconds[at]
    return Block(
        rhythm,
        rows,
        np.where(rows >= 0, y[at], np.nan),
        times,
        rhythm.day_phase(times),
        rhythm.week_phase(times),
        _day_of_month(times),
    )


def _day_of_month(seconds: Matrix) -> npt.NDArray[np.int64]:
    """Return 0 for the first."""
    days = seconds.astype("datetime64[s]").astype("datetime64[D]")
    return np.asarray((days - days.astype("datetime64[M]")).astype(np.int64))
