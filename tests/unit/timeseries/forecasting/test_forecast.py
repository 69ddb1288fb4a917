"""Forecasts add nothing that is not in the data: they hold for any series, and their bounds are honest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.made_series import as_series, gpu_spend, money, parted, rhythmic_hours

from finops.core.errors import BadInput
from finops.timeseries.forecasting import OURS, backtest, forecast
from finops.timeseries.forecasting.measures import by_series, owa
from finops.timeseries.panel import clean

USUAL = 100 + 10 * np.random.default_rng(0).normal(size=120)
BOUNDS = ["lo_95", "lo_80", "mean", "hi_80", "hi_95"]


def with_some_missing(values: np.ndarray) -> np.ndarray:
    found = values.copy()
    found[::5] = np.nan
    return found


def odd_series() -> dict[str, pd.DataFrame]:
    refunds = USUAL.copy()
    refunds[[30, 100]] = [-50.0, -400.0]
    stopped = USUAL.copy()
    stopped[60:] = 0
    return {
        "gaps": as_series("gaps", USUAL).iloc[[*range(0, 40), *range(70, 100, 3), 119]],
        "negative days": as_series("negative days", refunds),
        "all negative": as_series("all negative", -USUAL),
        "all zeros": as_series("all zeros", np.zeros(90)),
        "one point": as_series("one point", [5.0]),
        "two points": as_series("two points", [5.0, 6.0]),
        "zeros, then cost": as_series("zeros, then cost", [0, 0, 0, 0, 5.0]),
        "constant": as_series("constant", np.full(60, 7.0)),
        "stopped": as_series("stopped", stopped),
        "ended long ago": as_series("ended long ago", USUAL[:50]),
        "born yesterday": as_series("born yesterday", [3.0, 4.0], "2025-04-29"),
        "very large": as_series("very large", USUAL * 1e10),
        "very small": as_series("very small", USUAL * 1e-8),
        "missing": as_series("missing", with_some_missing(USUAL)),
        "twice": pd.concat([as_series("twice", USUAL)] * 2),
        "shuffled": as_series("shuffled", USUAL).sample(frac=1, random_state=1),
        "a gap of years": pd.concat(
            [as_series("a gap of years", USUAL[:30]), as_series("a gap of years", [5.0], "2031")]
        ),
        "weeks, said to be days": as_series("weeks, said to be days", USUAL, freq="W"),
    }


def check_in_order(frame: pd.DataFrame) -> None:
    values = frame[BOUNDS].to_numpy(dtype=float)
    assert np.isfinite(values).all()
    slack = 1e-9 * np.abs(values).max(axis=1, keepdims=True)
    assert (np.diff(values, axis=1) >= -slack).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", list(odd_series()))
@pytest.mark.parametrize("horizon", [1, 14, 90])
def test_any_series_has_a_forecast_with_bounds_in_order(name, horizon):
    found = forecast(clean(odd_series()[name], "D"), horizon)
    assert len(found.frame) == len(found.cumulative) == horizon
    check_in_order(found.frame)
    check_in_order(found.cumulative)


@pytest.mark.filterwarnings("error")
def test_odd_series_together_do_not_disturb_each_other():
    panel = clean(pd.concat(odd_series().values()), "D")
    found = forecast(panel, 14)
    assert found.frame.groupby("unique_id").size().tolist() == [14] * len(odd_series())
    check_in_order(found.frame)
    assert set(backtest(panel, 14, 2)["unique_id"]) > {"gaps", "constant"}


def test_series_without_any_value_are_counted_with_a_reason_and_the_run_goes_on():
    found = forecast(clean(pd.concat([as_series("none", [np.nan] * 5), as_series("some", USUAL)]), "D"), 7)
    assert [each.unique_id for each in found.skipped] == ["none"]
    assert found.frame["unique_id"].unique().tolist() == ["some"]


def test_one_point_and_a_constant_do_not_claim_to_know_the_future():
    frame = forecast(clean(odd_series()["one point"], "D"), 7).frame
    assert ((frame["hi_95"] - frame["lo_95"]) > frame["mean"]).all()
    frame = forecast(clean(odd_series()["constant"], "D"), 7).frame
    assert np.allclose(frame["mean"], 7)
    assert (frame["hi_95"] > 7).all()


def test_money_that_was_never_negative_is_not_forecast_below_zero():
    frame = forecast(clean(money(10, 60, 3), "D"), 14).frame
    assert (frame[BOUNDS].to_numpy() >= 0).all()


def test_the_scale_of_a_series_does_not_matter():
    large, small = (forecast(clean(odd_series()[name], "D"), 7).frame for name in ("very large", "very small"))
    assert np.allclose(large[BOUNDS].to_numpy() * 1e-10, small[BOUNDS].to_numpy() * 1e8, rtol=1e-6)


def test_the_order_of_rows_does_not_matter():
    rows = money(6, 90, 5)
    shuffled = rows.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(forecast(clean(rows, "D"), 7).frame, forecast(clean(shuffled, "D"), 7).frame)


def test_nothing_of_the_future_is_known_in_a_backtest():
    # The same origin, with other values after it: what was said there must not change.
    rows = money(4, 120, 6)
    left = rows.groupby("unique_id").cumcount(ascending=False)
    other = rows.assign(y=rows["y"].where(left >= 7, rows["y"] * 50))
    first, second = (backtest(clean(each, "D"), 7, 1) for each in (rows, other))
    pd.testing.assert_frame_equal(first.drop(columns="y"), second.drop(columns="y"))
    assert not np.allclose(first["y"], second["y"])


def test_an_event_raises_what_is_expected_and_a_past_one_is_not_learned():
    rows = as_series("A", np.full(90, 10.0))
    launch = pd.DataFrame({"ds": [pd.Timestamp("2025-04-03")], "factor": [3.0], "unique_id": [None]})
    means = forecast(clean(rows, "D"), 7, known=launch).frame.set_index("ds")["mean"]
    assert means["2025-04-03"] == pytest.approx(30)
    assert means["2025-04-04"] == pytest.approx(10)
    rows.loc[80:, "y"] = 30.0
    campaign = pd.DataFrame({"ds": rows["ds"][80:], "factor": 3.0})
    assert np.allclose(forecast(clean(rows, "D"), 7, known=campaign).frame["mean"], 10)


@pytest.mark.parametrize("factor", [0, -1, float("nan"), float("inf")])
def test_an_event_that_cannot_be_is_refused(factor):
    with pytest.raises(BadInput, match="factor"):
        forecast(clean(as_series("A", USUAL), "D"), 7, known=pd.DataFrame({"ds": ["2025-05-01"], "factor": [factor]}))


@pytest.mark.parametrize("horizon", [0, -3, 10**6])
def test_a_horizon_that_cannot_be_is_refused(horizon):
    with pytest.raises(BadInput, match="horizon"):
        forecast(clean(as_series("A", USUAL), "D"), horizon)


def test_a_sum_is_that_of_its_steps_and_its_bounds_are_nearer_than_the_sum_of_theirs():
    found = forecast(clean(money(30, 200, 8), "D"), 28)
    steps, sums = (each[each["ds"] == each["ds"].max()] for each in (found.frame, found.cumulative))
    totals = found.frame.groupby("unique_id")[["mean", "lo_95", "hi_95"]].sum()
    last = sums.set_index("unique_id")
    assert np.allclose(last["mean"], totals["mean"])
    assert (last["hi_95"] - last["lo_95"]).sum() < (totals["hi_95"] - totals["lo_95"]).sum()
    assert len(steps) == len(sums) == 30


@pytest.mark.parametrize(
    ("rows", "freq", "horizon", "season", "bound"),
    [
        # Bounds are figures of the usual rules on these series, in the bench's table, and a margin.
        (money(60, 240, 11), "D", 14, 7, 0.95),
        (gpu_spend(60, 600, 12), "h", 24, 24, 1.0),
        (rhythmic_hours(25, 700, 13), "h", 48, 24, 0.45),
    ],
    ids=["money", "gpu", "hours"],
)
def test_ours_is_better_than_naive_2_and_its_bounds_hold(rows, freq, horizon, season, bound):
    tested = backtest(clean(rows, freq), horizon, 1)
    ours, naive = (by_series(tested, rows, name, season) for name in (OURS, "naive2"))
    assert owa(ours, naive) < bound
    assert 0.70 < ours["coverage_80"].mean() < 0.92
    assert ours["coverage_95"].mean() > 0.90


def test_bounds_hold_for_short_and_volatile_series_too():
    history, future = parted(money(80, 44, 21), 14)
    found = future.merge(forecast(clean(history, "D"), 14).frame, on=["unique_id", "ds"])
    assert ((found["y"] >= found["lo_95"]) & (found["y"] <= found["hi_95"])).mean() >= 0.90


def test_every_model_and_baseline_is_in_a_backtest():
    tested = backtest(clean(money(3, 100, 9), "D"), 7, 2)
    assert {"last_value", "seasonal_naive", "ridge", "boosting", "linear_regression", "naive2", OURS} <= set(tested)
    assert tested.groupby("origin").size().tolist() == [21, 21]
