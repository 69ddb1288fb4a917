"""What rules take for possible is what the clouds' packages have."""

from __future__ import annotations

from finops.rightsizing.actions import available, registry


def test_rules_know_every_action_that_a_cloud_has_and_no_other() -> None:
    there = {(each.provider, each.name) for each in registry.every()}
    assert {(str(cloud), name) for cloud, names in available.AVAILABLE.items() for name in names} == there


def test_a_vendor_without_actions_has_none() -> None:
    assert not available.has("openai", "stop_machine")
