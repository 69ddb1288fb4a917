"""The roles that are shipped for Azure and Google Cloud allow what the actions use, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from finops.rightsizing.actions.azure import ACTIONS as EVERY_AZURE
from finops.rightsizing.actions.gcp import ACTIONS as EVERY_GCP
from finops.telemetry.monitors.inventories.azure import PERMISSIONS as LISTED_OF_AZURE
from finops.telemetry.monitors.inventories.gcp import PERMISSIONS as LISTED_OF_GCP

AZURE, GCP = ([each for each in every if each.resource_types != ("account",)] for every in (EVERY_AZURE, EVERY_GCP))
FOLDER = Path(__file__).resolve().parents[4] / "deploy" / "permissions"


def _role(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return found


def _azure(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "azure" / name).read_text(encoding="utf-8"))
    return found


def _used(actions: Any, name: str) -> set[str]:
    return {permission for action in actions for permission in getattr(action, name)}


def test_acting_is_what_the_actions_change_and_nothing_more() -> None:
    assert set(_azure("act.json")["Actions"]) == _used(AZURE, "acts")
    assert set(_role("gcp/act.yaml")["includedPermissions"]) == _used(GCP, "acts")


def test_reading_is_what_actions_read_and_inventories_list_and_nothing_more() -> None:
    assert set(_azure("read.json")["Actions"]) == _used(AZURE, "reads") | LISTED_OF_AZURE
    assert set(_role("gcp/read.yaml")["includedPermissions"]) == _used(GCP, "reads") | LISTED_OF_GCP


@pytest.mark.parametrize("file", ["read", "act"])
def test_nothing_is_allowed_by_a_wildcard(file: str) -> None:
    allowed = [*_azure(f"{file}.json")["Actions"], *_role(f"gcp/{file}.yaml")["includedPermissions"]]
    assert not [each for each in allowed if "*" in each]


def test_no_machine_is_ended_or_only_powered_off_and_no_access_is_touched() -> None:
    excluded = set(_azure("act.json")["NotActions"])
    assert {
        "Microsoft.Compute/virtualMachines/delete",
        "Microsoft.Compute/virtualMachines/powerOff/action",
        "Microsoft.Authorization/*/write",
    } <= excluded
    allowed = _used(GCP, "acts")
    assert not [each for each in allowed if each.endswith(("instances.delete", "setIamPolicy", "snapshots.delete"))]
    # What a role is also granted is not taken away by its exclusions: none of them is used.
    assert not excluded & _used(AZURE, "acts")


def test_reading_changes_nothing() -> None:
    assert all(each.endswith("/read") for each in _used(AZURE, "reads"))
    assert all(each.rpartition(".")[2] in ("get", "list") for each in _used(GCP, "reads"))


def test_an_azure_role_is_assigned_where_its_owner_says() -> None:
    assert all(
        _azure(file)["AssignableScopes"] == ["/subscriptions/SUBSCRIPTION"] for file in ("read.json", "act.json")
    )


def test_what_denies_in_accounts_has_a_role_of_its_own_and_nothing_more() -> None:
    for every, others, allowed in (
        (EVERY_AZURE, AZURE, _azure("deny.json")["Actions"]),
        (EVERY_GCP, GCP, _role("gcp/deny.yaml")["includedPermissions"]),
    ):
        denying = [each for each in every if each not in others]
        assert set(allowed) == _used(denying, "reads") | _used(denying, "acts")
        assert len(denying) == 1
