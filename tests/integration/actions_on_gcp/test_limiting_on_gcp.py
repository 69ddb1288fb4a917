"""A limit of requests on a security policy of Cloud Armor opens nothing, and leaves every other rule."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from cloud_steps import Refused, World, apply, same
from servers.gcp_armor import DEFAULT

from finops.rightsizing.actions.gcp.limit_requests import RULE

pytestmark = pytest.mark.integration

UPDATE = "compute.securityPolicies.update"
DENY = {"priority": 1000, "action": "deny(403)", "description": "no scanners"}
LAST = {"priority": DEFAULT - 1, "action": "deny(404)", "description": "nothing below /old"}


def limit(world: World, policy: str, requests: int = 500) -> Any:
    return world.change("limit_requests", policy, web_acl=policy, limit_per_5_minutes=requests)


def rules(world: World, policy: str) -> list[tuple[int, str]]:
    found = world.cloud.armor.policies[policy.rpartition("/")[2]]["rules"]  # type: ignore[attr-defined]
    return [(each["priority"], each["description"]) for each in found]


def test_it_stands_after_all_other_rules_is_changed_in_its_place_and_is_taken_away(world: World) -> None:
    """Cloud Armor asks no rule after one that has let a request pass."""
    policy = world.has("policy", rules=[DENY, LAST])
    done = apply(world, limit(world, policy))
    world.settled(limit(world, policy))
    ours = (DEFAULT - 2, RULE)
    others = [(1000, "no scanners"), (DEFAULT - 1, "nothing below /old"), (DEFAULT, "default rule")]
    assert rules(world, policy) == sorted([ours, *others])
    lower = apply(world, limit(world, policy, 100))
    assert lower.undo is not None
    assert lower.undo.parameters["limit_per_5_minutes"] == 500
    assert done.undo is not None
    apply(world, done.undo)
    world.settled(limit(world, policy))
    assert rules(world, policy) == others
    assert world.effects() == Counter({UPDATE: 3})


@pytest.mark.parametrize(
    ("facts", "asked", "reason"),
    [
        ({"default": "deny(403)"}, 500, "would let in what that keeps out"),
        ({"type": "CLOUD_ARMOR_EDGE"}, 500, "of type CLOUD_ARMOR_EDGE limits no requests"),
        ({}, 20_000, "the limit 20000 is not 1 to 10000"),
    ],
)
def test_a_policy_that_a_limit_would_open_or_cannot_have_is_refused(
    world: World, facts: dict[str, Any], asked: int, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        apply(world, limit(world, world.has("policy", **facts), asked))


def test_a_policy_that_is_gone_or_no_policy_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="gone since the plan"):
        apply(world, limit(world, f"{world.has('policy')}-gone"))
    with pytest.raises(Refused, match="'main' is no projects/P/global/securityPolicies/NAME"):
        apply(world, limit(world, "main"))


@pytest.mark.parametrize("seed", range(10))
def test_whatever_fails_the_limit_is_there_once_and_goes_again(world: World, seed: int) -> None:
    policy = world.has("policy", rules=[DENY])
    asked = limit(world, policy)
    before = world.live(asked)
    world.cloud.fail(seed=seed, rate=Random(seed).choice((0.1, 0.3, 0.5)))
    done = apply(world, asked)
    world.cloud.fail()
    assert world.settled(asked).facts["limit"] == 500
    assert world.effects() == Counter({UPDATE: 1})
    assert done.undo is not None
    apply(world, done.undo)
    assert same(world.settled(asked)) == same(before)
