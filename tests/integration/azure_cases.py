"""Every action on Azure, with a resource that it is done to."""

from __future__ import annotations

from typing import Any

from cloud_steps import Case

COMPUTE = "Microsoft.Compute"
ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
LOGS: dict[str, Any] = {
    "enabled": True,
    "name": "logs",
    "type": "Lifecycle",
    "definition": {
        "actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 7.0}}},
        "filters": {"blobTypes": ["blockBlob"], "prefixMatch": ["logs/"]},
    },
}
RULES = [{"id": "stale", "prefix": "checkpoints/", "archive_after_days": 30, "delete_after_days": 90}]
RULE = {"if": {"field": "type", "equals": f"{COMPUTE}/virtualMachines"}, "then": {"effect": "deny"}}
DISK = {
    "sku": {"name": "Premium_LRS"},
    "zones": ["1"],
    "tags": {"owner": "ana"},
    "properties": {"diskState": "Unattached", "diskSizeGB": 512},
}
SET = {"sku": {"name": "Standard_D4s_v5", "tier": "Standard", "capacity": 4}}
BUCKET = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "policy": [LOGS]}
DEALLOCATED = {"power": "deallocated"}
RESIZE = tuple(f"{COMPUTE}/virtualMachines/{each}" for each in ("deallocate/action", "write", "start/action"))

CASES = (
    Case("stop_machine", "machine", state="deallocated", changes=RESIZE[:1]),
    Case("start_machine", "machine", DEALLOCATED, state="running", changes=RESIZE[2:]),
    Case(
        "resize_machine",
        "machine",
        {},
        {"instance_type": "Standard_D4s_v5", "from_type": "Standard_D8s_v5"},
        state="running",
        facts={"instance_type": "Standard_D4s_v5"},
        changes=RESIZE,
    ),
    Case(
        "change_volume",
        "disk",
        DISK,
        {"volume_type": "StandardSSD_LRS", "from_type": "Premium_LRS"},
        state="Unattached",
        facts={"volume_type": "StandardSSD_LRS"},
        changes=(f"{COMPUTE}/disks/write",),
    ),
    Case("delete_volume", "disk", DISK, changes=(f"{COMPUTE}/snapshots/write", f"{COMPUTE}/disks/delete")),
    Case(
        "scale_group",
        "group",
        SET,
        {"minimum": 0, "maximum": 2, "desired": 1},
        facts={"desired": 1, "instance_type": "Standard_D4s_v5"},
        changes=(f"{COMPUTE}/virtualMachineScaleSets/write",),
    ),
    Case(
        "scale_endpoint",
        "endpoint",
        {"tags": {"team": "chat"}},
        {"variant": "chat/blue", "minimum": 1, "maximum": 4},
        state="succeeded",
        facts={"desired": 1, "instance_type": "Standard_NC4as_T4_v3"},
        changes=(f"{ENDPOINTS}/deployments/write",),
    ),
    Case(
        "scale_endpoint",
        "endpoint",
        {"bounds": ((4, 8, 4),)},
        {"variant": "chat/blue", "minimum": 1, "maximum": 3},
        state="succeeded",
        facts={"minimum": 1, "maximum": 3, "default": 3, "desired": 3},
        changes=("Microsoft.Insights/autoscaleSettings/write", f"{ENDPOINTS}/deployments/write"),
    ),
    Case(
        "set_lifecycle",
        "bucket",
        BUCKET,
        {"rules": RULES},
        changes=("Microsoft.Storage/storageAccounts/managementPolicies/write",),
    ),
    Case(
        "assign_policy",
        "account",
        {"tags": {"environment": "test"}},
        {"policy": "finops-budgets", "rule": RULE},
        state="Enabled",
        facts={"is_assigned": True, "rule": RULE},
        changes=("Microsoft.Authorization/policyDefinitions/write", "Microsoft.Authorization/policyAssignments/write"),
    ),
    Case(
        "tag",
        "machine",
        {"tags": {"Team": "a"}},
        {"tags": {"owner": "ana"}},
        changes=("Microsoft.Resources/tags/write",),
    ),
)
