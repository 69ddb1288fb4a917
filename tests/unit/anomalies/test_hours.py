"""Where bills have hours, a spike is seen in its hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd

from finops.anomalies.hours import _by_sigmas, _episodes, found
from finops.anomalies.models import DETECTOR, Episode, Key
from finops.policy.anomalies import AnomalyPolicy, Dimension, RollingSigma, Rules
from finops.timeseries.detection import detect

BEGIN = datetime(2025, 4, 1, tzinfo=UTC)
KEY = Key("USD", "provider")


def hours(*odd: int) -> np.ndarray:
    """Return two weeks of hours with a rhythm of the day, of which some cost 60 more."""
    costs = np.tile(10 + 3 * np.sin(np.arange(24) / 24 * 2 * np.pi), 14)
    costs[list(odd)] += 60
    return costs


def test_the_first_abnormal_hour_is_named_and_the_run_is_one_episode() -> None:
    costs = hours(200, 201, 203)
    (one,) = _episodes(KEY, DETECTOR, [(200, 0.001), (203, 0.001)], BEGIN, costs, AnomalyPolicy())
    assert one.first_hour == BEGIN + timedelta(hours=200)
    assert (one.first, round(one.excess), one.is_open) == (date(2025, 4, 9), 180, False)


def test_hours_that_cost_too_little_more_raise_nothing() -> None:
    costs = hours()
    costs[200] += 20
    assert list(_episodes(KEY, DETECTOR, [(200, 0.001)], BEGIN, costs, AnomalyPolicy())) == []


def test_the_rolling_mean_with_sigmas_raises_where_it_is_configured() -> None:
    series = {KEY: (BEGIN, hours(200, 201))}
    assert list(_by_sigmas(series, AnomalyPolicy())) == []
    policy = AnomalyPolicy(rules=Rules(rolling_sigma=RollingSigma()))
    (one,) = _by_sigmas(series, policy)
    assert (one.source, one.probability) == ("rolling-sigma", None)


def watched(is_hourly: bool) -> list[Episode]:
    """Return what the watch finds in two weeks of one service's charges, of which two hours cost much more."""
    charges = pd.DataFrame(
        {"currency": "USD", "hour": pd.date_range(BEGIN.replace(tzinfo=None), periods=336, freq="h")}
    )
    charges = charges.assign(**dict.fromkeys(map(str, Dimension), "x"), is_hourly=is_hourly, cost=hours(300, 301))
    with duckdb.connect() as connection:
        connection.register("charge_hours", charges)
        return found(connection, detect, AnomalyPolicy(rules=Rules(rolling_sigma=RollingSigma())))


def test_detector_and_rolling_mean_find_the_same_hours_of_charges() -> None:
    episodes = watched(is_hourly=True)
    assert {each.first_hour for each in episodes} == {BEGIN + timedelta(hours=300)}
    assert {each.source for each in episodes} == {DETECTOR, "rolling-sigma"}
    assert {each.key.level for each in episodes if each.source == DETECTOR} == {"provider", "service"}


def test_bills_by_the_day_have_no_hours_to_watch() -> None:
    assert watched(is_hourly=False) == []
