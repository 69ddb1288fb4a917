"""The parts of the detector: what each must do by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from finops.timeseries.detection.common import removed
from finops.timeseries.detection.conformal import EDGES, Calibration, exponential, student
from finops.timeseries.detection.memory import COUNT, CREEP, JUMP, LONG, POINT, SHORT, Memory
from finops.timeseries.detection.novelty import MOST, novelty
from finops.timeseries.detection.rhythm import of_step

DAY = 86_400.0


def test_the_tail_of_student_is_that_of_the_tables() -> None:
    tail = np.interp(2.776, EDGES, student(1.0))
    assert tail == pytest.approx(0.05, rel=0.01)


def test_a_short_past_says_less_than_a_long_one() -> None:
    random, tails = np.random.default_rng(1), []
    for points in (5, 500):
        past = Calibration(np.stack([student(1.0)]), 1, 1_000.0, 10.0)
        for value in np.abs(random.normal(size=points)):
            past.learn(np.array([[value]]), np.array([[0.5]]))
        tails.append(past.tail(np.array([[8.0]]))[0, 0])
    assert tails[1] < tails[0] / 10


def test_in_a_long_past_the_tail_is_the_share_that_was_larger() -> None:
    past, random = Calibration(np.stack([student(1.0)]), 1, 1e9, 10.0), np.random.default_rng(2)
    for value in np.abs(random.normal(size=5_000)):
        past.learn(np.array([[value]]), np.array([[0.5]]))
    assert past.tail(np.array([[1.96]]))[0, 0] == pytest.approx(0.05, abs=0.01)
    assert past.quantile(0, 0.05)[0] == pytest.approx(1.96, rel=0.1)


def test_one_incident_does_not_hide_the_next_but_what_repeats_becomes_ordinary() -> None:
    past = Calibration(np.stack([student(1.0)]), 1, 1e9, 10.0)
    for _ in range(300):
        past.learn(np.array([[0.7]]), np.array([[0.5]]))
    incident, larger, tails = np.array([[12.0]]), np.array([[14.0]]), []
    for _ in range(60):
        tails.append(past.tail(incident)[0, 0])
        past.learn(larger, past.tail(larger))
    assert tails[1] < 1e-4
    assert tails[-1] > 1e-3


def test_counts_stay_numbers_in_a_very_long_past() -> None:
    past = Calibration(np.stack([student(1.0), exponential(1.0)]), 1, 1.0, 10.0)
    for _ in range(1_000):
        past.learn(np.full((1, 2), 1.0), np.full((1, 2), 0.5))
    assert np.isfinite(past.tail(np.full((1, 2), 3.0))).all()


def test_sums_grow_on_one_side_and_begin_anew_in_an_event() -> None:
    memory = Memory(of_step(DAY), 1)
    none, event = np.zeros(1), np.ones(1)
    for _ in range(10):
        found = memory.take(np.array([-1.5]), np.array([-1.5]), none)
    assert found.shape == (1, COUNT)
    assert found[0, POINT] == -1.5
    assert (found[0, [SHORT, LONG, CREEP]] < -2).all()
    assert memory.take(np.array([-1.5]), np.array([0.0]), event)[0, CREEP] == 0
    assert np.isnan(memory.take(np.array([np.nan]), np.array([np.nan]), none)).all()


def test_one_spike_is_no_creep() -> None:
    memory = Memory(of_step(DAY), 1)
    found = memory.take(np.array([50.0]), np.array([50.0]), np.zeros(1))
    assert found[0, JUMP] == 50
    assert found[0, CREEP] < 3


def test_a_common_move_is_taken_out_and_makes_nobody_odd_who_stayed() -> None:
    frame = pd.DataFrame({"unique_id": list("abcde"), "ds": pd.Timestamp("2024-01-01")})
    z, groups = np.array([5.0, 5.0, 5.0, 9.0, 0.0]), dict.fromkeys("abcde", "team")
    assert removed(z, np.full(5, 0.1), frame, groups) == pytest.approx([0, 0, 0, 4, 0])
    assert removed(z, np.full(5, 0.1), frame, {"a": "team", "b": "team"}) == pytest.approx(z)


def test_only_values_outside_all_that_was_seen_are_new() -> None:
    y = np.array([[1.0], [3.0], [2.0], [2.5], [np.nan], [3.1], [30.0]])
    assert novelty(y, 2)[:, 0] == pytest.approx([0, 0, 0, 0, 0, 2.0, MOST])


def test_phases_of_the_week_begin_on_monday() -> None:
    monday = np.array([pd.Timestamp("2024-01-01").timestamp()])
    assert of_step(DAY).week_phase(monday)[0] == 0
    assert of_step(3_600.0).week_phase(monday + 25 * 3_600)[0] == 25
