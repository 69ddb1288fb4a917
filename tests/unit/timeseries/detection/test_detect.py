"""The detector says of each point how odd it was when it came, opens one event per incident, and never breaks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from tests.bench.anomalies import BOUNDS, measured
from tests.bench.injected import teams

from finops.timeseries.detection import Options, detect
from finops.timeseries.panel import clean

DAYS = 200


def _money(seed: int = 1, days: int = DAYS, noise: float = 0.05) -> np.ndarray:
    """Return daily spend of around 1,000 that halves at weekends."""
    random = np.random.default_rng(seed)
    week = np.array([1, 1, 1, 1, 1, 0.5, 0.5])[np.arange(days) % 7]
    return np.asarray(1_000 * week * np.exp(noise * random.normal(size=days)))


def _frame(*series: np.ndarray, step: str = "D") -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(
                {"unique_id": f"s{number}", "ds": pd.date_range("2024-01-01", periods=len(y), freq=step), "y": y}
            )
            for number, y in enumerate(series)
        ],
        ignore_index=True,
    )


def _alerts(y: np.ndarray, **options: object) -> list[tuple[int, str]]:
    found = detect(clean(_frame(y), "D"), options=Options(**options))  # type: ignore[arg-type]
    return [(int(at), str(found["kind"][at])) for at in np.flatnonzero(found["is_anomaly"])]


@pytest.mark.parametrize(("factor", "kind"), [(2.5, "spike"), (0.2, "drop")])
def test_one_odd_day_is_told_on_that_day_and_only_then(factor: float, kind: str) -> None:
    y = _money()
    y[150] *= factor
    assert _alerts(y) == [(150, kind)]


def test_a_new_level_is_one_alert_and_is_then_the_expectation() -> None:
    y = _money()
    y[120:] *= 1.8
    alerts = _alerts(y)
    assert len(alerts) == 1
    assert 120 <= alerts[0][0] <= 122
    expected = detect(clean(_frame(y), "D"))["expected"].to_numpy()
    assert expected[150:] == pytest.approx(y[150:], rel=0.3)


def test_the_end_of_a_passing_shift_is_a_return_and_no_second_alert() -> None:
    y = _money()
    y[120:145] *= 1.8
    alerts = _alerts(y)
    assert len(alerts) == 1
    assert 120 <= alerts[0][0] <= 122


def test_a_charge_of_each_month_is_expected_from_its_third_time_on() -> None:
    y = _money(days=360)
    first_of_month = pd.date_range("2024-01-01", periods=360).day == 1
    y[first_of_month & (np.arange(360) > 0)] += 2_500
    told = [at for at, _ in _alerts(y)]
    assert len(told) <= 2
    assert all(at < 90 for at in told)


def test_a_slow_creep_is_told_though_no_day_of_it_is_odd() -> None:
    y = _money(noise=0.08)
    y[120:150] *= 1.025 ** np.arange(1, 31)
    y[150:] *= 1.025**30
    first, kind = _alerts(y)[0]
    assert 122 <= first <= 138
    assert kind in {"creep", "shift"}


def test_weekends_are_no_drops_and_quiet_series_give_no_alert() -> None:
    assert _alerts(_money(2)) == []


def test_the_same_events_are_found_whatever_the_unit() -> None:
    y = _money()
    y[150] *= 3
    for unit in (1e-9, 1e9):
        assert _alerts(y * unit) == _alerts(y)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 90), st.integers(1, 60))
def test_later_data_change_no_earlier_row(seed: int, known: int, more: int) -> None:
    random = np.random.default_rng(seed)
    y = np.where(random.random(known + more) < 0.1, np.nan, random.standard_t(2, known + more) * 100)
    y[0] = 1.0
    whole, part = (_frame(y[:length], _money(seed, length)) for length in (known + more, known))
    groups = {"s0": "g", "s1": "g"}
    before = detect(clean(part, "D"), options=Options(groups=groups))
    after = detect(clean(whole, "D"), options=Options(groups=groups))
    after = after[after["ds"] <= part["ds"].max()].reset_index(drop=True)
    assert_frame_equal(before, after)


def test_series_do_not_disturb_each_other() -> None:
    one, other = _money(1), _money(2, 150) * 1e6
    alone = detect(clean(_frame(one), "D"))
    together = detect(clean(_frame(one, other), "D"))
    assert_frame_equal(alone, together[together["unique_id"] == "s0"].reset_index(drop=True))


def test_what_moves_all_siblings_is_no_alert_of_any_but_a_move_of_one_alone_is() -> None:
    ys = [_money(seed) for seed in range(6)]
    for y in ys:
        y[150] *= 2
    ys[0][170] *= 2
    panel = clean(_frame(*ys), "D")
    siblings = detect(panel, options=Options(groups={f"s{number}": "team" for number in range(6)}))
    days = (siblings["ds"] - pd.Timestamp("2024-01-01")).dt.days
    told = [
        (name, day)
        for name, day, is_alert in zip(siblings["unique_id"], days, siblings["is_anomaly"], strict=True)
        if is_alert
    ]
    assert told == [("s0", 170)]
    assert detect(panel)["is_anomaly"].sum() >= 6


ODD = {
    "one point": [5.0],
    "two points": [5.0, 7.0],
    "all zeros": [0.0] * 60,
    "constant": [3.3] * 60,
    "negative": [-5.0, -6.0, -5.5] * 20,
    "crossing zero": [1.0, -1.0] * 30,
    "mostly missing": [1.0, np.nan, np.nan, np.nan] * 15,
    "born late": [0.0] * 40 + [100.0] * 20,
    "stopped": [100.0] * 40 + [0.0] * 20,
    "huge": [1e12, 1.1e12] * 30,
    "tiny": [1e-6, 1.1e-6] * 30,
    "at the edge of what a number can be": [1e308, -1e308] * 30,
    "smaller than that": [5e-324, 0.0] * 30,
}


@pytest.mark.parametrize("y", ODD.values(), ids=ODD.keys())
def test_an_odd_series_gives_a_row_a_point_and_scores_between_0_and_1(y: list[float]) -> None:
    found = detect(clean(_frame(np.array(y)), "D"))
    assert len(found) == len(y)
    assert found["score"].between(0, 1).all()
    assert found.loc[found["y"].notna(), "probability"].between(0, 1).all()
    assert found["expected"].dropna().abs().lt(np.inf).all()


@pytest.mark.parametrize("name", ["one point", "two points", "all zeros", "constant"])
def test_a_series_that_does_not_move_gives_no_alert(name: str) -> None:
    assert _alerts(np.array(ODD[name])) == []


def test_a_series_that_stopped_is_a_drop_once() -> None:
    alerts = _alerts(np.concatenate([_money(days=100), np.zeros(60)]))
    assert [kind for _, kind in alerts] == ["drop"]
    assert alerts[0][0] == 100


def test_no_series_give_an_empty_table_of_the_same_columns() -> None:
    empty = clean(pd.DataFrame({"unique_id": ["a"], "ds": ["2024-01-01"], "y": [np.nan]}), "D")
    found = detect(empty)
    assert found.empty
    assert list(found.columns[:3]) == ["unique_id", "ds", "y"]


def test_gaps_and_order_of_rows_do_not_matter() -> None:
    y = _money()
    y[150] *= 3
    frame = _frame(y).drop(index=range(60, 75))
    shuffled = frame.sample(frac=1, random_state=1)
    found = detect(clean(shuffled, "D"))
    assert_frame_equal(found, detect(clean(frame, "D")))
    assert found.loc[found["is_anomaly"], "ds"].dt.strftime("%Y-%m-%d").tolist() == ["2024-05-30"]


def test_data_of_five_minutes_are_judged_at_their_own_step() -> None:
    random = np.random.default_rng(3)
    at = np.arange(12 * 24 * 10)
    y = 50 + 20 * np.sin(2 * np.pi * at / 288) + random.normal(size=len(at))
    y[2_500:2_520] += 60
    found = detect(clean(_frame(y, step="5min"), "h"))
    top = found["score"].to_numpy()[500:].argmax() + 500
    assert 2_500 <= top <= 2_520
    assert found["is_anomaly"].to_numpy()[2_500:2_503].any()


def test_planted_events_are_found_as_the_bench_demands() -> None:
    frame, events = teams(901, 40)
    found = measured(frame, events)
    assert 1 - found.f1 <= BOUNDS["1 - F1"]
    assert found.false_alarms <= BOUNDS["false alarms per series-month"]
