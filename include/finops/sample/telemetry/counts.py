"""Whole numbers by the hour that add up to a total to the last one."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from finops.core.periods import BillingPeriod
from finops.sample.telemetry.assets import Asset


def rhythm(period: BillingPeriod, hours: np.ndarray) -> np.ndarray:
    """Return how busy hours of a month are, with a mean near 1: most in the afternoon, little at weekends."""
    first = period.start
    weekday = ((hours // 24) + (first - timedelta(hours=first.hour)).weekday()) % 7
    week = np.where(weekday < 5, 1.08, 0.8)
    return np.asarray(week * (1 + 0.35 * np.cos((hours % 24 - 15) / 24 * 2 * np.pi)))


def by_hour(asset: Asset, period: BillingPeriod) -> tuple[np.ndarray, np.ndarray]:
    """Return the hours that are billed and how much of the usage falls on each: its lines add up to whole numbers."""
    lengths = (asset.end - asset.begin).astype(np.int64)
    line = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    hours = np.repeat(asset.begin.astype(np.int64), lengths) + np.arange(len(line)) - starts[line]
    reached = np.cumsum(rhythm(period, hours))
    before = np.concatenate(([0.0], reached))[starts]
    total = reached[starts + lengths - 1] - before
    whole = np.rint(asset.usage).astype(np.int64)
    so_far = np.floor(whole[line] * ((reached - before[line]) / total[line])).astype(np.int64)
    so_far[starts + lengths - 1] = whole
    amounts = np.diff(so_far, prepend=0)
    amounts[starts] = so_far[starts]
    return hours, amounts
