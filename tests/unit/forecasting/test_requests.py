"""Requests are forecast by endpoint and hour for seven days, from what was counted before the run date."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest

from finops.forecasting import requests

RUN_DATE = date(2026, 6, 1)
_WEEKS = 5


def counted(endpoint: str, weeks: float = _WEEKS, until: str = "2026-06-01", level: float = 100.0) -> pd.DataFrame:
    """Return the hours of an endpoint that is busy on workdays from 8 to 20 o'clock, five times as much."""
    hours = pd.date_range(end=pd.Timestamp(until) - pd.Timedelta(hours=1), periods=int(weeks * 168), freq="h")
    is_busy = (hours.hour >= 8) & (hours.hour < 20) & (hours.day_of_week < 5)
    noise = np.random.default_rng([len(endpoint), int(weeks)]).normal(1, 0.05, len(hours))
    values = np.rint(level * np.where(is_busy, 5, 1) * noise)
    return pd.DataFrame({"provider": "aws", "endpoint_id": endpoint, "ds": hours, "requests": values})


@cache
def forecast() -> pd.DataFrame:
    """Return the forecast of endpoints of which one is new, one was counted late, one is gone and one is not asked."""
    parts = [
        counted("usual"),
        counted("new", weeks=1),
        counted("late", until="2026-05-31 18:00"),
        counted("gone", until="2026-05-20"),
        counted("unasked", level=0.0),
    ]
    return requests.forecast(pd.concat(parts), RUN_DATE)


def of(endpoint: str) -> pd.DataFrame:
    return forecast()[forecast()["endpoint_id"] == endpoint].set_index("hour_start")


def test_each_hour_of_the_seven_days_from_the_run_date_on_is_forecast() -> None:
    for endpoint in ("usual", "new", "late"):
        hours = of(endpoint).index
        assert list(hours) == list(pd.date_range("2026-06-01", periods=168, freq="h")), endpoint
    assert set(forecast()["endpoint_id"]) == {"usual", "new", "late"}, "what is gone or not asked is not forecast"


def test_the_rhythm_of_day_and_week_is_known_and_the_bounds_hold_it() -> None:
    found = of("usual")
    monday, night, sunday = (found.loc[each] for each in ("2026-06-01 12:00", "2026-06-03 02:00", "2026-06-07 12:00"))
    assert monday["mean"] == pytest.approx(500, rel=0.1)
    assert night["mean"] == pytest.approx(100, rel=0.1)
    assert sunday["mean"] == pytest.approx(100, rel=0.1)
    assert monday["hi_95"] < 700
    is_nested = (found["lo_95"] <= found["lo_80"]) & (found["lo_80"] <= found["mean"]) & (found["lo_95"] >= 0)
    assert (is_nested & (found["mean"] <= found["hi_80"]) & (found["hi_80"] <= found["hi_95"])).all()


def test_what_was_counted_for_a_week_alone_says_so(caplog: pytest.LogCaptureFixture) -> None:
    assert set(of("new")["history_days"]) == {7}
    assert set(of("usual")["history_days"]) == {35}
    requests.forecast(counted("new", weeks=1), RUN_DATE)
    assert "requests of 1 endpoints are counted for less than 28 days" in caplog.text


def test_later_hours_are_not_known_and_without_any_nothing_is_forecast() -> None:
    later = counted("usual", until="2026-06-08")
    with_later = pd.concat([counted("usual"), later[later["ds"] >= "2026-06-01"].assign(requests=9e9)])
    alone = requests.forecast(counted("usual"), RUN_DATE)
    pd.testing.assert_frame_equal(requests.forecast(with_later, RUN_DATE), alone)
    assert requests.forecast(later[later["ds"] >= "2026-06-01"], RUN_DATE).empty


def test_of_very_many_endpoints_the_busiest_are_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MOST_ENDPOINTS", 2)
    parts = [counted(name, weeks=2, level=level) for name, level in (("a", 10.0), ("b", 30.0), ("c", 20.0))]
    assert set(requests.forecast(pd.concat(parts), RUN_DATE)["endpoint_id"]) == {"b", "c"}
