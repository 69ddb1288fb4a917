"""Google Cloud's machines, disks, groups and buckets, in the form that Google documents, with its own refusals.

It holds actions to what Google does: a type changes only while a machine is stopped, labels only with the fingerprint
of those that are there, and a request whose id it knows is answered with the first one's operation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from servers.cloud_api import CloudApi, Operation
from servers.gcp_armor import GcpArmor
from servers.gcp_endpoints import GcpEndpoints
from servers.gcp_quotas import GcpQuotas
from servers.json_api import Said, json_api

PROJECT, ZONE, REGION = "acme-ml", "us-central1-a", "us-central1"
_ROOT = f"/compute/v1/projects/{PROJECT}"
_REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_CRON = re.compile(r"\d+ \d+ \* \* (\*|[0-6](,[0-6])*)")
_VERBS = {"GET": "get", "PATCH": "update", "DELETE": "delete", "POST": "create"}


def _type(architecture: str = "X86_64", gpu: str = "", deprecated: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"architecture": architecture}
    if gpu:
        found["accelerators"] = [{"guestAcceleratorType": gpu, "guestAcceleratorCount": 1}]
    if deprecated:
        found["deprecated"] = {"state": deprecated}
    return found


TYPES = {
    "n2-standard-8": _type(),
    "n2-standard-4": _type(),
    "n1-standard-8": _type(),
    "n1-standard-4": _type(),
    "t2a-standard-4": _type("ARM64"),
    "g2-standard-8": _type(gpu="nvidia-l4"),
    "g2-standard-4": _type(gpu="nvidia-l4"),
    "a2-highgpu-1g": _type(gpu="nvidia-tesla-a100"),
    "f1-old": _type(deprecated="OBSOLETE"),
}


@dataclass
class GcpCompute(CloudApi):
    """A running stand-in; resources are as Google gives them, by their path after the project or ``b/``."""

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    """The operation of each request's id."""
    limits: GcpQuotas = field(default_factory=GcpQuotas)
    """Projects and their quotas."""
    armor: GcpArmor = field(default_factory=GcpArmor)
    """Security policies."""
    served: GcpEndpoints = field(default_factory=GcpEndpoints)
    """Endpoints of Vertex AI."""
    made: int = 1000

    def has(self, kind: str, /, name: str, **facts: Any) -> str:
        """Have a resource; return its key."""
        self.made, facts = self.made + 1, deepcopy(facts)
        others = {"buckets": "b", "snapshots": "global/snapshots", "resourcePolicies": f"regions/{REGION}/{kind}"}
        folder = others.get(kind, f"zones/{ZONE}/{kind}")
        key = f"{folder}/{name}"
        own = {"name": name, "id": str(self.made), "labelFingerprint": "Zm9v", "selfLink": f"{_ROOT}/{key}"}
        self.resources[key] = {"metageneration": "1"} | facts if kind == "buckets" else own | facts
        if kind == "buckets":
            self.resources[key]["name"] = name
        return key

    def permission_of(self, method: str, path: str) -> str:
        """Return Google's name of what a request does."""
        if found := self.limits.permission_of(method, path) or self.served.permission_of(method, path):
            return found
        if found := self.armor.permission_of(path):
            return found
        _, kind, verb = _parts(path)
        if kind == "b":
            return f"storage.buckets.{_VERBS[method]}"
        if kind == "operations":
            return "compute.zoneOperations.get"
        return f"compute.{kind}.{verb or _VERBS[method]}"

    def serve(self, permission: str, request: BaseHTTPRequestHandler, body: Any) -> Said:
        """Answer as Google does."""
        return self._of_others(permission, request, body) or self._of_compute(permission, request, body)

    def _of_others(self, permission: str, request: BaseHTTPRequestHandler, body: Any) -> Said | None:
        if self.limits.permission_of(request.command, request.path):
            return self.limits.serve(self, permission, request.command, request.path, body)
        if self.armor.permission_of(request.path):
            return self.armor.serve(self, permission, request.path, body, _shown)
        if self.served.permission_of(request.command, request.path):
            return self.served.serve(self, permission, request.path, body)
        return None

    def _of_compute(self, permission: str, request: BaseHTTPRequestHandler, body: Any) -> Said:
        key, kind, verb = _parts(request.path)
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        if kind == "b":
            return self._bucket(permission, request.command, key, query, body)
        if kind == "operations":
            found = self.operations[key.rpartition("/")[2]]
            self.look([found])
            return Said(200, _shown(found))
        if kind == "machineTypes":
            name = key.rpartition("/")[2]
            return Said(200, {"name": name, **TYPES[name]}) if name in TYPES else self.refused(404, "notFound", name)
        if kind == "autoscalers" and request.command == "PATCH":
            key = f"{key}/{query.get('autoscaler')}"
        if request.command == "GET":
            self.look_at(key)
        is_new = request.command == "POST" and kind in ("disks", "resourcePolicies") and not verb
        if key not in self.resources and not is_new:
            return self.refused(404, "notFound", key)
        if request.command == "GET":
            return Said(200, self.resources[key])
        return self._change(permission, key, kind, verb, query, body or {})

    def _change(
        self, permission: str, key: str, kind: str, verb: str, query: dict[str, str], body: dict[str, Any]
    ) -> Said:
        asked = query.get("requestId", "")
        if not _REQUEST_ID.fullmatch(asked):
            return self.refused(400, "invalid", "requestId")
        if asked in self.requests:
            return Said(200, _shown(self.operations[self.requests[asked]]))
        if self.is_busy(key):
            return self.refused(400, "resourceNotReady", f"{key} is not ready")
        does = {"instances": self._machine, "disks": self._disk, "instanceGroupManagers": self._group}
        does["resourcePolicies"] = self._policy
        answer = does.get(kind, self._autoscaler)(permission, key, verb, query, body)
        if isinstance(answer, Said):
            return answer
        self.requests[asked] = answer.name
        return Said(200, _shown(answer))

    def _machine(
        self, permission: str, key: str, verb: str, query: dict[str, str], body: dict[str, Any]
    ) -> Said | Operation:
        machine = self.resources[key]
        if verb == "setLabels":
            return self._labels(permission, key, body)
        if verb in ("addResourcePolicies", "removeResourcePolicies"):
            return self._schedule(permission, key, body["resourcePolicies"])
        if verb == "stop":
            has_local = any(each["type"] == "SCRATCH" for each in machine.get("disks", ()))
            if has_local and query.get("discardLocalSsd") != "true":
                return self.refused(400, "invalid", "discardLocalSsd")
            return self._state(permission, key, "STOPPING", "TERMINATED")
        if verb == "start":
            if self.fault == "no_capacity" and machine["status"] == "TERMINATED":
                error = ("ZONE_RESOURCE_POOL_EXHAUSTED", "The zone does not have enough resources available.")
                return self.begin(key, lambda: None, error=error, about="start")
            return self._state(permission, key, "STAGING", "RUNNING")
        wanted = body["machineType"].removeprefix(f"zones/{ZONE}/machineTypes/")
        if machine["status"] != "TERMINATED":
            return self.refused(400, "invalid", "the machine must be stopped")
        if wanted not in TYPES:
            return self.refused(400, "invalid", "machineType")
        self.effects[permission] += 1

        def finish() -> None:
            machine["machineType"] = f"{_ROOT}/zones/{ZONE}/machineTypes/{wanted}"

        return self.begin(key, finish)

    def _state(self, permission: str, key: str, moving: str, after: str) -> Operation:
        machine = self.resources[key]
        if machine["status"] != after:
            self.effects[permission] += 1
            machine["status"] = moving
        return self.begin(key, lambda: machine.update(status=after))

    def _policy(
        self, permission: str, key: str, verb: str, query: dict[str, str], body: dict[str, Any]
    ) -> Said | Operation:
        if f"{key}/{body['name']}" in self.resources:
            return self.refused(409, "alreadyExists", body["name"])
        hours = body["instanceSchedulePolicy"]
        if not all(_CRON.fullmatch(hours[each]["schedule"]) for each in ("vmStartSchedule", "vmStopSchedule")):
            return self.refused(400, "invalid", "schedule")
        self.effects[permission] += 1
        return self.begin(self.has("resourcePolicies", **body), lambda: None)

    def _schedule(self, permission: str, key: str, links: list[str]) -> Said | Operation:
        machine, [link] = self.resources[key], links
        name, there = link.rpartition("/")[2], machine.setdefault("resourcePolicies", [])
        if f"regions/{REGION}/resourcePolicies/{name}" not in self.resources:
            return self.refused(404, "notFound", link)
        same = [each for each in there if each.rpartition("/")[2] == name]
        if permission == "compute.instances.removeResourcePolicies":
            self.effects[permission] += len(same)
            machine["resourcePolicies"] = [each for each in there if each not in same]
        elif there and not same:
            return self.refused(400, "invalid", "a machine has one instance schedule")
        elif not same:
            self.effects[permission] += 1
            there.append(f"https://www.googleapis.com/compute/v1/{link}")
        return self.begin(key, lambda: None)

    def _labels(self, permission: str, key: str, body: dict[str, Any]) -> Said | Operation:
        found = self.resources[key]
        if body.get("labelFingerprint") != found["labelFingerprint"]:
            return self.refused(412, "conditionNotMet", "labelFingerprint")
        labels = body.get("labels", {})
        if not all(_LABEL.fullmatch(each) for each in labels):
            return self.refused(400, "invalid", "labels")
        self.effects[permission] += 1
        # Eight letters, as of bytes in base 64.
        found["labels"], found["labelFingerprint"] = labels, f"Zm{len(self.operations):06d}"
        return self.begin(key, lambda: None)

    def _disk(
        self, permission: str, key: str, verb: str, query: dict[str, str], body: dict[str, Any]
    ) -> Said | Operation:
        if verb == "setLabels":
            return self._labels(permission, key, body)
        if verb == "createSnapshot":
            return self._snapshot(permission, key, body)
        if permission == "compute.disks.create":
            source = body["sourceSnapshot"].partition("/global/snapshots/")[2]
            if f"global/snapshots/{source}" not in self.resources:
                return self.refused(404, "notFound", source)
            if f"{key}/{body['name']}" in self.resources:
                return self.refused(409, "alreadyExists", body["name"])
            self.effects[permission] += 1
            made = self.has("disks", **{**body, "status": "CREATING"})
            return self.begin(made, lambda: self.resources[made].update(status="READY"))
        if self.resources[key].get("users"):
            return self.refused(400, "resourceInUseByAnotherResource", key)
        self.effects[permission] += 1
        self.resources[key]["status"] = "DELETING"
        return self.begin(key, lambda: self.resources.pop(key, None) and None)

    def _snapshot(self, permission: str, key: str, body: dict[str, Any]) -> Said | Operation:
        if f"global/snapshots/{body['name']}" in self.resources:
            return self.refused(409, "alreadyExists", body["name"])
        self.effects[permission] += 1
        source = {"sourceDiskId": self.resources[key]["id"], "status": "CREATING"}
        made = self.has("snapshots", **{**body, **source})
        operation = self.begin(key, lambda: self.resources[made].update(status="READY"))
        self.operations[f"{operation.name}-shown"] = Operation(
            operation.name, made, lambda: self.look([operation]), self.looks
        )
        return operation

    def _group(
        self, permission: str, key: str, verb: str, query: dict[str, str], body: dict[str, Any]
    ) -> Said | Operation:
        if verb != "resize" or self.resources[key].get("status", {}).get("autoscaler"):
            return self.refused(400, "invalid", "the group is autoscaled")
        self.effects["compute.instanceGroupManagers.update"] += 1
        self.resources[key]["targetSize"] = int(query["size"])
        return self.begin(key, lambda: None)

    def _autoscaler(
        self, permission: str, key: str, verb: str, query: dict[str, str], body: dict[str, Any]
    ) -> Said | Operation:
        policy = self.resources[key]["autoscalingPolicy"]
        asked = body["autoscalingPolicy"]
        if set(asked) - {"minNumReplicas", "maxNumReplicas"} or asked["minNumReplicas"] > asked["maxNumReplicas"]:
            return self.refused(400, "invalid", "autoscalingPolicy")
        self.effects[permission] += 1
        policy |= asked
        return self.begin(key, lambda: None)

    def _bucket(self, permission: str, method: str, key: str, query: dict[str, str], body: Any) -> Said:
        found = self.resources.get(key)
        if found is None:
            return self.refused(404, "notFound", key)
        if method == "GET":
            return Said(200, found)
        if query.get("ifMetagenerationMatch") != found["metageneration"]:
            return self.refused(412, "conditionNotMet", "metageneration")
        before = json.dumps(found, sort_keys=True)
        for name, value in body.items():
            merged = {**found.get(name, {}), **value} if name == "labels" else value
            found[name] = {k: v for k, v in merged.items() if v is not None} if isinstance(merged, dict) else merged
        if before != json.dumps(found, sort_keys=True):
            self.effects[permission] += 1
        found["metageneration"] = str(int(found["metageneration"]) + 1)
        return Said(200, found)

    def refused(self, status: int, code: str, text: str = "") -> Said:
        """Return a refusal in Google's form."""
        message = text or code
        return Said(status, {"error": {"code": status, "message": message, "errors": [{"reason": code}]}})


def _shown(operation: Operation) -> Mapping[str, Any]:
    shown: dict[str, Any] = {"name": operation.name, "status": "DONE" if operation.is_done else "RUNNING"}
    if operation.is_done and operation.error:
        code, text = operation.error
        shown |= {"httpErrorStatusCode": 503, "httpErrorMessage": "SERVICE UNAVAILABLE"}
        shown["error"] = {"errors": [{"code": code, "message": text}]}
    return shown


def _parts(path: str) -> tuple[str, str, str]:
    """Return a resource's key, its kind, and what is done to it beside the methods of HTTP."""
    found = urlsplit(path).path
    if found.startswith("/storage/v1/b/"):
        return found.removeprefix("/storage/v1/"), "b", ""
    names = found.removeprefix(f"{_ROOT}/").split("/")
    at = 2 if names[0] in ("zones", "regions") else 1
    return "/".join(names[: at + 2]), names[at], names[at + 2] if len(names) > at + 2 else ""


@contextmanager
def gcp_compute_server() -> Iterator[GcpCompute]:
    """Run the stand-in, with nothing in it, while the block runs."""
    server = GcpCompute()
    with json_api(server.answer) as url:
        server.url = url
        yield server
