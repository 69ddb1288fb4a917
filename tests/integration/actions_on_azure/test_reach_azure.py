"""What ``finops doctor`` finds out by reads of what is not there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from cloud_steps import World

from finops.policy.rightsizing import RightsizingPolicy
from finops.rightsizing.reach import reach

pytestmark = pytest.mark.integration


def test_a_login_that_may_read_is_told_so_and_nothing_is_changed(world: World) -> None:
    account = {"id": world.target.account, "provider": world.target.provider}
    policy = RightsizingPolicy.model_validate({"accounts": [account]})
    clients: Any = SimpleNamespace(**dict.fromkeys(("aws", "azure", "gcp"), lambda _: world.client))
    assert reach(policy, policy.accounts[0], clients) == "5 permissions are there"
    assert not world.effects()


def test_where_a_budget_denies_its_permissions_are_tried_too(world: World) -> None:
    account = {"id": world.has("account"), "provider": "azure"}
    policy = RightsizingPolicy.model_validate({"accounts": [account]})
    clients: Any = SimpleNamespace(azure=lambda _: world.client, aws=None, gcp=None)
    assert reach(policy, policy.accounts[0], clients, denies=True) == "8 permissions are there"
    assert not world.effects()
