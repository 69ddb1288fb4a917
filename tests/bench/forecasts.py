"""Forecasts of generated series against the usual rules: ``python -m tests.bench.forecasts [--json] [--series N]``.

The seeds are others than those that the engine's constants were chosen on, the families the same. Each figure is out
of sample: the last steps of each series are held back.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable

import pandas as pd

from finops.timeseries.forecasting import OURS, forecast
from finops.timeseries.forecasting.grid import blocks_of
from finops.timeseries.forecasting.measures import SEASONS, by_series, owa
from finops.timeseries.forecasting.pool import BASELINES, POOL, Model
from finops.timeseries.panel import Freq, Panel, clean
from tests.made_series import gpu_spend, money, parted, rhythmic_hours

Figures = dict[str, float | str]

RULES: dict[str, Model] = {
    "naive2": BASELINES["naive2"],
    "line": BASELINES["linear_regression"],
    "last value": POOL["last_value"],
    "usual value": POOL["usual_value"],
    "theta": POOL["theta"],
}
TASKS: dict[str, tuple[Callable[[], pd.DataFrame], Freq, int]] = {
    "hours with rhythm, h=48": (lambda: rhythmic_hours(150, 1008, 101), "h", 48),
    "daily money, h=14": (lambda: money(300, 379, 102), "D", 14),
    "GPU spend by hour, h=24": (lambda: gpu_spend(300, 744, 103), "h", 24),
    "short daily money, h=14": (lambda: money(300, 44, 104), "D", 14),
}

SPEED = "forecasts: 1,000 daily series of two years with intervals, s"


def rows() -> list[tuple[str, float, float | None]]:
    """Return the figures for ``make bench``: OWA and coverage by family, and the time of 1,000 series."""
    found: list[tuple[str, float, float | None]] = []
    for name, task in TASKS.items():
        figures = _accuracy(name, *task)
        found += [
            (f"forecasts, {name}: {figure}", float(value), None)
            for figure, value in figures.items()
            if figure != "what"
        ]
    speed = _speed(1000)
    return [*found, (SPEED, float(speed["s"]), 60.0), ("forecasts: the same, CPU s", float(speed["CPU s"]), None)]


def main() -> None:
    """Print a table of OWA by rule, coverage and CPU seconds, and the time of many series."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.forecasts", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--series", type=int, default=1000, help="series of the measurement of speed")
    options = parser.parse_args()
    rows = [_accuracy(name, *task) for name, task in TASKS.items()]
    rows.append(_speed(options.series))
    if options.json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        for row in rows:
            cells = (f"{name} {value:.3g}" for name, value in row.items() if not isinstance(value, str))
            sys.stdout.write(f"{row['what']:<40} {'  '.join(cells)}\n")


def _accuracy(name: str, made: Callable[[], pd.DataFrame], freq: Freq, horizon: int) -> Figures:
    history, future = parted(made(), horizon)
    panel = clean(history, freq)
    begun = time.process_time()
    said = forecast(panel, horizon).frame.rename(columns={"mean": OURS})
    seconds = time.process_time() - begun
    tested = future.merge(said, on=["unique_id", "ds"]).merge(_by_rules(panel, horizon), on=["unique_id", "ds"])
    scores = {rule: by_series(tested, history, rule, SEASONS[freq]) for rule in (OURS, *RULES)}
    found: Figures = {"what": name}
    found |= {f"OWA {rule}": owa(each, scores["naive2"]) for rule, each in scores.items() if rule != "naive2"}
    found |= {f"coverage {level}": 100 * scores[OURS][f"coverage_{level}"].mean() for level in (80, 95)}
    return found | {"CPU s": seconds}


def _by_rules(panel: Panel, horizon: int) -> pd.DataFrame:
    parts = []
    for block in blocks_of(panel, horizon):
        rows = {
            "unique_id": [name for name in block.names for _ in range(horizon)],
            "ds": block.window.moments(horizon).ravel(),
        }
        parts.append(pd.DataFrame(rows | {rule: model(block.window, horizon).ravel() for rule, model in RULES.items()}))
    return pd.concat(parts)


def _speed(series: int) -> Figures:
    panel = clean(money(series, 730, 105), "D")
    begun, worked = time.monotonic(), time.process_time()
    forecast(panel, 30)
    return {
        "what": f"{series:,} daily series of two years, h=30",
        "s": time.monotonic() - begun,
        "CPU s": time.process_time() - worked,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
