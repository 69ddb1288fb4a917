"""Cost is skewed: what is usual on a day, times thirty, is less than a month. Sums want means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from finops.timeseries.forecasting import Options, bias, forecast
from finops.timeseries.panel import clean

DAYS, HORIZON = 300, 28


def skewed(seed: int, series: int = 8) -> pd.DataFrame:
    """Series of days that mostly cost about 100, and on every sixth day, at random, 500."""
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((series, DAYS)) < 1 / 6, 500.0, rng.normal(100, 5, (series, DAYS)))
    days = pd.date_range("2024-01-01", periods=DAYS)
    return pd.concat([pd.DataFrame({"unique_id": f"s{row}", "ds": days, "y": each}) for row, each in enumerate(values)])


@pytest.fixture(scope="module")
def totals() -> dict[bool, float]:
    """What is expected of 28 days of all series together, as usual days and as sums."""
    panel = clean(skewed(5), "D")
    return {
        adds_up: float(forecast(panel, HORIZON, options=Options(adds_up=adds_up)).frame["mean"].sum())
        for adds_up in (False, True)
    }


def test_means_that_add_up_come_to_what_days_cost_on_the_whole(totals: dict[bool, float]) -> None:
    truth = 8 * HORIZON * (100 * 5 / 6 + 500 / 6)
    assert totals[True] == pytest.approx(truth, rel=0.1)
    assert totals[False] < 0.9 * totals[True], "what is usual is less"


def test_forecasts_that_missed_nothing_stay_as_they_are() -> None:
    said = np.full((6, 3, 28), 50.0)
    assert (bias.factors(np.zeros_like(said), said, 7) == 1).all()


def test_a_series_is_raised_by_what_it_fell_short_drawn_towards_what_all_did() -> None:
    said = np.full((8, 20, 28), 100.0)
    missed = np.zeros_like(said)
    missed[:, 0] = 30.0
    found = bias.factors(missed, said, 7)
    assert found[0] == pytest.approx(1 + 0.3 * 8 / 12)
    assert (found[1:] == 1).all()


def test_what_is_not_known_counts_for_nothing_and_nothing_said_gives_no_share() -> None:
    said = np.zeros((4, 2, 14))
    missed = np.full_like(said, np.nan)
    assert (bias.factors(missed, said, 7) == 1).all()


def test_an_origin_that_is_left_out_is_not_learned_from() -> None:
    said = np.full((4, 6, 7), 100.0)
    missed = np.zeros_like(said)
    missed[2] = 40.0
    assert (bias.factors(missed, said, 7, without=2) == 1).all()
    assert (bias.factors(missed, said, 7) > 1).all()
