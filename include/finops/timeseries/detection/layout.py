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

    def of(self, column: Matrix) -> Matrix:
        """Return a column of the frame as time × series; NaN after the end of a series."""
        return np.where(self.rows >= 0, column[np.maximum(self.rows, 0)], np.nan)


def blocks(frame: pd.DataFrame) -> Iterator[Block]:
    """Yield the blocks of a frame with a clean index that is sorted by unique_id and ds."""
    seconds = frame["ds"].to_numpy("datetime64[ns]").astype(np.int64) / 1e9
    y = frame["y"].to_numpy(np.float64)
    y = np.clip(np.where(np.isfinite(y), y, np.nan), -LARGEST, LARGEST)
    codes = pd.factorize(frame["unique_id"])[0]
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else np.zeros(0, np.int64)
    ends = np.r_[starts[1:], len(codes)] if len(codes) else starts
    found: dict[tuple[Rhythm, int], list[tuple[int, int]]] = {}
    for start, end in zip(starts, ends, strict=True):
        rhythm = of_step(_step(seconds[start:end]))
        found.setdefault((rhythm, int(np.log2(end - start))), []).append((int(start), int(end)))
    for (rhythm, _), spans in found.items():
        for first in range(0, len(spans), WIDEST):
            yield _block(rhythm, spans[first : first + WIDEST], y, seconds)


def _step(seconds: Matrix) -> float:
    """Return the median spacing over the first points alone: later ones must not change what was said before.

    A single point is taken as daily.
    """
    spacing = np.diff(seconds[:50])
    return float(np.round(np.median(spacing), 3)) if len(spacing) else 86_400.0


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
    )
