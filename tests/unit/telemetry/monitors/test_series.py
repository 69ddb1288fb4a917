"""Counters become counts by the hour: resets, gaps and pieces of time neither lose nor invent anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.policy.telemetry import PrometheusCounts
from finops.telemetry.monitors.series import Points, Series, counts

DAY = 1_738_281_600
"""2025-01-31, in seconds since 1970."""

SOURCE = PrometheusCounts.model_validate(
    {
        "name": "chat",
        "kind": "inference_counts",
        "type": "prometheus",
        "url": "http://127.0.0.1:9090",
        "columns": {"provider": {"value": "aws"}, "endpoint_id": "service", "model": {"value": "atlas"}},
        "counters": {"requests": "requests_total", "successes": "requests_total"},
    }
)


def rows(*pieces: Sequence[Series], hours: int = 3) -> list[dict[str, Any]]:
    """Return what a counter becomes that is answered in these pieces of time."""

    def answer(*_: object) -> Iterator[list[Series]]:
        yield from map(list, pieces)

    [batch] = counts(SOURCE, answer, DAY, DAY + hours * 3600)
    return [dict(zip(batch, row, strict=True)) for row in zip(*batch.values(), strict=True)]


def series(*values: tuple[int, float], service: str = "chat", **labels: str) -> Series:
    """Return a series whose values are at these minutes of the day."""
    return {"service": service, **labels}, [(DAY + minute * 60, value) for minute, value in values]


def requests(*pieces: Sequence[Series]) -> list[int]:
    return [each["requests"] for each in rows(*pieces)]


def test_what_grew_between_two_values_belongs_to_the_hour_of_the_later_one() -> None:
    assert requests([series((0, 100), (60, 160), (61, 170), (120, 200))]) == [60, 40]


def test_the_value_before_the_day_is_where_counting_begins() -> None:
    assert requests([series((-10, 90), (0, 100), (1, 103))]) == [3]
    assert requests([series((-10, 90), (1, 103))]) == [13]


def test_after_a_reset_a_counter_has_begun_at_zero() -> None:
    assert requests([series((0, 100), (1, 110), (2, 4), (3, 5))]) == [15]


def test_a_gap_loses_nothing_and_counts_no_minutes() -> None:
    [first, third] = rows([series((0, 0), (1, 1), (150, 100))])
    assert (first["requests"], first["bucket_minutes"]) == (1, 1)
    assert (third["requests"], third["bucket_minutes"]) == (99, 1)


def test_a_series_that_is_new_counts_from_its_first_value() -> None:
    """It may be an old counter that nobody has asked before: its first value is no growth."""
    assert requests([series((0, 5), (1, 6)), series((1, 1_000_000), (2, 1_000_002), pod="new")]) == [3]


def test_replicas_of_an_endpoint_are_added_up_each_with_its_own_resets() -> None:
    one, other = series((0, 50), (1, 60), pod="a"), series((0, 500), (1, 2), pod="b")
    assert requests([one, other]) == [12]


@given(
    growth=st.lists(st.integers(0, 1000), min_size=2, max_size=179),
    resets=st.sets(st.integers(1, 178)),
    cuts=st.sets(st.integers(1, 178), max_size=5),
)
def test_however_the_day_is_cut_and_whenever_it_restarts_every_request_is_counted(
    growth: list[int], resets: set[int], cuts: set[int]
) -> None:
    value, points = 0, []
    for minute, grown in enumerate(growth):
        value = grown if minute in resets else value + grown
        points.append((minute, float(value)))
    # A counter that begins anew and at once is where it was looks as if it had not.
    seen = [max(0, b[1] - a[1]) if b[1] >= a[1] else b[1] for a, b in pairwise(points)]
    bounds = [0, *sorted(cuts), len(points)]
    pieces = [[series(*points[a:b])] for a, b in pairwise(bounds) if points[a:b]]
    assert sum(requests(*pieces)) == sum(seen)
    if not resets:
        assert sum(requests(*pieces)) == sum(growth[1:])


@pytest.mark.parametrize("points", [[], [(DAY - 60, 4.0)]], ids=["nothing", "only before the day"])
def test_without_a_value_of_the_day_there_is_no_row(points: Points) -> None:
    assert rows([({"service": "chat"}, points)]) == []
