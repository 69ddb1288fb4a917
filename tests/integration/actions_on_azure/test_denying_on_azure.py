"""A policy is assigned under a name of its own, and nothing that others made is touched."""

from __future__ import annotations

from typing import Any

import pytest
from azure_cases import RULE
from cloud_steps import Refused, World, apply

from finops.rightsizing.models import Change

pytestmark = pytest.mark.integration
KIND = "Microsoft.Authorization/policyDefinitions"


def asked(world: World, **facts: Any) -> Change:
    return world.change("assign_policy", world.has("account", **facts), policy="finops-budgets", rule=RULE)


def theirs(world: World, change: Change, name: str, **properties: Any) -> None:
    """Have a definition or assignment of somebody else."""
    kind = "policyAssignments" if "policyDefinitionId" in properties else "policyDefinitions"
    ident = f"/subscriptions/{change.target.resource_id}/providers/Microsoft.Authorization/{kind}/{name}"
    world.cloud.rules.policies[ident.lower()] = {"id": ident, "properties": properties}  # type: ignore[attr-defined]


def test_a_definition_of_the_name_that_somebody_else_has_made_is_left_alone(world: World) -> None:
    change = asked(world)
    theirs(world, change, "finops-budgets", policyRule=RULE, metadata={"createdBy": "ana"})
    with pytest.raises(Refused, match="is not made here"):
        apply(world, change)
    assert not world.effects()


def test_a_definition_that_somebody_has_assigned_elsewhere_is_unassigned_and_not_deleted(world: World) -> None:
    change = asked(world)
    done = apply(world, change)
    definition = f"/subscriptions/{change.target.resource_id}/providers/{KIND}/finops-budgets"
    theirs(world, change, "theirs", policyDefinitionId=definition)
    world.effects()
    assert done.undo is not None
    assert apply(world, done.undo).steps == ("unassign",)
    assert world.live(change).facts["is_defined"]


def test_a_second_budget_changes_the_rule_and_its_undoing_gives_the_first_one_back(world: World) -> None:
    change = asked(world)
    apply(world, change)
    wider = {"if": {"anyOf": [RULE["if"], {"field": "name", "like": "x*"}]}, "then": {"effect": "deny"}}
    done = apply(world, world.change("assign_policy", change.target.resource_id, policy="finops-budgets", rule=wider))
    assert (done.steps, done.after.facts["rule"]) == (("define",), wider)
    assert done.undo is not None
    assert apply(world, done.undo).after.facts["rule"] == RULE


def test_a_subscription_that_is_not_in_use_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="the subscription is Disabled"):
        apply(world, asked(world, state="Disabled"))


def test_the_tags_of_the_subscription_are_read_for_the_allow_list(world: World) -> None:
    assert world.live(asked(world, tags={"environment": "test"})).tags == {"environment": "test"}
