"""What a policy proposes at a breach is recorded with documents that a person can apply, and nothing is applied."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from tests.unit.budgets.world import charges, publish, settings

from finops.budgets import documents, proposals, service
from finops.policy.budgets import Line
from finops.policy.budgets.calendar import Per

TAGS = {"cost_center": "cost-center", "ai_project": "ai-project"}
BUDGET = """
tree:
  - id: red
    currency: USD
    from: 2025-01
    to: 2025-12
    amount: 100
    scope: {cost_center: cc-1, sub_account_id: "123", service_name: EC2}
    actions: [{do: deny}, {do: approval, when: forecast 100}, {do: stop, when: probability 80}]
"""


def proposed(folder: Path, per_day: int, days: int = 42) -> list[proposals.Proposal]:
    where = settings(folder, BUDGET)
    publish(where, charges("2025-01-01", days, per_day, sub_account_id="123"))
    return list(proposals.of_all(service.evaluate_all(where).evaluations, TAGS))


def test_actions_are_proposed_where_their_thresholds_are_reached_the_mildest_first(tmp_path: Path) -> None:
    assert [each.rule.action.value for each in proposed(tmp_path, 6)] == ["approval", "stop"]
    (tmp_path / "more").mkdir()
    assert [each.rule.action.value for each in proposed(tmp_path / "more", 60)] == ["approval", "stop", "deny"]


def test_nothing_is_proposed_where_all_is_well_or_the_period_has_ended(tmp_path: Path) -> None:
    assert proposed(tmp_path, 1) == []
    (tmp_path / "ended").mkdir()
    found = proposed(tmp_path / "ended", 60, days=31)
    assert {each.evaluation.span.first for each in found} == {date(2025, 2, 1)}


def test_what_would_deny_is_a_document_for_each_cloud_and_says_what_it_cannot_express(tmp_path: Path) -> None:
    *_, deny = proposed(tmp_path, 60)
    found = json.loads(deny.documents)
    [instances, jobs] = found["aws"]["document"]["Statement"]
    assert {instances["Effect"], jobs["Effect"]} == {"Deny"}
    assert instances["Condition"]["StringEquals"] == {
        "aws:RequestTag/cost-center": ["cc-1"],
        "aws:PrincipalAccount": ["123"],
    }
    rule = found["azure"]["document"]["properties"]["policyRule"]
    assert rule["then"] == {"effect": "deny"}
    assert {"field": "tags['cost-center']", "in": ["cc-1"]} in rule["if"]["allOf"]
    [quota] = found["gcp"]["document"]
    assert quota["name"].startswith("projects/123/")
    assert quota["quotaConfig"] == {"preferredValue": "0"}
    assert found["aws"]["not_expressed"] == ["service_name"]
    assert found["gcp"]["not_expressed"] == ["cost_center", "service_name"]


def test_a_document_names_no_tag_that_what_is_covered_does_not_have() -> None:
    scope = (("provider", ("aws",)), ("ai_project", ("(none)", "atlas")))
    line = Line("red", "red", "", 0, scope, "USD", Per.MONTH, None, {}, date(2025, 1, 1), date(2025, 12, 31))
    [(cloud, found)] = documents.of_line(line, TAGS).items()
    assert (cloud, found["not_expressed"]) == ("aws", ["ai_project"])
    assert "ai-project" not in json.dumps(found["document"])
