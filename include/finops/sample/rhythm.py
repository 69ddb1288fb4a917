"""How use moves: by hour, by weekday, by month, and by chance."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from finops.core.periods import BillingPeriod

EPOCH = BillingPeriod(2025, 1)
MONTHLY_GROWTH = 0.04
_SUNDAY_FACTOR = (1.06, 1.1, 1.1, 1.08, 1.02, 0.74, 0.68)


class Pattern(StrEnum):
    """The shape of a series over a week."""

    FLAT = "flat"
    TRAFFIC = "traffic"
    OFFICE = "office"
    STORAGE = "storage"


def months_since_epoch(period: BillingPeriod) -> int:
    """Return how many months lie between the company's first bill and ``period``."""
    return (period.year - EPOCH.year) * 12 + period.month - EPOCH.month


def growth(period: BillingPeriod) -> float:
    """Return how much larger the business is than in its first month."""
    return float((1 + MONTHLY_GROWTH) ** months_since_epoch(period))


def starts(period: BillingPeriod, interval_hours: int) -> list[datetime]:
    """Return the first instant of every interval of the month."""
    count = int((period.end - period.start) / timedelta(hours=interval_hours))
    return [period.start + timedelta(hours=interval_hours * step) for step in range(count)]


def shape(pattern: Pattern, period: BillingPeriod, interval_hours: int) -> np.ndarray:
    """Return the factor of every interval of the month, with a mean near 1."""
    moments = starts(period, interval_hours)
    week = np.array([_SUNDAY_FACTOR[moment.weekday()] for moment in moments])
    if interval_hours == 1:
        hours = np.array([moment.hour for moment in moments])
        day = 1 + 0.35 * np.cos((hours - 15) / 24 * 2 * np.pi)
    else:
        day = np.ones(len(moments))
    match pattern:
        case Pattern.FLAT:
            return np.ones(len(moments))
        case Pattern.STORAGE:
            return np.linspace(1.0, 1 + MONTHLY_GROWTH, len(moments))
        case Pattern.OFFICE:
            return np.asarray(week**2 * day)
        case Pattern.TRAFFIC:
            return np.asarray(week * day)
