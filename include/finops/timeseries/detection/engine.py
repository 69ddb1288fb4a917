"""The detector: expectation → residual in scales → common factor → oddness → alerts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from finops.timeseries.detection import common
from finops.timeseries.detection.expectation import follow
from finops.timeseries.detection.judge import KINDS, judge
from finops.timeseries.detection.layout import Block, Matrix, blocks
from finops.timeseries.detection.novelty import novelty
from finops.timeseries.detection.options import Options
from finops.timeseries.detection.rhythm import DAY
from finops.timeseries.panel import Panel

SECONDS = {"D": DAY, "h": 3_600.0}

COLUMNS = ("unique_id", "ds", "y", "expected", "lo", "hi", "probability", "score", "is_anomaly", "kind")


def detect(panel: Panel, *, options: Options | None = None) -> pd.DataFrame:
    """Say of each point how odd it was when it came: one row per series and moment, sorted by both.

    What is said of a point uses points up to it alone: later data change no row. ``expected`` with ``lo`` and ``hi``
    (95 %) in units of y, NaN before the first point; ``probability`` of a value as odd in an ordinary time, NaN where
    y is; ``score`` 0 to 1, continuous, one half at a probability of 1 in 10,000 and damped while an event is known;
    ``is_anomaly`` at the one point that opens an event; ``kind``: spike, drop, shift, creep or nothing.
    """
    options = options or Options()
    frame = panel.frame.sort_values(["unique_id", "ds"], kind="stable").reset_index(drop=True)
    out = _Columns.of(len(frame))
    parts = list(blocks(frame, SECONDS[panel.freq]))
    for block in parts:
        expected = follow(block, block.rhythm.level, block.rhythm.relearn)
        quick = follow(block, block.rhythm.quick, block.rhythm.quick_relearn)
        out.put(block, expected=expected.mean, unit=expected.unit, z=expected.z, jump=quick.z)
        out.put(block, share=expected.share(), jump_share=quick.share())
    z = common.removed(out.values["z"], out.values["share"], frame, options.groups)
    jump = common.removed(out.values["jump"], out.values["jump_share"], frame, options.groups)
    for block in parts:
        warm_up = block.rhythm.warm_up if options.warm_up is None else options.warm_up
        alarm = options.alarm * min(1.0, block.rhythm.step / DAY)
        found = judge(block.of(z), block.of(jump), novelty(block.y, warm_up), block.rhythm, alarm, warm_up)
        out.put(
            block,
            probability=found.probability,
            score=found.score,
            alert=found.alert.astype(np.float64),
            kind=found.kind.astype(np.float64),
            reach=found.reach,
        )
    return _table(frame, out.values)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns of the frame, filled block by block."""

    rows: int
    values: dict[str, Matrix]

    @classmethod
    def of(cls, rows: int) -> _Columns:
        names = (
            "expected",
            "unit",
            "z",
            "jump",
            "share",
            "jump_share",
            "probability",
            "score",
            "alert",
            "kind",
            "reach",
        )
        return cls(rows, {name: np.full(rows, np.nan) for name in names})

    def put(self, block: Block, **matrices: Matrix) -> None:
        there = block.rows >= 0
        for name, matrix in matrices.items():
            self.values[name][block.rows[there]] = matrix[there]


def _table(frame: pd.DataFrame, values: dict[str, Matrix]) -> pd.DataFrame:
    reach = values["reach"] * values["unit"]
    return pd.DataFrame(
        {
            "unique_id": frame["unique_id"],
            "ds": frame["ds"],
            "y": frame["y"],
            "expected": values["expected"],
            "lo": values["expected"] - reach,
            "hi": values["expected"] + reach,
            "probability": values["probability"],
            "score": values["score"],
            "is_anomaly": values["alert"] > 0,
            "kind": KINDS[np.nan_to_num(values["kind"]).astype(np.int64)],
        },
        columns=list(COLUMNS),
    )
