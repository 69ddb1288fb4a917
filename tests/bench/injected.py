"""Daily money of teams with planted spikes, shifts and creeps, and how well alerts find them.

Families differ in noise, memory of the noise, trend and month ends; every tenth part of an event's truth is drawn from
the seed. A series has 400 days; its first event comes after 40.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

import numpy as np
import pandas as pd

FAMILIES = {
    # noise (relative), its memory from day to day, trend a day (spread), what a month's first day has more
    "stable": (0.04, 0.0, 0.0003, 0.0),
    "noisy": (0.10, 0.0, 0.0003, 0.0),
    "trend": (0.06, 0.0, 0.0015, 0.0),
    "persistent": (0.06, 0.6, 0.0003, 0.0),
    "monthly": (0.06, 0.0, 0.0003, 0.15),
}
DAYS, LEAD, MONTH = 400, 40, 30.4
GRACE = {"spike": 1, "shift": 14, "creep": 7}
"""Days after an event's last abnormal (a shift: first) day in which an alert still counts as of it."""


@dataclass(frozen=True, slots=True)
class Event:
    """``first`` and ``last``: abnormal days of a series, counted from its first; a shift is told by its first."""

    unique_id: str
    kind: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Found:
    """``delays``: median days from an event's first day to its first alert, by kind; None: none was found."""

    precision: float
    recall: float
    false_alarms: float
    delays: dict[str, float | None]

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def teams(seed: int, series: int) -> tuple[pd.DataFrame, list[Event]]:
    """Return series (unique_id, ds, y) and what is planted in them."""
    random, events, tables = np.random.default_rng(seed), [], []
    for number in range(series):
        name = f"{seed}-{number}"
        y = _ordinary(random, str(random.choice(list(FAMILIES))))
        events += _plant(random, name, y)
        tables.append(pd.DataFrame({"unique_id": name, "ds": pd.date_range("2024-01-01", periods=DAYS), "y": y}))
    return pd.concat(tables, ignore_index=True), events


def _ordinary(random: np.random.Generator, family: str) -> np.ndarray:
    noise, memory, trend, month = FAMILIES[family]
    week = np.exp(random.normal(0, 0.04, 7))
    week[5:] *= random.uniform(0.5, 1.0)
    day = np.arange(DAYS)
    shocks = random.standard_t(5, DAYS) / 1.29
    for each in range(1, DAYS):
        shocks[each] = memory * shocks[each - 1] + np.sqrt(1 - memory**2) * shocks[each]
    scale = noise * random.uniform(0.7, 1.3)
    more = 1 + np.where(day % 30 == 0, month * random.random(), 0.0)
    level = np.exp(random.normal(6, 1.2)) * np.exp(random.normal(0, trend) * day)
    return np.asarray(level * week[day % 7] * more * np.exp(scale * shocks))


def _plant(random: np.random.Generator, name: str, y: np.ndarray) -> list[Event]:
    events, at = [], LEAD + int(random.integers(0, 30))
    while at < DAYS - 45:
        kind = str(random.choice(["spike", "shift", "creep"]))
        last, gap = at, 30
        if kind == "spike":
            y[at] *= random.uniform(1.5, 4)
        elif kind == "shift":
            y[at:] *= random.uniform(1.3, 2.2) if random.random() < 0.75 else random.uniform(0.4, 0.7)
            gap = 45
        else:
            length, rate = int(random.integers(14, 29)), random.uniform(0.02, 0.05)
            y[at:] *= (1 + rate) ** np.minimum(np.arange(DAYS - at) + 1, length)
            last, gap = at + length - 1, length + 35
        events.append(Event(name, kind, at, last))
        at += gap + int(random.integers(20, 90))
    return events


def rules(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what the usual rules say of each row; 168 hours are seven days of daily data."""
    by_series = frame.groupby("unique_id")["y"]
    week = by_series.transform(lambda y: y.shift().rolling(7).mean())
    spread = by_series.transform(lambda y: y.shift().rolling(7).std())
    mean, deviation = by_series.transform("mean"), by_series.transform("std")
    return {
        "mean + 2 sigma": frame["y"] > mean + 2 * deviation,
        "rolling mean ± 3 sigma of 168 h": (frame["y"] - week).abs() > 3 * spread,
        "1.5 x the mean of 7 days": frame["y"] > 1.5 * week,
    }


def held_against(events: list[Event], alerts: Iterable[tuple[str, int]], series: int) -> Found:
    """Hold alerts (series, day) against the truth. A second alert of one event is neither found nor false."""
    by_series: dict[str, list[int]] = {}
    for name, day in alerts:
        by_series.setdefault(name, []).append(day)
    delays: dict[str, list[int]] = {kind: [] for kind in GRACE}
    explained: set[tuple[str, int]] = set()
    for event in events:
        until = event.last + GRACE[event.kind]
        hits = [day for day in by_series.get(event.unique_id, []) if event.first <= day <= until]
        explained |= {(event.unique_id, day) for day in hits}
        if hits:
            delays[event.kind].append(min(hits) - event.first)
    found = sum(map(len, delays.values()))
    false = sum(len(set(days)) for days in by_series.values()) - len(explained)
    return Found(
        precision=found / (found + false) if found + false else 0.0,
        recall=found / len(events) if events else 0.0,
        false_alarms=false / (series * DAYS / MONTH),
        delays={kind: float(median(each)) if each else None for kind, each in delays.items()},
    )
