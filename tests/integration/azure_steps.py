"""Azure for the tests of actions: its clients, and the resources that are in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from azure.core.credentials import AccessToken
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.storage import StorageManagementClient
from cloud_steps import World, by_name
from servers.azure_compute import LOCATION, SUBSCRIPTION, AzureCompute, azure_compute_server

from finops.rightsizing.actions.azure import ACTIONS
from finops.rightsizing.models import Target

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-Vision-prod/providers"
MACHINES = f"{GROUP}/Microsoft.Compute/virtualMachines"
_KINDS = {
    "machine": "Microsoft.Compute/virtualMachines",
    "disk": "Microsoft.Compute/disks",
    "group": "Microsoft.Compute/virtualMachineScaleSets",
    "bucket": "Microsoft.Storage/storageAccounts",
}


class _Login:
    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("azure-token", 2**40)


def make(cloud: AzureCompute, kind: str, /, **facts: Any) -> str:
    """Have a resource. What is not said is as Azure makes it."""
    if kind == "account":
        subscription = str(uuid4())
        cloud.rules.subscriptions[subscription] = {"subscriptionId": subscription, "state": "Enabled", **facts}
        return subscription
    if kind == "endpoint":
        return _endpoint(cloud, **facts)
    resource_id = facts.pop("resource_id", None) or f"{GROUP}/{_KINDS[kind]}/x{uuid4().hex[:12]}"
    properties = dict(facts.pop("properties", {}))
    if kind == "machine":
        properties = {
            "hardwareProfile": {"vmSize": facts.pop("size", "Standard_D8s_v5")},
            "storageProfile": {"osDisk": {"name": "os"}, "dataDisks": [{"lun": 0}]},
            "networkProfile": {"networkInterfaces": [{"id": "nic"}]},
            **properties,
        }
    if kind == "disk":
        properties = {"uniqueId": str(uuid4()), **properties}
    cloud.has(_KINDS[kind], resource_id, properties, **facts)
    return resource_id


def _endpoint(
    cloud: AzureCompute,
    instances: int = 4,
    bounds: tuple[tuple[int, int, int], ...] = (),
    properties: dict[str, Any] | None = None,
    **facts: Any,
) -> str:
    """Have a workspace whose endpoint ``chat`` has a deployment ``blue``; return the workspace's id.

    ``bounds`` are the fewest, the most and the usual number of each profile of its autoscale setting.
    """
    workspace = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/x{uuid4().hex[:12]}"
    cloud.serving.has(workspace, {}, **facts)
    endpoint = cloud.serving.has(f"{workspace}/onlineEndpoints/chat", {"provisioningState": "Succeeded"})
    managed = {
        "endpointComputeType": "Managed",
        "instanceType": "Standard_NC4as_T4_v3",
        "provisioningState": "Succeeded",
    }
    sku = {"name": "Default", "capacity": instances}
    deployment = cloud.serving.has(f"{endpoint}/deployments/blue", managed | (properties or {}), sku=sku)
    if bounds:
        scales(cloud, deployment, *bounds)
    return workspace


def scales(cloud: Any, resource_id: str, *bounds: tuple[int, int, int], **more: Any) -> None:
    """Have an autoscale setting of a resource, in a group of its own, with a profile for each of these bounds."""
    names = ("minimum", "maximum", "default")
    profiles = [
        {"name": f"p{number}", "capacity": dict(zip(names, map(str, each), strict=True)), "rules": [{"metric": "x"}]}
        for number, each in enumerate(bounds)
    ]
    folder = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-scaling/providers/Microsoft.Insights/autoscalesettings"
    of = {"enabled": True, "targetResourceUri": resource_id.lower(), "profiles": profiles} | more
    name = f"scale-{len(cloud.serving.settings)}"
    cloud.serving.settings.append({"id": f"{folder}/{name}", "name": name, "properties": of})


@contextmanager
def azure() -> Iterator[World]:
    """Run Azure while the block runs, and give its clients, which are configured as the platform's own."""
    with azure_compute_server() as server:
        options: dict[str, Any] = {"base_url": server.url, "retry_total": 0, "read_timeout": 5}
        options["authentication_policy"] = _policy()
        compute = ComputeManagementClient(_Login(), SUBSCRIPTION, **options)
        storage = StorageManagementClient(_Login(), SUBSCRIPTION, **options)
        client = SimpleNamespace(subscription=SUBSCRIPTION, compute=compute, storage=storage)
        target = Target("azure", SUBSCRIPTION, LOCATION, "", "")
        with compute, storage:
            yield World(server, client, target, by_name(ACTIONS), make)


def _policy() -> Any:
    """Return what sends the token over plain HTTP too, which Azure's own does not."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class Login(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: Any) -> None:
            request.http_request.headers["Authorization"] = "Bearer azure-token"

    return Login()
