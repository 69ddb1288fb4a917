"""Vertex AI's endpoints, as Google documents them, with its own refusals."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from servers.cloud_api import CloudApi, Operation
from servers.json_api import Said

_PATH = re.compile(r"/v1/(projects/[^/]+/locations/([^/]+)/endpoints/[^/:]+)(:mutateDeployedModel|/operations)?")
_MASKS = {
    f"{kind}.minReplicaCount,{kind}.maxReplicaCount": kind for kind in ("dedicatedResources", "automaticResources")
}
_NONE_LEFT = (8, "The operation timed out waiting for models to finish deploying: out of resources.")


@dataclass
class GcpEndpoints:
    """Endpoints by name. A change is an operation, and the endpoint is as before until that has ended."""

    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)

    def has(self, name: str, **facts: Any) -> None:
        """Have an endpoint."""
        self.endpoints[name] = {"name": name, **deepcopy(facts)}

    def permission_of(self, method: str, path: str) -> str:
        """Return Google's name of what a request does; empty for one that is of something else."""
        match = _PATH.fullmatch(urlsplit(path).path)
        if match is None:
            return ""
        does = {"/operations": "aiplatform.operations.list", ":mutateDeployedModel": "aiplatform.endpoints.deploy"}
        return does.get(match[3] or "", "aiplatform.endpoints.get")

    def serve(self, cloud: CloudApi, permission: str, path: str, body: Any) -> Said:
        """Answer as Google does."""
        match = _PATH.fullmatch(urlsplit(path).path)
        assert match is not None
        name = match[1]
        if name not in self.endpoints:
            return cloud.refused(404, "notFound", name)
        if permission == "aiplatform.endpoints.deploy":
            return self._mutate(cloud, permission, name, body)
        cloud.look_at(name)
        if permission == "aiplatform.endpoints.get":
            return Said(200, self.endpoints[name])
        found = [each for each in cloud.operations.values() if each.resource == name]
        return Said(200, {"operations": [_shown(each) for each in reversed(found)]} if found else {})

    def _mutate(self, cloud: CloudApi, permission: str, name: str, body: dict[str, Any]) -> Said:
        asked = body["deployedModel"]
        there = next((each for each in self.endpoints[name]["deployedModels"] if each["id"] == asked["id"]), None)
        kind = _MASKS.get(body["updateMask"])
        if there is None or kind is None or kind not in there:
            return cloud.refused(400, "invalid", f"updateMask {body['updateMask']} of model {asked['id']}")
        wanted, before = asked[kind], there[kind]
        least, most = wanted["minReplicaCount"], wanted["maxReplicaCount"]
        if wanted.get("machineSpec") != before.get("machineSpec"):
            return cloud.refused(400, "invalid", "machineSpec is immutable")
        if not max(1, before.get("requiredReplicaCount", 1)) <= least <= most:
            return cloud.refused(400, "invalid", "replica counts")
        if cloud.is_busy(name):
            return cloud.refused(409, "aborted", "another operation of the endpoint is in progress")
        if cloud.fault == "no_capacity":
            return Said(200, _shown(cloud.begin(name, lambda: None, error=_NONE_LEFT)))
        cloud.effects[permission] += 1
        counts = {"minReplicaCount": least, "maxReplicaCount": most}
        return Said(200, _shown(cloud.begin(name, lambda: before.update(counts))))


def _shown(operation: Operation) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": f"{operation.resource}/operations/{operation.name}"}
    if operation.is_done:
        shown["done"] = True
        if operation.error:
            shown["error"] = dict(zip(("code", "message"), operation.error, strict=True))
    return shown
