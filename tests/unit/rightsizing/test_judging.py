"""Of a resource's findings one counts; what forbids a change, or how seldom it was seen, decides its status."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.rightsizing.world import IDLE, RUN_DATE, known, resource, usage

from finops.policy.rightsizing_rules import Rules
from finops.rightsizing import evaluating, judging
from finops.rightsizing.breaches import Breach
from finops.rightsizing.judging import Judged, Status
from finops.rightsizing.models import Finding
from finops.rightsizing.read import Around
from finops.rightsizing.resource import Asked, Cost, Expected, Known, Resource, Runs, Stored

YESTERDAY = date(2025, 6, 20)


def judge(
    one: Resource, seen: judging.Seen | None = None, suppressed: dict[str, str] | None = None, **facts: Any
) -> dict[str, Judged]:
    """Return what becomes of a resource's findings, by rule."""
    around = known(**facts)
    found = evaluating.of_resources([one], around)
    before = {f"idle_gpu:aws:{one.target.resource_id}": (YESTERDAY, 1)} if seen is None else seen
    judged = judging.statuses(found, before, suppressed or {}, RUN_DATE, around.rules.consecutive_findings)
    return {each.finding.rule: each for each in judged}


def test_what_was_found_often_enough_in_a_row_is_proposed_and_else_waits() -> None:
    idle = resource(instance_type="p3.2xlarge", usage=IDLE)
    twice = judge(idle)["idle_gpu"]
    assert (twice.status, twice.reason, twice.first_seen, twice.times_seen) == (Status.PROPOSED, "", YESTERDAY, 2)
    once = judge(idle, seen={})["idle_gpu"]
    assert (once.status, once.reason) == (Status.WAITING, "found 1 of 2 times in a row")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"tags": {"Protect": "true"}}, "protected by the tag"),
        ({"group_id": "asg-1"}, "member of the scaling group asg-1"),
        ({"has_local_disk": True}, "local disk"),
        ({"is_spot": True}, "a spot machine"),
        ({"covered": 1}, "a commitment covers all of it"),
    ],
)
def test_what_must_not_be_stopped_is_refused_by_name(facts: dict[str, Any], reason: str) -> None:
    found = judge(resource(instance_type="p3.2xlarge", usage=IDLE, **facts))["idle_gpu"]
    assert found.status is Status.REFUSED
    assert reason in found.reason


def test_a_local_disk_that_its_owner_calls_scratch_may_be_lost() -> None:
    facts = {"has_local_disk": True, "tags": {"finops-local-disk": "scratch"}}
    found = judge(resource(instance_type="p3.2xlarge", usage=IDLE, **facts))["idle_gpu"]
    assert found.status is Status.PROPOSED


def test_a_suppressed_finding_says_by_whom_and_why() -> None:
    said = {"idle_gpu:aws:i-1": "kept for a demo until 2025-07-01 (ada)"}
    found = judge(resource(instance_type="p3.2xlarge", usage=IDLE), suppressed=said)["idle_gpu"]
    assert (found.status, found.reason) == (Status.SUPPRESSED, said["idle_gpu:aws:i-1"])


def test_of_two_findings_of_a_machine_the_one_that_saves_more_counts_and_the_other_says_what_it_would() -> None:
    night = {**IDLE, "cpu_utilization": usage(1.0, 2.0, night_average=0.5)}
    tagged = resource(instance_type="p3.2xlarge", usage=night, tags={"schedule": "office-hours"})
    found = judge(tagged)
    assert (found["idle_gpu"].status, round(found["idle_gpu"].finding.monthly_saving)) == (Status.PROPOSED, 1000)
    lost = found["off_hours"]
    assert (lost.status, lost.finding.monthly_saving) == (Status.REFUSED, 0)
    assert lost.reason == "idle_gpu of the same resource saves more"
    assert "alone it would save 642.86 USD a month" in lost.finding.note


def test_a_refused_finding_does_not_take_the_place_of_one_that_can_be_done() -> None:
    facts = {"instance_type": "m5.4xlarge", "stage": "training", "model": "atlas", "group_id": "asg-1"}
    calm = {"cpu_utilization": usage(1, 2), "memory_utilization": usage(1)}
    one = resource(usage=calm, **facts)
    hourly = known(runs={("aws", "i-1"): Runs(3, 1.0)})
    found = {each.rule: (each, why) for each, why in evaluating.of_resources([one], hourly)}
    assert "scaling group" in found["oversized_machine"][1]
    spot, refused = found["spot_candidate"]
    assert (refused, round(spot.monthly_saving)) == ("", 400)


def test_what_no_action_of_the_cloud_does_is_left_to_a_person() -> None:
    """Otherwise it would be proposed each day and never planned."""
    asleep = {"cpu_utilization": usage(20, 60, night_average=1.0)}
    facts = {"instance_type": "m5.large", "tags": {"schedule": "office-hours"}, "usage": asleep}
    one = resource(**facts)
    by_cloud = {cloud: judge(replace(one, target=replace(one.target, provider=cloud))) for cloud in ("azure", "gcp")}
    decided = by_cloud["azure"]["off_hours"]
    assert (decided.status, decided.finding.change) == (Status.DECISION, None)
    assert decided.finding.note == "no action does it on azure: do it by hand"
    scheduled = by_cloud["gcp"]["off_hours"].finding.change
    assert scheduled is not None
    assert scheduled.action == "schedule_machine"


def test_machines_of_one_group_are_one_finding_of_the_group() -> None:
    facts = {"instance_type": "m5.4xlarge", "stage": "training", "model": "atlas", "group_id": "asg-1"}
    members = [resource(resource_id=f"i-{number}", **facts) for number in range(3)]
    hourly = known(runs={("aws", f"i-{number}"): Runs(3, 1.0) for number in range(3)})
    [(found, refused)] = evaluating.everything(members, hourly, Around())
    assert (found.target.resource_id, found.resource_type, refused) == ("asg-1", "group", "")
    assert (round(found.monthly_cost), round(found.monthly_saving)) == (3000, 1200)
    assert found.facts["members"] == ["i-0", "i-1", "i-2"]


def test_a_rule_that_is_off_finds_nothing() -> None:
    off = Rules.model_validate({"off": ["idle_gpu"]})
    assert "idle_gpu" not in judge(resource(instance_type="p3.2xlarge", usage=IDLE), rules=off)


metrics = st.sampled_from(
    ["gpu_utilization", "gpu_memory_utilization", "cpu_utilization", "memory_utilization", "network_bytes_per_second"]
)
measured = st.builds(
    lambda low, p95, top, night, idle: usage(
        low, max(low, p95), max(low, p95, top), night_average=night, idle_hours=idle
    ),
    *[st.floats(0, 100)] * 4,
    st.floats(0, 300),
)
things = st.builds(
    lambda kind, cost, covered, **facts: resource(kind, cost, covered=covered, **facts),
    kind=st.sampled_from(["machine", "disk", "snapshot", "address", "load_balancer", "notebook", "endpoint", "bucket"]),
    cost=st.integers(0, 100_000),
    covered=st.sampled_from([0, 0.3, 1]),
    usage=st.dictionaries(metrics, measured),
    instance_type=st.sampled_from(["", "m5.4xlarge", "p3.2xlarge", "p3.8xlarge", "g5.xlarge"]),
    state=st.sampled_from(["", "running", "available", "in_use"]),
    size_gb=st.sampled_from([None, 100.0, 2000.0]),
    last_used=st.sampled_from([None, date(2025, 1, 1)]),
    created=st.sampled_from([None, date(2025, 1, 1)]),
    tags=st.sampled_from([{}, {"schedule": "office-hours"}, {"protect": "yes"}]),
    details=st.sampled_from(
        [
            {},
            {"volume_type": "gp2", "minimum": 1, "desired": 6, "incomplete_upload_bytes": 2**40},
            {"minimum": 6, "desired": 6},
        ]
    ),
    group_id=st.sampled_from(["", "asg-1"]),
    stage=st.sampled_from(["", "training", "evaluation"]),
    model=st.sampled_from(["", "atlas"]),
    environment=st.sampled_from(["", "dev", "prod"]),
)


def everything_known() -> Known:
    return known(
        runs={("aws", "i-1"): Runs(3, 1.0)},
        unused={("aws", "USD"): Decimal(1)},
        stored={("aws", "i-1"): Stored(9, 10.0, Decimal(700), 3, Decimal(800))},
        asked={("aws", "i-1"): Asked(14, 90_000)},
        expected={("aws", "i-1"): Expected(date(2025, 6, 21), tuple(range(168)), tuple(range(168)))},
        work={
            ("aws", "atlas", "USD", "p3.2xlarge", "epoch"): Decimal(9),
            ("aws", "atlas", "USD", "g5.xlarge", "epoch"): Decimal(2),
        },
        breaches=[
            Breach("USD", "all", "2025-06-01", date(2025, month, 30), action, "actual 100", "", "it is used up", {})
            for action, month in (("stop", 6), ("throttle", 9))
        ],
    )


@settings(max_examples=300, deadline=None)
@given(things)
def test_all_savings_of_a_resource_together_are_never_more_than_it_costs_without_commitments(one: Resource) -> None:
    found = [each for each, _ in evaluating.of_resources([one], everything_known())]
    left = one.cost.monthly * (1 - one.cost.covered)
    assert sum((each.monthly_saving for each in found), Decimal(0)) <= left + Decimal("1e-9")
    assert all(0 <= each.monthly_saving <= each.monthly_cost for each in found)


@settings(max_examples=200, deadline=None)
@given(things)
def test_what_is_not_measured_is_never_called_idle_or_too_large(one: Resource) -> None:
    bare = Resource(
        one.target,
        one.type,
        one.currency,
        Cost(14, one.cost.effective),
        instance_type=one.instance_type,
        state="running",
    )
    found: list[Finding] = [each for each, _ in evaluating.of_resources([bare], known())]
    assert found == []
