"""Endpoints that keep more machines at some hours than the requests that are expected then need."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.unit.rightsizing.world import RUN_DATE, action, known, resource, saving, usage

from finops.rightsizing.resource import Asked, Expected, Known, Resource
from finops.rightsizing.rules.scaling import scheduled_scaling

FOUR = {"minimum": 4, "instances": 4, "maximum": 6, "variant": "blue"}
BY_DAY = tuple(350.0 if 8 <= hour % 24 < 20 and hour < 120 else 80.0 for hour in range(168))
"""On workdays from 8 to 20 o'clock more is expected: four instances' work, and one's."""


def endpoint(**facts: Any) -> Resource:
    """Return an endpoint of four instances, which 100 requests an hour use to 17.5 %: one does 100 at 70 %."""
    return resource("endpoint", **{"usage": {"gpu_utilization": usage(17.5)}, "details": FOUR, **facts})


def expecting(lower: tuple[float, ...], upper: tuple[float, ...] | None = None, **facts: Any) -> Known:
    """Return what is known where 100 requests an hour were counted, and these are expected."""
    wanted = Expected(RUN_DATE, lower, upper or lower)
    return known(**{"asked": {("aws", "i-1"): Asked(14, 14 * 24 * 100)}, "expected": {("aws", "i-1"): wanted}, **facts})


def test_an_endpoint_gets_bounds_by_the_hour_from_the_requests_that_are_expected() -> None:
    found = scheduled_scaling(endpoint(), expecting(BY_DAY))
    workdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    # It rises an hour early, at an even hour.
    changes = [
        {"days": workdays, "at": "06:00", "minimum": 4, "maximum": 4},
        {"days": workdays, "at": "20:00", "minimum": 1, "maximum": 1},
    ]
    assert action(found) == ("schedule_endpoint", {"variant": "blue", "changes": changes})
    # 98 of 168 hours have three of four instances less.
    assert saving(found) == Decimal("437.5"), "1,000 x 98 x 3 / (168 x 4)"
    assert found is not None
    assert found.facts["requests_per_instance_hour"] == 100
    assert (found.facts["scale_out_at"], found.facts["scale_in_at"]) == (70, 35)


def test_the_least_is_for_what_80_percent_expect_and_the_most_for_what_95_percent_do() -> None:
    found = scheduled_scaling(endpoint(), expecting(BY_DAY, tuple(1.5 * each for each in BY_DAY)))
    assert found is not None
    bounds = {(each["minimum"], each["maximum"]) for each in found.facts["changes"]}
    assert bounds == {(4, 6), (1, 2)}, "350 to 525 requests, and 80 to 120; the team's own most is kept"
    assert saving(found) == Decimal("291.67"), "only what even the most is below saves"


def test_nothing_is_proposed_where_all_instances_are_needed_or_scaling_may_go_lower_already() -> None:
    flat = tuple(350.0 for _ in range(168))
    assert scheduled_scaling(endpoint(), expecting(flat)) is None
    assert scheduled_scaling(endpoint(details={**FOUR, "minimum": 1}), expecting(BY_DAY)) is None


def test_nothing_is_said_without_a_forecast_or_without_knowing_what_one_instance_does() -> None:
    assert scheduled_scaling(endpoint(), expecting(BY_DAY, expected={})) is None
    assert scheduled_scaling(endpoint(), expecting(BY_DAY, asked={})) is None
    assert scheduled_scaling(endpoint(), expecting(BY_DAY, asked={("aws", "i-1"): Asked(9, 21_600)})) is None
    assert scheduled_scaling(endpoint(usage={}), expecting(BY_DAY)) is None
    assert scheduled_scaling(endpoint(details={}), expecting(BY_DAY)) is None
    assert scheduled_scaling(resource("machine"), expecting(BY_DAY)) is None
