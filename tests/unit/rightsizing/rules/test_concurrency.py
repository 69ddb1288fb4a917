"""Serverless endpoints that keep more ready than is asked of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.unit.rightsizing.world import action, known, resource, saving, usage

from finops.rightsizing.models import Finding
from finops.rightsizing.resource import Resource, Usage
from finops.rightsizing.rules.concurrency import oversized_concurrency


def endpoint(used: Usage | None = None, provisioned: str = "0.6", **details: Any) -> Resource:
    """Return one that costs 1,000 a month, of which so much is for 10 that it keeps ready."""
    given = {"variant": "blue", "concurrency": 10, "max_concurrency": 20, **details}
    measured = {"concurrency_utilization": used or usage(8, 15, 20)}
    made = resource("endpoint", usage=measured, details=given)
    return replace(made, cost=replace(made.cost, provisioned=made.cost.effective * Decimal(provisioned)))


def found(of: Resource) -> Finding | None:
    return oversized_concurrency(of, known())


def test_as_much_is_kept_ready_as_the_busiest_hours_need_with_headroom() -> None:
    # 10 at 20 % are 2.9 at 70 %.
    assert action(found(endpoint())) == (
        "set_concurrency",
        {"variant": "blue", "concurrency": 3, "from_concurrency": 10},
    )
    assert found(endpoint(usage(40, 60, 68))) is None


def test_only_what_is_paid_to_keep_it_ready_is_saved() -> None:
    assert saving(found(endpoint())) == 420
    assert saving(found(endpoint(provisioned="0.1"))) == 70
    assert found(endpoint(provisioned="0")) is None


def test_one_that_nobody_uses_is_brought_down_to_one_and_a_person_takes_the_last() -> None:
    brought_down = found(endpoint(usage(0)))
    assert action(brought_down)[1]["concurrency"] == 1
    assert saving(brought_down) == 540
    last = found(endpoint(usage(0), concurrency=1))
    assert last is not None
    assert (last.change, saving(last)) == (None, 600)
    assert found(endpoint(usage(0.1, 1, 2), concurrency=1)) is None


def test_a_rare_request_keeps_one_ready() -> None:
    rare = found(endpoint(replace(usage(0), maximum=10)))
    assert action(rare)[1]["concurrency"] == 1
    assert rare is not None
    assert "1 does at 70 %" in rare.evidence


def test_what_scaling_lowers_itself_is_left_alone_and_its_least_is_for_a_person_to_lower() -> None:
    assert found(endpoint(minimum_concurrency=3)) is None
    kept = found(endpoint(minimum_concurrency=8))
    assert kept is not None
    assert (kept.change, kept.note) == (None, "its scaling keeps at least 8: lower that to 3")
    assert saving(kept) == 420


def test_what_was_not_measured_or_is_not_known_is_not_judged() -> None:
    assert found(endpoint(usage(8, 15, 20, minutes=600))) is None
    assert found(endpoint(concurrency=None)) is None
    assert found(endpoint(concurrency=0)) is None
    assert oversized_concurrency(replace(endpoint(), usage={}), known()) is None
