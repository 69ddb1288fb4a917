"""Azure's subscriptions, policy definitions and policy assignments, as Microsoft documents them, with its refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from servers.cloud_api import CloudApi
from servers.json_api import Said

_VERSION, _SUBSCRIPTION_VERSION = "2023-04-01", "2022-12-01"
_KINDS = {
    "policydefinitions": "Microsoft.Authorization/policyDefinitions",
    "policyassignments": "Microsoft.Authorization/policyAssignments",
}
_VERBS = {"GET": "read", "PUT": "write", "DELETE": "delete"}


@dataclass
class AzurePolicies:
    """What is in each subscription, by id in lower case."""

    subscriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)

    def permission_of(self, method: str, path: str) -> str:
        """Return Azure's name of what a request does; empty for one that is of something else."""
        folders = _folders(path)
        if len(folders) == 2:
            return "Microsoft.Resources/subscriptions/read"
        kind = folders[4] if folders[3] == "microsoft.authorization" else ""
        return f"{_KINDS[kind]}/{_VERBS[method]}" if kind in _KINDS else ""

    def serve(self, cloud: CloudApi, permission: str, method: str, path: str, body: Any) -> Said:
        """Answer as Azure does."""
        folders, query = _folders(path), parse_qs(urlsplit(path).query)
        wanted = _SUBSCRIPTION_VERSION if len(folders) == 2 else _VERSION
        if query.get("api-version") != [wanted]:
            return cloud.refused(400, "InvalidApiVersionParameter", str(query))
        subscription = self.subscriptions.get(folders[1])
        if subscription is None:
            return cloud.refused(404, "SubscriptionNotFound", folders[1])
        if len(folders) == 2:
            return Said(200, subscription)
        if len(folders) == 5:
            return self._listed(cloud, folders, query)
        where = "/" + "/".join(folders)
        if method == "GET":
            found = self.policies.get(where)
            return Said(200, found) if found else cloud.refused(404, "PolicyNotFound", where)
        if method == "DELETE":
            return self._deleted(cloud, permission, where)
        return self._put(cloud, permission, folders[4], where, unquote(urlsplit(path).path), body["properties"])

    def _listed(self, cloud: CloudApi, folders: list[str], query: Mapping[str, list[str]]) -> Said:
        name, is_equal, value = query.get("$filter", [""])[0].partition(" eq ")
        if folders[4] != "policyassignments" or (name, is_equal) != ("policyDefinitionId", " eq "):
            return cloud.refused(400, "InvalidFilterInQueryString")
        return Said(200, {"value": self._of(value.strip("'"))})

    def _of(self, definition: str) -> list[dict[str, Any]]:
        assigned = (each for each in self.policies.values() if "policyDefinitionId" in each["properties"])
        return [each for each in assigned if each["properties"]["policyDefinitionId"].lower() == definition.lower()]

    def _deleted(self, cloud: CloudApi, permission: str, where: str) -> Said:
        if where not in self.policies:
            return Said(204, None)
        if self._of(where):
            return cloud.refused(400, "InvalidDeletePolicyDefinitionRequest", "it is in use")
        cloud.effects[permission] += 1
        return Said(200, self.policies.pop(where))

    def _put(
        self, cloud: CloudApi, permission: str, kind: str, where: str, ident: str, properties: Mapping[str, Any]
    ) -> Said:
        if kind == "policydefinitions":
            rule = properties["policyRule"]
            is_whole = "if" in rule and rule["then"]["effect"] == "deny" and properties["policyType"] == "Custom"
            if not is_whole or properties["mode"] != "Indexed":
                return cloud.refused(400, "InvalidPolicyRule")
        elif properties["policyDefinitionId"].lower() not in self.policies:
            return cloud.refused(404, "PolicyDefinitionNotFound")
        cloud.effects[permission] += 1
        metadata = {**properties.get("metadata", {}), "createdBy": "somebody"}
        self.policies[where] = {"id": ident, "properties": {**properties, "metadata": metadata}}
        return Said(201, self.policies[where])


def _folders(path: str) -> list[str]:
    return unquote(urlsplit(path).path).lower().strip("/").split("/")
