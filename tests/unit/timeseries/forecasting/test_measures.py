"""Measures are those of the literature, on figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from finops.timeseries.forecasting import measures


def test_smape_of_half_too_much():
    assert measures.smape(np.array([100.0, 100.0]), np.array([150.0, 100.0])) == pytest.approx(20.0)


def test_two_zeros_are_no_error():
    assert measures.smape(np.array([0.0]), np.array([0.0])) == 0.0


def test_mase_divides_by_the_seasonal_naive_error_of_history():
    history = np.array([1.0, 10.0, 3.0, 12.0])
    assert measures.mase(np.array([5.0]), np.array([9.0]), history, season=2) == pytest.approx(2.0)


def test_mase_of_a_constant_history_is_none():
    assert np.isnan(measures.mase(np.array([5.0]), np.array([9.0]), np.full(9, 5.0), season=2))


def test_bias_is_a_part_of_what_came():
    assert measures.bias(np.array([40.0, 60.0]), np.array([50.0, 60.0])) == pytest.approx(0.1)


def test_coverage_counts_what_lies_on_a_bound():
    assert measures.coverage(np.array([1.0, 2.0, 9.0, 4.0]), np.zeros(4), np.full(4, 4.0)) == 0.75


def test_owa_is_the_mean_of_ratios_of_means_as_in_m4():
    ours = pd.DataFrame({"unique_id": ["A", "B"], "smape": [10.0, 20.0], "mase": [1.0, 3.0]})
    naive = pd.DataFrame({"unique_id": ["A", "B"], "smape": [20.0, 40.0], "mase": [4.0, 4.0]})
    assert measures.owa(ours, naive) == pytest.approx(0.5)


def test_history_after_an_origin_is_not_counted_in_a_denominator():
    days = pd.date_range("2025", periods=6)
    history = pd.DataFrame({"unique_id": "A", "ds": days, "y": [1.0, 2.0, 3.0, 4.0, 100.0, 1.0]})
    tested = pd.DataFrame({"unique_id": ["A"], "origin": [days[3]], "y": [100.0], "ours": [98.0]})
    assert measures.by_series(tested, history, "ours", season=1)["mase"].item() == pytest.approx(2.0)
