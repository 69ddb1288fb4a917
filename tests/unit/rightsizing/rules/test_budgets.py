"""What budgets ask for reaches the resources of their scope that are not production, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.rightsizing.world import IDLE, RUN_DATE, known, resource

from finops.policy.rightsizing_rules import Rules
from finops.rightsizing import evaluating, judging
from finops.rightsizing.breaches import Breach, Place
from finops.rightsizing.models import Finding, ResourceType
from finops.rightsizing.read import Around
from finops.rightsizing.resource import Cost, Known, Members, Resource
from finops.rightsizing.rules import budgets

LAST = date(2025, 6, 30)
"""Ten days are left of the period, the run date's among them."""
SIZES = {"minimum": 1, "desired": 4, "maximum": 6}


def breach(action: str = "stop", **facts: Any) -> Breach:
    usual = {
        "currency": "USD",
        "budget": "product",
        "first": "2025-06-01",
        "last": LAST,
        "action": action,
        "threshold": "actual 100",
        "owner": "cc-2",
        "text": f"100 % spent is reached: {action}",
        "scope": {"cost_center": ("cc-2",)},
    }
    return Breach(**{**usual, **facts})


def of(kind: str = "machine", monthly: int = 730, **facts: Any) -> Resource:
    return resource(kind, monthly, **{"owner": "cc-2", "environment": "dev", **facts})


def told(*breaches: Breach, **facts: Any) -> Known:
    return known(breaches=breaches, **facts)


def found(one: Resource, *breaches: Breach, **facts: Any) -> Finding | None:
    return budgets.budget_breach(one, told(*breaches, **facts))


def change(finding: Finding | None) -> tuple[str, dict[str, Any]]:
    assert finding is not None
    assert finding.change is not None
    return finding.change.action, dict(finding.change.parameters)


def test_a_running_machine_of_the_scope_is_stopped_and_saves_its_days_that_are_left() -> None:
    stop = found(of(), breach())
    assert stop is not None
    assert change(stop) == ("stop_machine", {})
    # 24 a day for ten days.
    assert round(stop.monthly_saving, 6) == 240
    assert "Budget product from 2025-06-01: 100 % spent is reached: stop." in stop.evidence
    assert "for the 10 days until 2025-06-30 saves 240.00 USD" in stop.evidence
    assert stop.facts["budgets"][0]["threshold"] == "actual 100"
    assert "finops rightsizing rollback" in stop.note


@pytest.mark.parametrize(
    "facts",
    [
        {"environment": "prod"},
        {"environment": "prod-eu"},
        {"environment": ""},
        {"owner": "cc-1"},
        {"owner": ""},
        {"currency": "EUR"},
        {"state": "stopped"},
    ],
)
def test_production_what_has_no_environment_and_what_is_out_of_scope_is_left_alone(facts: dict[str, Any]) -> None:
    if "currency" in facts:
        assert found(replace(of(), **facts), breach()) is None
    else:
        assert found(of(**facts), breach()) is None


def test_which_environments_may_be_touched_is_configured() -> None:
    rules = Rules.model_validate({"budgets": {"non_production": ["Batch"]}})
    assert found(of(environment="batch"), breach(), rules=rules) is not None
    assert found(of(environment="dev"), breach(), rules=rules) is None


def test_every_dimension_that_the_inventory_tells_has_to_match() -> None:
    scope = {"provider": ("aws",), "ai_project": ("atlas", "(none)"), "region_id": ("us-east-1",)}
    assert found(of(project="atlas"), breach(scope=scope)) is not None
    assert found(of(project=""), breach(scope=scope)) is not None, "what has no project is among them"
    assert found(of(project="apollo"), breach(scope=scope)) is None
    assert found(of(), breach(scope={"sub_account_id": ("999",)})) is None


def test_a_dimension_that_the_inventory_does_not_tell_is_decided_by_a_person_and_not_guessed() -> None:
    unknown = breach(scope={"cost_center": ("cc-2",), "service_name": ("EC2",)})
    assert found(of(), unknown) is None
    [decision] = budgets.of_budgets([unknown], [], told(unknown))
    assert decision.change is None
    assert "does not tell service_name of a resource" in decision.note


def test_a_row_of_an_older_release_without_its_scope_is_a_decision() -> None:
    old = breach(scope=None, last=None)
    assert found(of(), old) is None
    [decision] = budgets.of_budgets([old], [], told(old))
    assert "its scope is not published yet" in decision.note


def test_a_scaling_group_goes_to_its_minimum_and_stays_there() -> None:
    group = of("group", 730, details=SIZES, state="active")
    throttle = found(group, breach("throttle"))
    assert throttle is not None
    assert change(throttle) == ("scale_group", {"minimum": 1, "maximum": 1, "desired": 1})
    assert round(throttle.monthly_saving, 6) == 180, "three of four machines"
    google = replace(group, target=replace(group.target, provider="gcp"), details={**SIZES, "minimum": 0})
    assert change(found(google, breach("throttle")))[1] == {"minimum": 0, "maximum": 1, "desired": 0}


def test_what_is_at_its_minimum_or_of_unknown_size_is_left_alone() -> None:
    for details in ({**SIZES, "desired": 1}, {}, {"desired": 3}):
        assert found(of("group", details=details), breach("throttle")) is None
        assert found(of("endpoint", details=details), breach("throttle")) is None


@pytest.mark.parametrize("provider", ["aws", "azure", "gcp"])
def test_an_endpoint_goes_to_its_minimum(provider: str) -> None:
    endpoint = of("endpoint", details={**SIZES, "variant": "blue"})
    asked = found(replace(endpoint, target=replace(endpoint.target, provider=provider)), breach("throttle"))
    assert change(asked) == ("scale_endpoint", {"variant": "blue", "minimum": 1, "maximum": 1})


def test_a_group_is_what_its_billed_machines_are_of_and_costs_what_they_do() -> None:
    group = of("group", 0, details=SIZES, owner="", environment="", resource_id="asg-1")
    machines = [of().dimensions, of(project="atlas").dimensions]
    cost = Cost(14, effective=Decimal(24 * 14), committed=Decimal(0))
    members = {("aws", "asg-1"): Members(cost, tuple(machines))}
    throttle = found(group, breach("throttle"), members=members)
    assert throttle is not None
    assert round(throttle.monthly_saving, 6) == 180
    for other in ({"environment": "prod"}, {"environment": ""}, {"owner": "cc-1"}):
        mixed = {("aws", "asg-1"): Members(cost, (*machines, of(**other).dimensions))}
        assert found(group, breach("throttle"), members=mixed) is None
    tagged = replace(group, environment="prod", owner="cc-2")
    assert found(tagged, breach("throttle"), members=members) is None, "the group itself says production"


def test_two_budgets_that_want_the_same_are_one_finding_until_the_last_has_ended() -> None:
    both = found(of(), breach(), breach(budget="all", last=date(2025, 9, 30), scope={}))
    assert both is not None
    assert [each["budget"] for each in both.facts["budgets"]] == ["product", "all"]
    assert both.facts["days_left"] == 102
    assert both.monthly_saving == both.monthly_cost, "of a month, not more than a month"


def judged(one: Resource, *breaches: Breach, **facts: Any) -> dict[str, tuple[Finding, str]]:
    around = told(*breaches, **facts)
    return {each.rule: (each, why) for each, why in evaluating.everything([one], around, Around())}


def test_what_is_protected_or_loses_data_is_refused_as_ever() -> None:
    assert "protected" in judged(of(tags={"protect": "true"}), breach())["budget_breach"][1]
    assert "local disk" in judged(of(has_local_disk=True), breach())["budget_breach"][1]
    assert "member of the scaling group" in judged(of(group_id="asg-1"), breach())["budget_breach"][1]


def test_a_rule_that_is_off_asks_nothing_of_anything() -> None:
    rules = Rules.model_validate({"off": ["budget_breach"]})
    assert judged(of(), breach(), breach("approval"), rules=rules) == {}


def test_waste_comes_first_and_a_budget_saves_only_what_that_leaves() -> None:
    idle = judged(of(instance_type="p3.2xlarge", usage=IDLE), breach())
    assert idle["idle_gpu"][1] == ""
    assert round(idle["idle_gpu"][0].monthly_saving, 6) == 730
    assert idle["budget_breach"] == (idle["budget_breach"][0], "idle_gpu of the same resource does it already")
    long = judged(of(), breach(last=date(2025, 12, 31)))["budget_breach"]
    assert (round(long[0].monthly_saving, 6), long[1]) == (730, "")


def place(account: str = "111122223333", provider: str = "aws", count: int = 3, **facts: Any) -> Place:
    kind = facts.pop("kind", "machine")
    own = of(**facts).dimensions
    return Place(ResourceType(kind), "USD", {**own, "provider": provider, "sub_account_id": account}, count)


def test_what_nobody_says_the_environment_of_is_told_and_counted() -> None:
    untagged = place(environment="", count=7)
    [decision] = budgets.of_budgets([breach()], [untagged, place()], told(breach()))
    assert "7 resources of its scope have no environment" in decision.note
    assert not list(budgets.of_budgets([breach()], [place()], told(breach())))
    assert not list(budgets.of_budgets([breach("throttle")], [untagged], told())), "of machines throttle asks nothing"


def test_an_approval_is_a_decision_as_before() -> None:
    [decision] = budgets.of_budgets([breach("approval")], [], told())
    assert decision.key == "budget_breach::product 2025-06-01 approval"
    assert (decision.change, decision.owner, decision.monthly_saving) == (None, "cc-2", 0)


STATEMENT = {"Sid": "Deny", "Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*"}
RULE = {"if": {"field": "type", "equals": "x"}, "then": {"effect": "deny"}}
QUOTA = {"service": "compute.googleapis.com", "quotaId": "GPUS", "quotaConfig": {"preferredValue": "0"}}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "aws": {"document": {"Version": "2012-10-17", "Statement": [STATEMENT]}, "not_expressed": []},
    "azure": {"document": {"properties": {"policyRule": RULE}}, "not_expressed": []},
    "gcp": {"document": [QUOTA], "not_expressed": []},
}


def denied(*breaches: Breach, places: list[Place], **facts: Any) -> dict[str, Finding]:
    return {each.key: each for each in budgets.of_budgets(breaches, places, told(*breaches, **facts))}


def test_each_account_with_resources_of_the_scope_is_denied_by_its_clouds_own_means() -> None:
    places = [place(), place("sub", "azure"), place("prj", "gcp"), place("999", owner="cc-1")]
    rules = Rules.model_validate({"budgets": {"quota_contact": "ana@example.com"}})
    made = denied(breach("deny", documents=DOCUMENTS), places=places, rules=rules)
    assert set(made) == {"budget_breach:aws:111122223333", "budget_breach:azure:sub", "budget_breach:gcp:prj"}
    assert change(made["budget_breach:aws:111122223333"]) == (
        "attach_policy",
        {"policy": "finops-budgets-111122223333", "document": DOCUMENTS["aws"]["document"]},
    )
    assert change(made["budget_breach:azure:sub"]) == ("assign_policy", {"policy": "finops-budgets", "rule": RULE})
    assert change(made["budget_breach:gcp:prj"]) == (
        "limit_quota",
        {"service": "compute.googleapis.com", "quota": "GPUS", "value": 0, "contact": "ana@example.com"},
    )


def test_named_accounts_are_denied_though_nothing_of_the_scope_is_there_yet() -> None:
    scope = {"provider": ("aws",), "sub_account_id": ("777",)}
    only = breach("deny", scope=scope, documents={"aws": DOCUMENTS["aws"]})
    assert set(denied(only, places=[place()])) == {"budget_breach:aws:777"}


def test_a_document_that_would_deny_too_much_is_decided_by_a_person_with_the_reason() -> None:
    wide = {"gcp": {**DOCUMENTS["gcp"], "not_expressed": ["cost_center"]}}
    [decision] = denied(breach("deny", documents=wide), places=[place("prj", "gcp")]).values()
    assert decision.change is None
    assert decision.note == "on gcp it would deny more than the budget covers: cost_center"


def test_without_somebody_whom_google_may_ask_the_quota_is_left_to_a_person() -> None:
    [decision] = denied(breach("deny", documents={"gcp": DOCUMENTS["gcp"]}), places=[place("prj", "gcp")]).values()
    assert decision.change is None
    assert "quota_contact" in decision.note


def test_two_budgets_deny_an_account_by_one_policy_with_both_their_statements() -> None:
    two = [breach("deny", documents=DOCUMENTS, budget=name) for name in ("one", "two")]
    made = denied(*two, places=[place(), place("sub", "azure")])
    statements = change(made["budget_breach:aws:111122223333"])[1]["document"]["Statement"]
    assert [each["Sid"] for each in statements] == ["Deny", "Deny1"]
    assert change(made["budget_breach:azure:sub"])[1]["rule"]["if"] == {"anyOf": [RULE["if"], RULE["if"]]}
    assert [each["budget"] for each in made["budget_breach:aws:111122223333"].facts["budgets"]] == ["one", "two"]


def test_a_period_acts_while_it_runs_and_new_work_may_be_held_back_before() -> None:
    assert breach().runs_on(RUN_DATE)
    assert not breach(last=date(2025, 6, 20)).runs_on(RUN_DATE)
    assert not breach(first="2025-07-01", last=date(2025, 7, 31)).runs_on(RUN_DATE)
    assert breach("approval", first="2025-07-01", last=date(2025, 7, 31)).runs_on(RUN_DATE)


def test_what_a_budget_stops_leaves_the_floor_of_commitments_as_it_is() -> None:
    stop = found(of(), breach())
    assert stop is not None
    assert judging.savings_of([(stop, "")]) == {}
