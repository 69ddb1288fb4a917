"""Spot, schedules, and work that may move to other hours."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.unit.rightsizing.world import action, known, resource, saving, usage

from finops.rightsizing.resource import Cost, Known, Runs
from finops.rightsizing.rules import times


def of_runs(*facts: Any) -> Known:
    return known(runs={("aws", "i-1"): Runs(*facts)}, spot_discounts={("aws", "USD"): Decimal("0.6")})


def test_work_with_fresh_checkpoints_goes_to_a_diverse_spot_group() -> None:
    facts = {"instance_type": "m5.4xlarge", "stage": "training", "model": "atlas"}
    in_group = times.spot_candidate(resource(group_id="asg-1", **facts), of_runs(3, 1.0))
    name, parameters = action(in_group)
    assert (name, saving(in_group)) == ("use_spot", 480)
    assert len(parameters["instance_types"]) >= 3
    assert in_group is not None
    assert in_group.change is not None
    assert in_group.change.target.resource_id == "asg-1"
    alone = times.spot_candidate(resource(**facts), of_runs(3, 1.0))
    assert (saving(alone), alone and alone.change) == (480, None)
    assert times.spot_candidate(resource(**facts, is_spot=True), of_runs(3, 1.0)) is None


def test_what_an_interruption_would_cost_is_told_and_is_by_the_runs_of_the_machine() -> None:
    trains = resource(instance_type="m5.4xlarge", stage="training")
    found = times.spot_candidate(trains, of_runs(3, 2.0))
    assert found is not None
    # 1,000 a month of 730 hours.
    assert (
        "Its 3 training runs went at most 2.0 hours without a checkpoint: an interruption costs at most that, 2.74 USD"
        in found.evidence
    )
    assert (found.facts["runs"], found.facts["cost_at_risk"]) == (3, "2.74")
    assert times.spot_candidate(trains, of_runs(3, 4.1)) is None, "one of them wrote too seldom"
    assert times.spot_candidate(trains, of_runs(1, 1.0, False)) is None, "it has written none yet"
    assert times.spot_candidate(trains, known()) is None, "no run is known"


def test_a_machine_with_a_schedule_stops_in_the_hours_in_which_it_is_idle() -> None:
    tagged = {"instance_type": "m5.large", "tags": {"schedule": "office-hours"}}
    sleeps = {"cpu_utilization": usage(20, 60, night_average=1.0)}
    found = times.off_hours(resource(usage=sleeps, **tagged), known())
    # 60 of 168 hours remain.
    assert saving(found) == Decimal("642.86")
    assert action(found)[1]["stop_at"] == "19:00"
    works = {"cpu_utilization": usage(20, 60, night_average=30.0)}
    assert times.off_hours(resource(usage=works, **tagged), known()) is None
    assert times.off_hours(resource(usage=sleeps, instance_type="m5.large"), known()) is None
    stopped = Cost(14, Decimal(460), Decimal(0), Decimal(0), Decimal(120))
    by_day = {"cpu_utilization": usage(20, 60, night_average=1.0, minutes=120 * 60)}
    assert times.off_hours(resource(usage=by_day, cost=stopped, **tagged), known()) is None


def test_batch_work_by_day_may_move_to_where_commitments_lie_unused() -> None:
    by_day = {"cpu_utilization": usage(40, 80, night_average=2.0)}
    facts = {"instance_type": "m5.large", "stage": "evaluation", "usage": by_day}
    unused = known(unused={("aws", "USD"): Decimal("0.25")})
    assert saving(times.off_peak_shift(resource(**facts), unused)) == 250
    assert times.off_peak_shift(resource(**facts), known()) is None
