"""Endpoints that nobody asks, and those that are too large."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.unit.rightsizing.world import action, known, resource, saving, usage

from finops.rightsizing.resource import Asked
from finops.rightsizing.rules import endpoints


def test_an_endpoint_without_requests_is_idle_and_one_that_nobody_counted_is_not() -> None:
    none = known(asked={("aws", "i-1"): Asked(14, 0)})
    assert saving(endpoints.idle_endpoint(resource("endpoint"), none)) == 1000
    assert endpoints.idle_endpoint(resource("endpoint"), known()) is None
    few = known(asked={("aws", "i-1"): Asked(14, 3)})
    assert endpoints.idle_endpoint(resource("endpoint"), few) is None
    unused = resource("endpoint", last_used=date(2025, 5, 1))
    assert saving(endpoints.idle_endpoint(unused, known())) == 1000
    assert endpoints.idle_endpoint(unused, few) is None
    some_days = known(asked={("aws", "i-1"): Asked(9, 0)})
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


def test_what_is_deployed_has_to_be_known_where_it_has_no_usual_name() -> None:
    """Azure and Google Cloud would refuse the action: a person looks which deployment it is."""
    low = {"cpu_utilization": usage(10, 20, 30)}
    unnamed = resource("endpoint", usage=low, details={"minimum": 8, "instances": 8, "maximum": 10})
    assert action(endpoints.oversized_endpoint(unnamed, known()))[1]["variant"] == "AllTraffic"
    elsewhere = replace(unnamed, target=replace(unnamed.target, provider="azure"))
    found = endpoints.oversized_endpoint(elsewhere, known())
    assert found is not None
    assert found.change is None
    named = replace(elsewhere, details={**elsewhere.details, "variant": "chat/blue"})
    assert action(endpoints.oversized_endpoint(named, known()))[1]["variant"] == "chat/blue"
