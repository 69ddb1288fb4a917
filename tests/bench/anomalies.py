"""How well the detector finds what is planted in daily money of teams, beside the usual rules, and how fast it is."""

from __future__ import annotations

import sys
from time import process_time

import pandas as pd

from finops.timeseries.detection import detect
from finops.timeseries.panel import clean
from tests.bench.injected import DAYS, Event, Found, held_against, rules, teams

SEEDS, SERIES = (101, 102, 103, 104, 105), 60
"""No parameter of the detector was chosen on these seeds."""

BOUNDS = {"1 - F1": 0.15, "false alarms per series-month": 0.04}
DELAYS = {"spike": 0.0, "shift": 1.0, "creep": 12.0}
SPEED = "anomalies: 1,000 daily series of two years, CPU s"

Row = tuple[str, float, float | None]


def rows() -> list[Row]:
    """Return the table of the bench: figure, value, and at most what for our own."""
    frame, events = planted()
    series = len(SEEDS) * SERIES
    found = [row for name, is_alert in rules(frame).items() for row in _of(name, frame, is_alert, events, series)]
    ours = measured(frame, events)
    return [*found, *_rows("ours", ours, bounded=True), _speed()]


def planted() -> tuple[pd.DataFrame, list[Event]]:
    """Return all series of the seeds and what is planted in them."""
    made = [teams(seed, SERIES) for seed in SEEDS]
    return pd.concat([frame for frame, _ in made], ignore_index=True), [each for _, events in made for each in events]


def measured(frame: pd.DataFrame, events: list[Event]) -> Found:
    """Return how well the detector finds the events."""
    found = detect(clean(frame, "D"))
    return held_against(events, _alerts(found, found["is_anomaly"]), frame["unique_id"].nunique())


def _of(name: str, frame: pd.DataFrame, is_alert: pd.Series, events: list[Event], series: int) -> list[Row]:
    return _rows(name, held_against(events, _alerts(frame, is_alert), series), bounded=False)


def _alerts(frame: pd.DataFrame, is_alert: pd.Series) -> list[tuple[str, int]]:
    rows = frame.loc[is_alert, ["unique_id", "ds"]]
    days = (rows["ds"] - pd.Timestamp("2024-01-01")).dt.days
    return list(zip(rows["unique_id"], days, strict=True))


def _rows(name: str, found: Found, *, bounded: bool) -> list[Row]:
    figures = {"1 - F1": 1 - found.f1, "false alarms per series-month": found.false_alarms}
    return [
        (f"anomalies, {name}: F1", found.f1, None),
        *(
            (f"anomalies, {name}: {figure}", value, BOUNDS[figure] if bounded else None)
            for figure, value in figures.items()
        ),
        *(
            (f"anomalies, {name}: median delay of a {kind}, days", delay, DELAYS[kind] if bounded else None)
            for kind, delay in found.delays.items()
            if delay is not None
        ),
    ]


def _speed() -> Row:
    one, _ = teams(1, 50)
    twice = pd.concat([one, one.assign(ds=one["ds"] + pd.Timedelta(days=DAYS))])
    many = pd.concat([twice.assign(unique_id=f"{copy}-" + twice["unique_id"]) for copy in range(20)])
    panel = clean(many, "D")
    before = process_time()
    detect(panel)
    return SPEED, process_time() - before, 30.0


def main() -> None:
    """Print this part of the bench alone: ``python -m tests.bench.anomalies``."""
    for figure, value, bound in rows():
        sys.stdout.write(f"{figure:<80} {value:>10.3f}{'' if bound is None else f'   at most {bound:g}'}\n")


if __name__ == "__main__":
    main()
