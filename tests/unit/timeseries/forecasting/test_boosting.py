"""Trees add to the simple forecast that is best where they know better, and leave it as it is elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from tests.made_series import gpu_spend, money

from finops.timeseries.forecasting.grid import Window, blocks_of
from finops.timeseries.forecasting.methods import boosting, simple
from finops.timeseries.panel import clean

HORIZON = 24


@pytest.fixture(scope="module")
def gpus() -> tuple[Window, np.ndarray]:
    """Return six hundred hours of GPU spend, and the day after them."""
    (block,) = blocks_of(clean(gpu_spend(60, 624, 31), "h"), HORIZON)
    return block.window.before(HORIZON), block.given[:, -HORIZON:]


@pytest.mark.parametrize("way", [boosting.boosting_from_best, boosting.boosting_on_logs])
def test_a_cost_that_stands_still_is_said_exactly(way, gpus):
    window, _ = gpus
    last = simple.last_value(window, HORIZON)
    assert np.isclose(way(window, HORIZON), last, rtol=1e-9).mean() > 0.1


def test_from_the_best_simple_forecast_the_next_hours_are_nearer_than_from_the_middle(gpus):
    window, came = gpus

    def error(way) -> float:
        return float(np.abs(way(window, HORIZON)[:, :3] - came[:, :3]).mean())

    assert error(boosting.boosting_from_best) < error(boosting.boosting)


def test_with_little_to_learn_from_the_usual_value_is_said():
    (block,) = blocks_of(clean(money(3, 100, 9), "D"), 7)
    said = boosting.boosting_from_best(block.window, 7)
    assert np.array_equal(said, simple.usual_value(block.window, 7))
