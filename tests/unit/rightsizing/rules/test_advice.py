"""What a provider recommends is told beside our finding; alone it is a decision, at most at what the resource costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.rightsizing.test_judging import things
from tests.unit.rightsizing.world import IDLE, RUN_DATE, known, resource, usage

from finops.policy.rightsizing_rules import Rules
from finops.rightsizing import evaluating, judging
from finops.rightsizing.judging import Judged, Status
from finops.rightsizing.models import Advice, Finding, ResourceType
from finops.rightsizing.read import Around
from finops.rightsizing.resource import Resource

SIX_RUNS = 6


def advice(action: str = "resize", saving: str | None = "300", **facts: Any) -> Advice:
    """Return what AWS recommends for i-1, a machine m5.4xlarge unless it is said."""
    usual: dict[str, Any] = {
        "provider": "aws",
        "recommendation": "r-1",
        "by": "compute_optimizer",
        "action": action,
        "resource_id": "i-1",
        "resource_type": ResourceType.MACHINE,
        "account": "111122223333",
        "region": "us-east-1",
        "current_type": "m5.4xlarge",
        "wanted_type": "m5.2xlarge" if action == "resize" else "",
        "title": "Change it",
        "saving": None if saving is None else Decimal(saving),
        "currency": "USD",
    }
    return Advice(**{**usual, **facts})


def judged(one: Resource, *given: Advice, **facts: Any) -> dict[str, Judged]:
    """Return what becomes of a resource's findings, by rule, when they were found often enough."""
    around = known(advice={("aws", one.target.resource_id): list(given)}, **facts)
    found = list(evaluating.of_resources([one], around))
    before = {each.key: (RUN_DATE, SIX_RUNS) for each, _ in found}
    made = judging.statuses(found, before, {}, RUN_DATE, around.rules.consecutive_findings)
    return {each.finding.rule: each for each in made}


LARGE = {"instance_type": "m5.4xlarge", "usage": {"cpu_utilization": usage(5, 12), "memory_utilization": usage(20)}}
BUSY = {"instance_type": "m5.4xlarge", "usage": {"cpu_utilization": usage(60, 90), "memory_utilization": usage(80)}}


def says(found: Judged) -> tuple[str, str, Decimal | None]:
    return found.finding.provider_says, found.finding.provider_advice, found.finding.provider_saving


def test_the_same_change_agrees_whatever_the_provider_counts_that_it_saves() -> None:
    found = judged(resource(**LARGE), advice(wanted_type="m5.xlarge"))
    assert set(found) == {"oversized_machine"}
    one = found["oversized_machine"]
    assert says(one) == (
        "agrees",
        "Compute Optimizer: Change it, saving 300.00 USD a month by its count",
        Decimal(300),
    )
    assert (one.status, round(one.finding.monthly_saving)) == (Status.PROPOSED, 750), "ours stays as it is"


@pytest.mark.parametrize("other", [advice("stop"), advice(wanted_type="m6g.xlarge")])
def test_another_change_differs_and_ours_stays(other: Advice) -> None:
    one = judged(resource(**LARGE), other)["oversized_machine"]
    assert says(one)[0] == "differs"
    assert one.status is Status.PROPOSED


def test_to_stop_and_to_delete_is_the_same_of_what_is_idle_and_the_larger_saving_is_told() -> None:
    facts = {"current_type": "p3.2xlarge"}
    idle = resource(instance_type="p3.2xlarge", usage=IDLE)
    one = judged(idle, advice("delete", "900", **facts), advice("stop", "800", recommendation="r-2", **facts))
    assert says(one["idle_gpu"])[0::2] == ("agrees", Decimal(900))


def test_what_only_the_provider_recommends_is_a_decision_at_what_is_really_paid() -> None:
    one = judged(resource(**BUSY, monthly=400), advice(saving="560"))["provider_recommendation"]
    assert (one.status, one.finding.change) == (Status.DECISION, None)
    # At list prices it would save half of 1,120: more than the machine costs. It saves half of what is paid.
    assert round(one.finding.monthly_saving, 6) == 200
    assert says(one)[0::2] == ("recommends", Decimal(560))
    assert one.finding.evidence.startswith("Compute Optimizer: Change it, saving 560.00 USD a month by its count.")


def test_what_the_provider_counts_is_the_most_that_is_believed() -> None:
    one = judged(resource(**BUSY), advice("stop", "120"))["provider_recommendation"]
    assert round(one.finding.monthly_saving, 6) == 120


def test_what_a_disk_saves_is_less_the_snapshot_that_is_made_before() -> None:
    given = advice("delete", "1000", resource_type=ResourceType.DISK, current_type="")
    one = judged(resource("disk", last_used=RUN_DATE), given)["provider_recommendation"]
    assert (round(one.finding.monthly_saving, 6), one.finding.risk) == (500, "high")


@pytest.mark.parametrize(
    ("given", "saving"),
    [
        (advice(wanted_type="m9.unknown", saving=None, share=Decimal("0.2")), 200),
        (advice(wanted_type="m9.unknown", saving="300", currency="EUR", share=Decimal("0.2")), 200),
        (advice("other", "300"), 300),
        (advice("other", "3000"), 1000),
    ],
)
def test_without_prices_the_providers_percent_or_amount_counts_and_never_more_than_the_cost(
    given: Advice, saving: int
) -> None:
    one = judged(resource(**BUSY), given)["provider_recommendation"]
    assert round(one.finding.monthly_saving, 6) == saving


@pytest.mark.parametrize(
    "given",
    [
        advice("other", saving=None),
        advice("other", "300", currency="EUR"),
        advice("other", "2"),
        advice(current_type="m5.8xlarge"),
    ],
)
def test_what_saves_nothing_that_is_known_or_is_of_a_machine_as_it_was_is_no_finding(given: Advice) -> None:
    assert judged(resource(**BUSY), given) == {}


def test_a_commitment_leaves_nothing_to_save_until_it_ends() -> None:
    """The provider knows list prices; the bill knows that the machine is paid for anyway."""
    one = judged(resource(**BUSY, covered=1), advice())["provider_recommendation"]
    assert (one.status, one.finding.monthly_saving) == (Status.REFUSED, 0)
    assert "a commitment covers all of it" in one.reason
    half = judged(resource(**BUSY, covered="0.5"), advice())["provider_recommendation"].finding
    assert round(half.monthly_saving, 6) == 150
    assert "covers 50 % of its cost, which saves nothing until that ends" in half.note


def test_a_protected_resource_is_left_alone_whoever_recommends_otherwise() -> None:
    one = judged(resource(**BUSY, tags={"protect": "true"}), advice())["provider_recommendation"]
    assert (one.status, one.reason) == (Status.REFUSED, "protected by the tag protect")


def test_the_rule_can_be_switched_off_and_opinions_stay() -> None:
    off = Rules.model_validate({"off": ["provider_recommendation"]})
    assert judged(resource(**BUSY), advice(), rules=off) == {}
    assert says(judged(resource(**LARGE), advice(), rules=off)["oversized_machine"])[0] == "differs"


def everything(*resources: Resource, **facts: Any) -> Sequence[Finding]:
    around = Around(**facts)
    return [each for each, _ in evaluating.everything(resources, known(), around)]


def test_what_no_inventory_lists_is_found_by_its_bill() -> None:
    database = replace(resource(resource_id="arn:db"), type=ResourceType.OTHER, usage={})
    given = advice(resource_id="arn:db", resource_type=ResourceType.OTHER, current_type="", wanted_type="")
    around = Around(unlisted=[database])
    [(found, refused)] = evaluating.everything([], known(advice={("aws", "arn:db"): [given]}), around)
    assert (found.rule, found.resource_type, refused) == ("provider_recommendation", "other", "")
    assert round(found.monthly_saving, 6) == 300


def test_commitments_that_a_provider_recommends_stand_beside_ours_and_alone_save_nothing_that_is_known() -> None:
    plans = [advice("commitment", amount, recommendation=amount) for amount in ("90", "120")]
    to_commit = {("aws", "USD"): plans, ("azure", "USD"): plans[:1]}
    ours, theirs = everything(floors={("aws", "USD"): (28, Decimal(100))}, to_commit=to_commit)
    assert (ours.rule, ours.provider_says, ours.provider_saving) == ("buy_commitment", "agrees", 120)
    assert (theirs.rule, theirs.target.provider, theirs.monthly_saving) == ("provider_recommendation", "azure", 0)
    assert theirs.provider_saving == 90


@settings(max_examples=200, deadline=None)
@given(things, st.lists(st.sampled_from(["stop", "resize", "delete", "change_volume", "other"]), max_size=3))
def test_whatever_is_recommended_savings_are_never_more_than_the_cost(one: Resource, actions: list[str]) -> None:
    given = [
        advice(each, "5000", recommendation=str(number), current_type="", share=Decimal(2))
        for number, each in enumerate(actions)
    ]
    found = [each for each, _ in evaluating.of_resources([one], known(advice={("aws", "i-1"): given}))]
    left = one.cost.monthly * (1 - one.cost.covered)
    assert sum((each.monthly_saving for each in found), Decimal(0)) <= left + Decimal("1e-9")
    assert all(0 <= each.monthly_saving <= each.monthly_cost for each in found)
