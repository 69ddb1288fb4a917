"""A quota is limited by the one preference that a project has of it, and gets back what it was."""

from __future__ import annotations

from typing import Any

import pytest
from cloud_steps import Refused, World, apply
from gcp_cases import LIMIT

from finops.rightsizing.actions.model import Busy
from finops.rightsizing.models import Change

pytestmark = pytest.mark.integration


def asked(world: World, **facts: Any) -> Change:
    return world.change("limit_quota", world.has("account", **facts), **LIMIT)


def test_without_a_preference_one_is_made_and_undone_the_quota_is_what_it_was(world: World) -> None:
    change = asked(world, quota=8)
    done = apply(world, change)
    assert done.after.facts["preference"].endswith("quotaPreferences/finops-budgets-gpus")
    assert done.after.facts["quota"] == 0
    assert done.undo is not None
    assert apply(world, done.undo).after.facts["quota"] == 8


def test_the_preference_of_somebody_else_is_changed_and_given_back(world: World) -> None:
    change = asked(world, preferred=24)
    done = apply(world, change)
    assert done.after.facts["preference"].endswith("quotaPreferences/somebodys")
    assert done.undo is not None
    assert apply(world, done.undo).after.facts["preferred"] == 24


def test_a_preference_that_somebody_changes_meanwhile_is_read_again(world: World) -> None:
    change = asked(world, preferred=24)
    live = world.live(change)
    world.cloud.limits.has(change.target.resource_id, preferred=2)  # type: ignore[attr-defined]
    with pytest.raises(Busy, match="somebody else is changing it, or has"):
        world.actions["limit_quota"].perform(world.client, "prefer", live, change, "token")
    assert apply(world, change).after.facts["preferred"] == 0


def test_a_project_that_is_going_and_a_quota_that_is_unknown_are_refused(world: World) -> None:
    with pytest.raises(Refused, match="the project is DELETE_REQUESTED"):
        apply(world, asked(world, state="DELETE_REQUESTED"))
    other = world.change("limit_quota", world.has("account"), **{**LIMIT, "quota": "NO-SUCH"})
    with pytest.raises(Refused, match="no quota NO-SUCH of the whole project"):
        apply(world, other)
