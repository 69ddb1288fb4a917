"""Spend to forecast: ninety days of two providers and currencies, with tax and credits, all known exactly."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from finops.forecasting.models import KEY, Input
from finops.forecasting.streams import divided
from finops.policy.forecasting import Calendar

RUN_DATE = date(2026, 5, 16)
DAYS = pd.date_range("2026-02-01", "2026-05-15")

_USAGE = [
    ("USD", "aws", "research", "vision", "net-a", "GPU", 900.0),
    ("USD", "aws", "research", "vision", "net-b", "GPU", 400.0),
    ("USD", "aws", "sales", "chat", "bot", "Models", 250.0),
    ("USD", "aws", "sales", "chat", "bot", "Storage", 60.0),
    ("USD", "gcp", "research", "vision", "net-a", "GPU", 300.0),
    ("USD", "gcp", "sales", "chat", "tiny", "Log", 0.5),
    ("EUR", "azure", "sales", "chat", "bot", "Models", 120.0),
]


def charges(noise: float = 0.05) -> pd.DataFrame:
    """Return charges with category and class: usage by day with a weekly rhythm, support and tax on the first."""
    rng = np.random.default_rng(4)
    week = np.where(DAYS.day_of_week < 5, 1.0, 0.6)
    parts = []
    for *key, level in _USAGE:
        amount = level * week * np.exp(rng.normal(0, noise, len(DAYS)))
        parts.append(_rows(key, DAYS, amount, "Usage"))
    firsts = DAYS[DAYS.day == 1]
    parts.append(_rows(("USD", "aws", "(unallocated)", "(none)", "(none)", "AWS Support"), firsts, 500.0, "Usage"))
    parts.append(_rows(("USD", "aws", "(unallocated)", "(none)", "(none)", "GPU"), firsts, 80.0, "Tax"))
    parts.append(_rows(("USD", "gcp", "research", "vision", "net-a", "GPU"), DAYS, -10.0, "Credit"))
    return pd.concat(parts, ignore_index=True)


def _rows(key: object, days: pd.DatetimeIndex, amount: object, category: str) -> pd.DataFrame:
    named = dict(zip(KEY, key, strict=True))  # type: ignore[call-overload]
    return pd.DataFrame({"charge_date": days, "amount": amount}).assign(
        **named, charge_category=category, charge_class="(none)"
    )


def given(run_date: date = RUN_DATE, known_to: date | None = None) -> Input:
    """Return what a run reads of it. ``known_to`` is how far the bills reach; else they are whole long since."""
    daily = divided(charges(), Calendar())
    daily = daily[daily["charge_date"] < pd.Timestamp(run_date)]
    hours = daily[
        (daily["stream"] == "usage") & (daily["charge_date"] >= pd.Timestamp(run_date) - pd.Timedelta(weeks=2))
    ]
    hours = pd.concat(
        [hours.assign(ds=hours["charge_date"] + pd.Timedelta(hours=n), amount=hours["amount"] / 24) for n in range(24)]
    )
    hourly = hours.groupby(["billing_currency", "provider", "ai_project", "ds"], as_index=False)["amount"].sum()
    loads = pd.DataFrame(columns=["provider", "billing_currency", "service_name", "charge_date", "as_of", "amount"])
    reached = known_to or date(2026, 12, 31)
    return Input(run_date, daily, hourly, loads, dict.fromkeys(("aws", "gcp", "azure"), reached), {})
