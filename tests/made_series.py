"""Series made with a seed, as tests and the benchmark need them."""

from __future__ import annotations

import numpy as np
import pandas as pd


def as_series(name: str, values: object, start: str = "2025-01-01", freq: str = "D") -> pd.DataFrame:
    numbers = np.asarray(values, dtype=float)
    return pd.DataFrame({"unique_id": name, "ds": pd.date_range(start, periods=len(numbers), freq=freq), "y": numbers})


def money(count: int, days: int, seed: int) -> pd.DataFrame:
    """Daily cost of teams: quiet weekends, a level that wanders and sometimes shifts, noise that lasts a little."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        quiet = rng.uniform(0.1, 0.9)
        week = np.array([1, 1.02, 1.03, 1, 0.97, 1 - quiet, 1 - quiet * rng.uniform(0.8, 1.1)])
        level = np.cumsum(rng.normal(0, rng.choice([0.003, 0.01, 0.03]), days))
        for _ in range(rng.poisson(days / 250)):
            level[rng.integers(days) :] += rng.normal(0, 0.3)
        noise = _lasting(rng.normal(0, rng.choice([0.03, 0.08, 0.2]), days), 0.4)
        values = 10 ** rng.uniform(1, 5) * np.exp(level + noise) * week[np.arange(days) % 7]
        found.append(as_series(f"money-{number:04}", np.round(values, 2), "2024-01-01"))
    return pd.concat(found, ignore_index=True)


def gpu_spend(count: int, hours: int, seed: int) -> pd.DataFrame:
    """Hourly cost of GPU jobs: they start at random, more in working hours, and a few run very long."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        values, price, hour = np.zeros(hours), rng.uniform(1.5, 4), np.arange(hours)
        at_work = (hour % 24 >= 8) & (hour % 24 < 19) & (hour // 24 % 7 < 5)
        rate = rng.uniform(0.02, 0.5) * (1 + rng.uniform(0, 1.5) * at_work)
        for start in np.flatnonzero(rng.random(hours) < rate):
            length = int(np.ceil(rng.pareto(rng.uniform(0.8, 1.6)) * 3 + 1))
            values[start : start + length] += price * rng.choice([1, 1, 2, 4, 8, 8, 16])
        for _ in range(rng.poisson(hours / 300)):
            start = rng.integers(hours)
            values[start : start + rng.integers(24, 400)] += price * rng.choice([8, 16, 32, 64])
        values += price * rng.choice([0, 0, 4, 16])
        found.append(as_series(f"gpu-{number:04}", np.round(values, 3), "2025-01-01", "h"))
    return pd.concat(found, ignore_index=True)


def rhythmic_hours(count: int, hours: int, seed: int) -> pd.DataFrame:
    """Hourly figures with a rhythm of the day and of the week, as loads have it, and weather that lasts."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        hour = np.arange(hours)
        shape = np.convolve(rng.normal(0, 3, 24), np.ones(5) / 5, "same") * rng.uniform(0.05, 0.8)
        week = rng.normal(0, 0.3, 7) * np.array([0.2, 0.2, 0.2, 0.2, 0.3, 1.5, 1.5])
        lasting = rng.uniform(0.5, 0.98)
        noise = _lasting(rng.normal(0, rng.uniform(0.01, 0.15) * np.sqrt(1 - lasting**2), hours), lasting)
        level = np.cumsum(rng.normal(0, rng.uniform(0, 0.02), hours // 24 + 1))[hour // 24]
        values = 10 ** rng.uniform(1, 4) * np.exp(shape[hour % 24] + week[hour // 24 % 7] + noise + level)
        found.append(as_series(f"hours-{number:04}", np.round(values, 1), "2025-01-01", "h"))
    return pd.concat(found, ignore_index=True)


def parted(frame: pd.DataFrame, horizon: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return history and the last steps of each series."""
    left = frame.groupby("unique_id").cumcount(ascending=False)
    return frame[left >= horizon], frame[left < horizon]


def _lasting(shocks: np.ndarray, kept: float) -> np.ndarray:
    found = shocks.copy()
    for place in range(1, len(found)):
        found[place] += kept * found[place - 1]
    return found
