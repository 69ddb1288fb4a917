"""A service control policy is attached only where it has an effect, and nothing that others made is touched."""

from __future__ import annotations

from typing import Any

import pytest
from action_steps import ACCOUNT, BY_NAME, REGION, Refused, World, apply, change, undo
from aws_cases import DENY

from finops.rightsizing.clients import AwsAccount
from finops.rightsizing.models import Change
from finops.stores.state import actions

pytestmark = pytest.mark.integration
NAME = "finops-budgets-of-a-test"
WIDER = {**DENY, "Statement": [*DENY["Statement"], {"Sid": "More", "Effect": "Deny", "Action": "x:*", "Resource": "*"}]}


@pytest.fixture
def organizations(world: World) -> Any:
    """AWS Organizations, as its owner reaches it."""
    world.has("account", resource_id=ACCOUNT)
    return world.account.client("organizations", REGION)


def asked(account: str, policy: str, document: dict[str, Any] = DENY) -> Change:
    return change("attach_policy", account, policy=policy, document=document)


def policies(organizations: Any) -> dict[str, str]:
    found = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    return {each["Name"]: each["Id"] for each in found}


def make(organizations: Any, name: str) -> str:
    content = {"Name": name, "Content": '{"Statement": []}', "Description": "", "Type": "SERVICE_CONTROL_POLICY"}
    return str(organizations.create_policy(**content)["Policy"]["PolicySummary"]["Id"])


def test_the_management_account_which_no_policy_holds_for_is_refused(world: World, organizations: Any) -> None:
    with pytest.raises(Refused, match="management account"):
        apply(world, asked(ACCOUNT, f"{NAME}-1"))


def test_a_policy_of_the_name_that_somebody_else_has_made_is_left_alone(world: World, organizations: Any) -> None:
    account = world.has("account")
    make(organizations, f"{NAME}-2")
    world.aws.calls()
    with pytest.raises(Refused, match="is not made here"):
        apply(world, asked(account, f"{NAME}-2"))
    assert not world.effects()


def test_an_account_with_as_many_policies_as_it_may_have_is_refused(world: World, organizations: Any) -> None:
    account = world.has("account")
    for number in range(4):
        organizations.attach_policy(PolicyId=make(organizations, f"other-{number}"), TargetId=account)
    with pytest.raises(Refused, match="5 of 5 service control policies"):
        apply(world, asked(account, f"{NAME}-3"))


def test_undone_it_is_deleted_and_what_others_attached_stays(world: World, organizations: Any) -> None:
    account = world.has("account")
    theirs = make(organizations, "theirs")
    organizations.attach_policy(PolicyId=theirs, TargetId=account)
    done = apply(world, asked(account, f"{NAME}-4"))
    assert f"{NAME}-4" in policies(organizations)
    undo(world, done)
    assert f"{NAME}-4" not in policies(organizations)
    left = organizations.list_policies_for_target(TargetId=account, Filter="SERVICE_CONTROL_POLICY")["Policies"]
    assert {each["Name"] for each in left} == {"FullAWSAccess", "theirs"}


def test_what_somebody_has_attached_elsewhere_is_detached_and_not_deleted(world: World, organizations: Any) -> None:
    account, other = world.has("account"), world.has("account")
    done = apply(world, asked(account, f"{NAME}-5"))
    organizations.attach_policy(PolicyId=policies(organizations)[f"{NAME}-5"], TargetId=other)
    world.aws.calls()
    assert undo(world, done).action.status == actions.APPLIED
    assert world.effects() == {"organizations:DetachPolicy": 1}
    assert f"{NAME}-5" in policies(organizations)


def test_a_second_budget_changes_the_policy_and_its_rollback_gives_the_first_one_back(
    world: World, organizations: Any
) -> None:
    account = world.has("account")
    first = apply(world, asked(account, f"{NAME}-6"))
    wider = apply(world, asked(account, f"{NAME}-6", WIDER))
    assert (first.steps, wider.steps) == (("create", "attach"), ("update",))
    assert wider.after.facts["document"] == WIDER
    undo(world, wider)
    assert world.live(first.asked).facts["document"] == DENY
    assert BY_NAME["attach_policy"].next_step(world.live(first.asked), first.asked) is None


def test_where_policies_are_not_enabled_it_is_refused(world: World, organizations: Any) -> None:
    account, root = world.has("account"), organizations.list_roots()["Roots"][0]["Id"]
    kind = {"RootId": root, "PolicyType": "SERVICE_CONTROL_POLICY"}
    organizations.disable_policy_type(**kind)
    try:
        with pytest.raises(Refused, match="not enabled in its organization"):
            apply(world, asked(account, f"{NAME}-7"))
    finally:
        organizations.enable_policy_type(**kind)


def test_the_organization_is_asked_through_the_account_that_is_configured_for_it(world: World) -> None:
    member = world.has("account")
    through = AwsAccount(None, organization=lambda: world.account)
    live = BY_NAME["attach_policy"].observe(through, asked(member, f"{NAME}-8"))
    assert (live.exists, live.facts["is_management"]) == (True, False)
