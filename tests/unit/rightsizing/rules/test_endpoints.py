"""Endpoints that nobody asks, and those that are too large."""

from __future__ import annotations

from datetime import date

from tests.unit.rightsizing.world import action, known, resource, saving, usage

from finops.rightsizing.resource import Asked
from finops.rightsizing.rules import endpoints


def test_an_endpoint_without_requests_is_idle_and_one_that_nobody_counted_is_not() -> None:
    none = known(asked={("aws", "i-1"): Asked(14, 0, 0, {})})
    assert saving(endpoints.idle_endpoint(resource("endpoint"), none)) == 1000
    assert endpoints.idle_endpoint(resource("endpoint"), known()) is None
    few = known(asked={("aws", "i-1"): Asked(14, 3, 1, {})})
    assert endpoints.idle_endpoint(resource("endpoint"), few) is None
    unused = resource("endpoint", last_used=date(2025, 5, 1))
    assert saving(endpoints.idle_endpoint(unused, known())) == 1000
    assert endpoints.idle_endpoint(unused, few) is None
    some_days = known(asked={("aws", "i-1"): Asked(9, 0, 0, {})})
    assert endpoints.idle_endpoint(resource("endpoint"), some_days) is None


def test_an_endpoint_keeps_as_many_instances_as_its_busiest_hours_need() -> None:
    details = {"minimum": 8, "instances": 8, "maximum": 10, "variant": "blue"}
    low = {"cpu_utilization": usage(10, 20, 30)}
    found = endpoints.oversized_endpoint(resource("endpoint", usage=low, details=details), known())
    # 8 instances at 30 % are 3.4 at 70 %.
    assert action(found) == ("scale_endpoint", {"variant": "blue", "minimum": 4, "maximum": 10})
    assert saving(found) == 500
    scaled = {**details, "minimum": 3}
    assert endpoints.oversized_endpoint(resource("endpoint", usage=low, details=scaled), known()) is None
    high = {"cpu_utilization": usage(10, 20, 65)}
    assert endpoints.oversized_endpoint(resource("endpoint", usage=high, details=details), known()) is None


def test_an_endpoint_that_sleeps_at_night_gets_a_schedule_of_least_and_most_by_hour() -> None:
    weekdays = {0: 900.0, 1: 1000.0, 2: 500.0, 3: 1000.0, 4: 800.0, 5: 10.0, 6: 10.0}
    asked = known(asked={("aws", "i-1"): Asked(14, 8440, 1000, weekdays)})
    details = {"minimum": 6, "desired": 6, "maximum": 6}
    sleepy = {"cpu_utilization": usage(40, 60, 70, night_average=4.0)}
    found = endpoints.scheduled_scaling(resource("endpoint", usage=sleepy, details=details), asked)
    assert found is not None
    assert (found.facts["by_day"], found.facts["at_night"]) == (6, 1)
    by_day = [each["minimum"] for each in found.facts["schedule"] if each["from"] == "07:00"]
    assert by_day == [6, 6, 3, 6, 5, 1, 1]
    awake = {"cpu_utilization": usage(40, 60, 70, night_average=40.0)}
    assert endpoints.scheduled_scaling(resource("endpoint", usage=awake, details=details), asked) is None
