"""What ``finops doctor`` finds out of an account of AWS: the permissions that are missing, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from action_steps import ACCOUNT, REGION, World
from aws_cases import MACHINE

from finops.core.errors import BadInput, FinopsError
from finops.policy.rightsizing import RightsizingPolicy
from finops.rightsizing.reach import reach

pytestmark = pytest.mark.integration

OPEN = {"finops-actions": "allow"}


class Clients:
    """The stand-in's account, whatever is asked for."""

    def __init__(self, world: World) -> None:
        self.aws = self.azure = self.gcp = lambda _: world.account


@pytest.fixture
def opened(world: World) -> Iterator[World]:
    """An account with a machine, a volume and an address that are open to actions."""
    world.has("machine", **MACHINE | {"tags": {**OPEN, "run": uuid4().hex}})
    world.has("disk", size_gb=10, details={"volume_type": "gp3"}, tags=OPEN)
    world.has("snapshot", tags=OPEN)
    world.has("address", tags=OPEN)
    world.aws.calls()
    yield world
    world.aws.fail()


def tried(world: World, region: str = REGION, *, denies: bool = False) -> str:
    account = {"id": ACCOUNT, "provider": "aws", "regions": [region]}
    policy = RightsizingPolicy.model_validate({"accounts": [account]})
    return reach(policy, policy.accounts[0], Clients(world), denies=denies)


def test_an_account_with_every_permission_is_told_so_and_nothing_in_it_is_changed(opened: World) -> None:
    assert tried(opened) == "27 permissions are there"
    assert not opened.effects()


@pytest.mark.parametrize(
    "permission", ["ec2:DescribeVolumes", "tag:GetResources", "autoscaling:DescribeAutoScalingGroups"]
)
def test_a_missing_permission_to_read_is_named_with_its_file(opened: World, permission: str) -> None:
    opened.aws.fail({"permission": permission, "kind": "denied"})
    with pytest.raises(BadInput, match=rf"lacks {permission} \(deploy/permissions/aws/read.json gives it\)"):
        tried(opened)


def test_missing_permissions_to_act_are_named_together(opened: World) -> None:
    missing = ("ec2:StopInstances", "ec2:ModifyVolume")
    opened.aws.fail(*({"permission": each, "kind": "denied"} for each in missing))
    with pytest.raises(BadInput, match=r"lacks ec2:StopInstances, ec2:ModifyVolume \(deploy/permissions/aws/act.json"):
        tried(opened)
    assert not opened.effects()


def test_a_cloud_that_throttles_is_no_missing_permission(opened: World) -> None:
    opened.aws.fail({"permission": "ec2:DescribeTags", "kind": "throttle"})
    with pytest.raises(FinopsError, match="RequestLimitExceeded") as caught:
        tried(opened)
    assert "lacks" not in str(caught.value)


def test_where_nothing_is_open_to_actions_changes_are_not_tried_and_this_is_said(world: World) -> None:
    assert tried(world, "eu-west-3") == (
        "19 permissions are there; changes are not tried of machine, volume, snapshot, address: "
        "none has the tag finops-actions: allow"
    )
    assert not world.effects()


def test_where_a_budget_denies_the_permission_of_the_organization_is_named(world: World) -> None:
    world.has("account")
    world.aws.fail({"permission": "organizations:ListRoots", "kind": "denied"})
    with pytest.raises(BadInput, match=r"lacks organizations:ListRoots \(deploy/permissions/aws/deny.json gives it\)"):
        tried(world, "eu-west-3", denies=True)
    world.aws.fail()
    assert tried(world, "eu-west-3", denies=True).startswith("26 permissions are there")
    assert not world.effects()
