"""Azure's machines, disks and storage accounts, in the form that Microsoft documents, with its own refusals.

It holds actions to what Azure does: a size changes only while a machine is deallocated, a disk only while nothing uses
it, a change is accepted first and done later, and a policy is replaced whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from servers.azure_policies import AzurePolicies
from servers.azure_serving import AzureServing
from servers.cloud_api import CloudApi, Operation
from servers.json_api import Said, json_api

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
LOCATION = "eastus"
_COMPUTE = "microsoft.compute"
_VERSIONS = {
    "virtualmachines": "2026-04-01",
    "virtualmachinescalesets": "2026-04-01",
    "skus": "2021-07-01",
    "disks": "2026-03-02",
    "snapshots": "2026-03-02",
    "storageaccounts": "2026-09-01",
    "tags": "2021-04-01",
}
_NAMES = {
    "virtualmachines": "virtualMachines",
    "virtualmachinescalesets": "virtualMachineScaleSets",
    "storageaccounts": "storageAccounts",
}
_VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def sku(name: str, family: str, **capabilities: Any) -> dict[str, Any]:
    """Return a size as Azure lists it."""
    closed = capabilities.pop("closed_zones", None)
    has = {"MaxDataDiskCount": 8, "MaxNetworkInterfaces": 2, "PremiumIO": "True", "CpuArchitectureType": "x64"}
    values = {**has, **capabilities}
    found: dict[str, Any] = {
        "resourceType": "virtualMachines",
        "name": name,
        "family": family,
        "locations": [LOCATION],
        "locationInfo": [{"location": LOCATION, "zones": ["1", "2"]}],
        "capabilities": [{"name": key, "value": str(value)} for key, value in values.items()],
        "restrictions": [],
    }
    if closed is not None:
        where = {"type": "Zone" if closed else "Location", "restrictionInfo": {"zones": closed}}
        found["restrictions"] = [{**where, "reasonCode": "NotAvailableForSubscription", "values": [LOCATION]}]
    return found


SKUS = [
    sku("Standard_D8s_v5", "standardDSv5Family"),
    sku("Standard_D4s_v5", "standardDSv5Family"),
    sku("Standard_D4ds_v5", "standardDDSv5Family", MaxResourceVolumeMB=153600),
    sku("Standard_D2ds_v5", "standardDDSv5Family", MaxResourceVolumeMB=76800),
    sku("Standard_D4ps_v5", "standardDPSv5Family", CpuArchitectureType="Arm64"),
    sku("Standard_D4_v5", "standardDv5Family", PremiumIO="False"),
    sku("Standard_D1s_v5", "standardDSv5Family", MaxDataDiskCount=0),
    sku("Standard_NC16as_T4_v3", "StandardNCASv3_T4Family", MaxResourceVolumeMB=1, GPUs=1),
    sku("Standard_NC4as_T4_v3", "StandardNCASv3_T4Family", MaxResourceVolumeMB=1, GPUs=1),
    sku("Standard_NC24ads_A100_v4", "StandardNCADSA100v4Family", MaxResourceVolumeMB=1, GPUs=1),
    sku("Standard_D2ads_v5", "standardDADSv5Family", MaxResourceVolumeMB=1),
    sku("Standard_E4s_v5", "standardESv5Family", closed_zones=["1"]),
    sku("Standard_E8s_v5", "standardESv5Family", closed_zones=[]),
]
_SIZES = {each["name"] for each in SKUS}


@dataclass
class AzureCompute(CloudApi):
    """A running stand-in; resources are as Azure gives them, by id in lower case."""

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    power: dict[str, str] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    serving: AzureServing = field(default_factory=AzureServing)
    """Workspaces with online endpoints, and autoscale settings."""
    rules: AzurePolicies = field(default_factory=AzurePolicies)
    """Subscriptions and their policies."""

    def has(self, kind: str, resource_id: str, properties: Mapping[str, Any], /, **more: Any) -> None:
        """Have a resource. ``power`` is a machine's, ``policy`` the rules of a storage account."""
        key, more = resource_id.lower(), deepcopy(more)
        self.power[key] = more.pop("power", "running")
        if (policy := more.pop("policy", None)) is not None:
            self.policies[key] = {"policy": {"rules": policy}}
        state = {"provisioningState": "Succeeded", **properties}
        name = resource_id.rpartition("/")[2]
        self.resources[key] = {
            "id": resource_id,
            "name": name,
            "type": kind,
            "location": LOCATION,
            "properties": state,
            **more,
        }

    def permission_of(self, method: str, path: str) -> str:
        """Return Azure's name of what a request does."""
        if found := self.rules.permission_of(method, path) or self.serving.permission_of(method, path):
            return found
        _, provider, kind, rest = _parts(path)
        if kind == "operations":
            return "operation"
        folder = f"{'Microsoft.Compute' if provider == _COMPUTE else provider}/{_NAMES.get(kind, kind)}"
        if provider == "microsoft.storage":
            folder = f"Microsoft.Storage/{_NAMES[kind]}{'/managementPolicies' if rest else ''}"
        if provider == "microsoft.resources":
            folder = "Microsoft.Resources/tags"
        return f"{folder}/{rest}/action" if method == "POST" else f"{folder}/{_VERBS[method]}"

    def serve(self, permission: str, request: BaseHTTPRequestHandler, body: Any) -> Said:
        """Answer as Azure does."""
        if request.headers.get("Authorization") != "Bearer azure-token":
            return self.refused(401, "AuthenticationFailed", "no token")
        others = (each for each in (self.rules, self.serving) if each.permission_of(request.command, request.path))
        if (other := next(others, None)) is not None:
            return other.serve(self, permission, request.command, request.path, body)
        where, _, kind, rest = _parts(request.path)
        query = parse_qs(urlsplit(request.path).query)
        if kind == "operations":
            return self._operation(rest)
        if query.get("api-version") != [_VERSIONS[kind]]:
            return self.refused(400, "InvalidApiVersionParameter", f"{kind} {query.get('api-version')}")
        if kind == "skus":
            return self._listed(query)
        if where not in self.resources and request.command != "PUT":
            return self.refused(404, "ResourceNotFound", where)
        if kind == "tags":
            return self._tag(permission, request.command, where, body)
        if rest == "managementpolicies":
            return self._policy(permission, request.command, where, body)
        if request.command == "GET":
            return self._read(where)
        return self._change(permission, kind, request.command, where, body)

    def _listed(self, query: Mapping[str, list[str]]) -> Said:
        is_right = query.get("$filter") == [f"location eq '{LOCATION}'"]
        return Said(200, {"value": SKUS}) if is_right else self.refused(400, "InvalidFilter")

    def _read(self, where: str) -> Said:
        self.look_at(where)
        found = self.resources.get(where)
        return Said(200, self._shown(where)) if found else self.refused(404, "ResourceNotFound", where)

    def _change(self, permission: str, kind: str, method: str, where: str, body: Any) -> Said:
        if self.is_busy(where):
            return self.refused(409, "Conflict", "another operation is in progress")
        does = {"virtualmachines": self._machine, "disks": self._disk, "snapshots": self._snapshot}
        return does.get(kind, self._scale_set)(permission, method, where, body)

    def _shown(self, where: str) -> dict[str, Any]:
        found = self.resources[where]
        if found["type"] != "Microsoft.Compute/virtualMachines":
            return found
        statuses = [{"code": "ProvisioningState/succeeded"}, {"code": f"PowerState/{self.power[where]}"}]
        return {**found, "properties": {**found["properties"], "instanceView": {"statuses": statuses}}}

    def _machine(self, permission: str, method: str, where: str, body: Any) -> Said:
        verb, power = permission.split("/")[2], self.power[where]
        if method == "POST" and body is None and verb == "deallocate":
            return self._power(permission, where, "deallocating", "deallocated")
        if method == "POST" and body is None and verb == "start":
            if self.fault == "no_capacity" and power != "running":
                error = ("AllocationFailed", "Allocation failed. We do not have sufficient capacity.")
                self.resources[where]["properties"]["provisioningState"] = "Updating"
                return self._accepted(self.begin(where, self._settled(where, "Failed"), error=error))
            return self._power(permission, where, "starting", "running")
        size = body.get("properties", {}).get("hardwareProfile", {}).get("vmSize") if method == "PATCH" else None
        if size not in _SIZES:
            return self.refused(400, "InvalidParameter", "vmSize")
        if power != "deallocated":
            return self.refused(409, "OperationNotAllowed", "the machine is allocated")
        self.effects[permission] += 1
        properties = self.resources[where]["properties"]
        properties["hardwareProfile"] = {"vmSize": size}
        return self._updating(where, 200)

    def _power(self, permission: str, where: str, moving: str, after: str) -> Said:
        if self.power[where] != after:
            self.effects[permission] += 1
            self.power[where] = moving

        def finish() -> None:
            self.power[where] = after
            self.resources[where]["properties"]["provisioningState"] = "Succeeded"

        self.resources[where]["properties"]["provisioningState"] = "Updating"
        return self._accepted(self.begin(where, finish))

    def _disk(self, permission: str, method: str, where: str, body: Any) -> Said:
        found = self.resources.get(where)
        if method == "PUT":
            source = body["properties"]["creationData"]
            if source.get("createOption") != "Copy" or source["sourceResourceId"].lower() not in self.resources:
                return self.refused(400, "InvalidParameter", "creationData")
            return self._made(permission, "Microsoft.Compute/disks", where, body, diskState="Unattached")
        assert found is not None
        user = found.get("managedBy")
        if user and (method == "DELETE" or self.power.get(user.lower()) != "deallocated"):
            return self.refused(409, "OperationNotAllowed", f"the disk is attached to {user}")
        self.effects[permission] += 1
        if method == "DELETE":
            found["properties"]["provisioningState"] = "Deleting"
            return self._accepted(self.begin(where, lambda: self.resources.pop(where, None) and None))
        found["sku"] = {"name": body["sku"]["name"]}
        return self._updating(where, 202)

    def _snapshot(self, permission: str, method: str, where: str, body: Any) -> Said:
        source = body["properties"]["creationData"]
        if source.get("createOption") != "Copy" or source["sourceResourceId"].lower() not in self.resources:
            return self.refused(400, "InvalidParameter", "creationData")
        return self._made(permission, "Microsoft.Compute/snapshots", where, body, completionPercent=100)

    def _made(self, permission: str, kind: str, where: str, body: Any, **more: Any) -> Said:
        if where not in self.resources:
            self.effects[permission] += 1
        asked = {key: value for key, value in body.items() if key not in ("properties", "location")}
        self.has(kind, where, {**body["properties"], **more}, **asked)
        return self._updating(where, 202, state="Creating")

    def _scale_set(self, permission: str, method: str, where: str, body: Any) -> Said:
        if method != "PATCH" or set(body) != {"sku"} or body["sku"]["capacity"] < 0:
            return self.refused(400, "InvalidParameter", "sku")
        if self.fault == "no_capacity":
            return self.refused(409, "AllocationFailed", "no machines")
        self.effects[permission] += 1
        self.resources[where]["sku"] |= body["sku"]
        return self._updating(where, 200)

    def _policy(self, permission: str, method: str, where: str, body: Any) -> Said:
        there = self.policies.get(where)
        if method == "GET":
            properties = {"properties": there}
            return Said(200, properties) if there else self.refused(404, "ManagementPolicyNotFound")
        self.effects[permission] += 1
        if method == "DELETE":
            self.policies.pop(where, None)
            return Said(204, None)
        rules = body["properties"]["policy"]["rules"]
        if not rules or any(each["type"] != "Lifecycle" or not each["definition"]["actions"] for each in rules):
            return self.refused(400, "InvalidRequestPropertyValue", "rules")
        if any(not each["definition"].get("filters", {}).get("blobTypes") for each in rules):
            return self.refused(400, "InvalidRequestPropertyValue", "blobTypes")
        self.policies[where] = {"policy": {"rules": rules}}
        return Said(200, {"properties": self.policies[where]})

    def _tag(self, permission: str, method: str, where: str, body: Any) -> Said:
        tags = self.resources[where].setdefault("tags", {})
        if method == "GET":
            return Said(200, {"properties": {"tags": tags}})
        before, asked = dict(tags), body["properties"]["tags"]
        if body["operation"] == "Merge":
            tags |= asked
        elif body["operation"] == "Delete":
            for key in asked:
                tags.pop(key, None)
        else:
            return self.refused(400, "InvalidOperation", "it would replace every tag")
        self.effects[permission] += before != tags
        return Said(200, {"properties": {"tags": tags}})

    def _settled(self, where: str, state: str = "Succeeded") -> Any:
        def finish() -> None:
            if where in self.resources:
                self.resources[where]["properties"]["provisioningState"] = state

        return finish

    def _updating(self, where: str, status: int, state: str = "Updating") -> Said:
        self.resources[where]["properties"]["provisioningState"] = state
        operation = self.begin(where, self._settled(where))
        return Said(status, self._shown(where), self._headers(operation))

    def _accepted(self, operation: Operation) -> Said:
        return Said(202, None, self._headers(operation))

    def _headers(self, operation: Operation) -> tuple[tuple[str, str], ...]:
        path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/{LOCATION}/operations"
        address = f"{self.url}{path}/{operation.name}?api-version=2026-04-01"
        return (("Azure-AsyncOperation", address), ("Location", address), ("Retry-After", "0"))

    def _operation(self, name: str) -> Said:
        found = self.operations[name]
        self.look([found])
        if not found.is_done:
            return Said(200, {"name": name, "status": "InProgress"})
        if found.error is None:
            return Said(200, {"name": name, "status": "Succeeded"})
        code, text = found.error
        return Said(200, {"name": name, "status": "Failed", "error": {"code": code, "message": text}})

    def refused(self, status: int, code: str, text: str = "") -> Said:
        """Return a refusal in Azure's form."""
        return Said(status, {"error": {"code": code, "message": text or code}})


def _parts(path: str) -> tuple[str, str, str, str]:
    """Return the resource's id in lower case, its provider and kind, and what follows the id."""
    found = unquote(urlsplit(path).path).lower()
    if found.endswith("/providers/microsoft.resources/tags/default"):
        return found.removesuffix("/providers/microsoft.resources/tags/default"), "microsoft.resources", "tags", ""
    folders = found.strip("/").split("/")
    at = folders.index("providers")
    provider, kind, *names = folders[at + 1 :]
    if kind == "locations" and names[1:2] == ["operations"]:
        return found, provider, "operations", names[2]
    where = "/" + "/".join(folders[: at + 4])
    return where, provider, kind, names[1] if len(names) > 1 else ""


@contextmanager
def azure_compute_server() -> Iterator[AzureCompute]:
    """Run the stand-in, with nothing in it, while the block runs."""
    server = AzureCompute()
    with json_api(server.answer) as url:
        server.url = url
        yield server
