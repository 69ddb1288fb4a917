"""A subscription of Azure with an inventory, as a source asks it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from azure.core.credentials import AccessToken
from servers.azure_lists import SUBSCRIPTION, TOKEN, AzureLists
from telemetry_steps import TODAY, landed

from finops.core.settings import Settings
from finops.pipelines import telemetry as pipeline
from finops.policy.telemetry import TelemetrySource

NOW = TODAY + timedelta(minutes=1)
DAY = TODAY.date()
MACHINES, DISKS = "Microsoft.Compute/virtualMachines", "Microsoft.Compute/disks"
SNAPSHOTS, SETS = "Microsoft.Compute/snapshots", "Microsoft.Compute/virtualMachineScaleSets"
ADDRESSES, BALANCERS = "Microsoft.Network/publicIPAddresses", "Microsoft.Network/loadBalancers"
ACCOUNTS = "Microsoft.Storage/storageAccounts"


class Credential:
    """A credential of azure-identity's."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def get_token(self, *_scopes: str, **_: Any) -> AccessToken:
        if self.error:
            raise self.error
        return AccessToken(TOKEN, 2**40)


def source_of(server: AzureLists, **more: Any) -> dict[str, Any]:
    head = {"name": "azure", "kind": "resource_inventory", "type": "azure_inventory", "url": server.url}
    return head | {"subscriptions": [SUBSCRIPTION]} | more


def land(settings: Settings, credential: Credential | None = None) -> list[str]:
    return pipeline.land(settings, "azure", client_for=lambda _: credential or Credential())


def rows_of(settings: Settings, source: TelemetrySource, kind: str) -> dict[str, dict[str, Any]]:
    rows = [each for each in landed(settings, source, DAY) if each["resource_type"] == kind]
    parsed = [each | {name: json.loads(each[name]) for name in ("tags", "details")} for each in rows]
    return {each["resource_id"].rpartition("/")[2]: each for each in parsed}


def machine(size: str = "Standard_D8s_v5", **more: Any) -> dict[str, Any]:
    return {"hardwareProfile": {"vmSize": size}, "timeCreated": "2025-01-31T10:00:00.1234567+00:00"} | more
