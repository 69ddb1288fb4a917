"""Google Cloud for the tests of actions: its clients, and the resources that are in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from cloud_steps import World, by_name
from google.auth.credentials import AnonymousCredentials
from google.auth.transport.requests import AuthorizedSession
from google.cloud import compute_v1
from google.cloud.storage import Client
from servers.gcp_compute import PROJECT, ZONE, GcpCompute, gcp_compute_server

from finops.rightsizing.actions.gcp import ACTIONS
from finops.rightsizing.actions.gcp.schedules import Hours
from finops.rightsizing.models import Target

COMPUTE = f"//compute.googleapis.com/projects/{PROJECT}"
_KINDS = {"machine": "instances", "disk": "disks", "group": "instanceGroupManagers", "autoscaler": "autoscalers"}


def make(cloud: GcpCompute, kind: str, /, **facts: Any) -> str:
    """Have a resource, as the bill names it. What is not said is as Google makes it."""
    name = facts.pop("name", f"x-{uuid4().hex[:12]}")
    if kind == "account":
        cloud.limits.has(name, **facts)
        return str(name)
    if kind == "policy":
        cloud.armor.has(name, *facts.pop("rules", ()), **facts)
        return f"projects/{PROJECT}/global/securityPolicies/{name}"
    if kind == "endpoint":
        path = f"projects/{PROJECT}/locations/us-central1/endpoints/{name}"
        cloud.served.has(path, **facts)
        return f"//aiplatform.googleapis.com/{path}"
    if kind == "bucket":
        cloud.has("buckets", name, **facts)
        return f"//storage.googleapis.com/projects/_/buckets/{name}"
    if kind == "machine":
        machine_type = f"zones/{ZONE}/machineTypes/{facts.pop('type', 'n2-standard-8')}"
        facts = {"status": "RUNNING", "machineType": machine_type, "disks": [{"type": "PERSISTENT"}], **facts}
    if kind == "machine":
        _schedules(cloud, facts)
    if kind == "disk":
        facts = {"status": "READY", "sizeGb": "50", "type": f"zones/{ZONE}/diskTypes/pd-ssd", **facts}
    if (sizes := facts.pop("autoscales", None)) is not None:
        key = cloud.has("autoscalers", f"scaler-{name}", autoscalingPolicy=dict(sizes))
        facts["status"] = {"autoscaler": f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/{key}"}
    cloud.has(_KINDS[kind], name, **facts)
    return f"{COMPUTE}/zones/{ZONE}/{_KINDS[kind]}/{name}"


def _schedules(cloud: GcpCompute, facts: dict[str, Any]) -> None:
    """Have the schedule of a machine and no other one: what is there once is not made again."""
    for key in [each for each in cloud.resources if "/resourcePolicies/" in each]:
        del cloud.resources[key]
    if (hours := facts.pop("schedule", None)) is not None:
        start, stop = (hours[f"vm{each}Schedule"]["schedule"] for each in ("Start", "Stop"))
        name = facts.pop("schedule_name", Hours(start, stop, hours["timeZone"]).name)
        policy = cloud.has("resourcePolicies", name, instanceSchedulePolicy=hours)
        facts["resourcePolicies"] = [f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/{policy}"]


@contextmanager
def gcp() -> Iterator[World]:
    """Run Google Cloud while the block runs, and give its clients."""
    with gcp_compute_server() as server:
        client = SimpleNamespace(
            project=PROJECT,
            instances=_client(server, "Instances"),
            disks=_client(server, "Disks"),
            snapshots=_client(server, "Snapshots"),
            instance_group_managers=_client(server, "InstanceGroupManagers"),
            autoscalers=_client(server, "Autoscalers"),
            machine_types=_client(server, "MachineTypes"),
            resource_policies=_client(server, "ResourcePolicies"),
            security_policies=_client(server, "SecurityPolicies"),
            zone_operations=_client(server, "ZoneOperations"),
            quotas_url=server.url,
            projects_url=server.url,
            vertex_url=server.url,
            http=AuthorizedSession(AnonymousCredentials()),
            storage=Client(PROJECT, AnonymousCredentials(), client_options={"api_endpoint": server.url}),
        )
        target = Target("gcp", PROJECT, "us-central1", ZONE, "")
        yield World(server, client, target, by_name(ACTIONS), make)


def _client(server: GcpCompute, kind: str) -> Any:
    """Return a client over its own transport, by plain HTTP."""
    made = getattr(compute_v1, f"{kind}Client")
    host = server.url.removeprefix("http://")
    return made(
        transport=made.get_transport_class("rest")(host=host, credentials=AnonymousCredentials(), url_scheme="http")
    )
