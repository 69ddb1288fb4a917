"""Google Cloud: what Compute Engine, Cloud Storage and Vertex AI list of a project.

Resources are named as the detailed export's ``resource.global_name`` has them:
``//compute.googleapis.com/projects/P/zones/Z/instances/NUMBER``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import google.auth
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import Forbidden, GoogleAPICallError, RetryError, ServerError, TooManyRequests
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from google.auth.transport.requests import AuthorizedSession
from google.cloud import compute_v1
from google.cloud.storage import Client
from requests.exceptions import RequestException

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.text import shown
from finops.policy.telemetry import GcpInventory
from finops.telemetry.monitors.inventories import gcp_balancers, gcp_compute, gcp_services, gcp_vertex
from finops.telemetry.monitors.inventories.gcp_project import FILE, GcpProject
from finops.telemetry.monitors.inventories.gcp_rest import MONITORED, Rest
from finops.telemetry.monitors.inventories.parts import Denied, Inventory, Part, Silent

SCOPES = (
    "https://www.googleapis.com/auth/compute.readonly",
    "https://www.googleapis.com/auth/devstorage.read_only",
    "https://www.googleapis.com/auth/cloud-platform.read-only",
    "https://www.googleapis.com/auth/monitoring.read",
)

_COMPUTE, _STORAGE, _VERTEX = "Compute Engine", "Cloud Storage", "Vertex AI"
_BUCKETS, _REST = "buckets", "rest"
_BEHIND = tuple(client for client, *_ in gcp_balancers.BEHIND)

_LISTINGS = (
    ("machine", _COMPUTE, ("Instances",), gcp_compute.machines, ("compute.instances.list",)),
    ("disk", _COMPUTE, ("Disks",), gcp_compute.disks, ("compute.disks.list",)),
    ("snapshot", _COMPUTE, ("Snapshots",), gcp_compute.snapshots, ("compute.snapshots.list",)),
    (
        "group",
        _COMPUTE,
        ("InstanceGroupManagers", "Autoscalers"),
        gcp_services.groups,
        ("compute.instanceGroupManagers.list",),
    ),
    (
        "address",
        _COMPUTE,
        ("Addresses",),
        gcp_services.addresses,
        ("compute.addresses.list", "compute.globalAddresses.list"),
    ),
    (
        "load_balancer",
        _COMPUTE,
        ("ForwardingRules", _REST, *_BEHIND),
        gcp_balancers.load_balancers,
        ("compute.forwardingRules.list", "compute.globalForwardingRules.list"),
    ),
    ("bucket", _STORAGE, (_BUCKETS,), gcp_services.buckets, ("storage.buckets.list",)),
)
"""Type, service, clients, listing, and the permissions that it needs."""

_ENDPOINTS = ("aiplatform.endpoints.list",)
_NEEDS = {kind: needs for kind, *_, needs in _LISTINGS} | {"endpoint": _ENDPOINTS}
_BESIDE = (gcp_services.SCALERS, MONITORED, *(needs for *_, needs in gcp_balancers.BEHIND))
"""Permissions without which resources land with less."""

PERMISSIONS = frozenset(each for needs in (*_NEEDS.values(), *_BESIDE) for each in needs)
"""All that is asked."""


class GcpResources(Inventory):
    """The projects of one source; ``credentials`` are google-auth's, None leaves them to its own chain."""

    def __init__(self, source: GcpInventory, credentials: Any = None) -> None:
        super().__init__(source, "gcp", source.types)
        self._gcp, self._credentials = source, credentials

    def parts(self) -> Iterator[Part]:
        """Yield the parts of each project: machines before their disks, and disks before their snapshots."""
        for name in self._gcp.projects:
            project = GcpProject(name, self._gcp.columns.resource_id.text, self._gcp.timeout_seconds)
            for kind, service, clients, listing, _ in _LISTINGS:
                yield Part(kind, name, service, partial(self._rows, project, clients, listing))
            for region in self._gcp.regions:
                listing = partial(gcp_vertex.endpoints, region=region)
                yield Part("endpoint", f"{name}, {region}", _VERTEX, partial(self._rows, project, (_REST,), listing))

    def explain(self, error: Exception, part: Part) -> FinopsError | None:
        """Return what an error of the SDK means. No message of a login's is repeated: it may quote what was sent."""
        where = f"{part.service} of {part.place}"
        if isinstance(error, Forbidden):
            return Denied(" or ".join(_NEEDS[part.type]), FILE)
        if isinstance(error, RetryError) and isinstance(error.cause, RequestException):
            error = error.cause
        if isinstance(error, ServerError | TooManyRequests | RetryError):
            return Unavailable(f"{where} is busy or failed ({type(error).__name__}); the next run asks again")
        if isinstance(error, GoogleAPICallError):
            return BadInput(f"{where} is refused ({shown(str(error.message), 200)}); correct the source")
        if isinstance(error, DefaultCredentialsError):
            return BadInput(
                "no usable Google credentials; configure the connection of the source, or Google's own chain"
            )
        if isinstance(error, TransportError):
            return Unavailable("Google gives no token now; the next run asks again")
        if isinstance(error, GoogleAuthError):
            return BadInput(f"Google refuses the credentials ({shown(type(error).__name__)}); correct them")
        if isinstance(error, RequestException):
            return Silent(f"{where} does not answer ({shown(type(error).__name__)}); the next run asks again")
        return None

    def _rows(self, project: GcpProject, clients: tuple[str, ...], listing: Any) -> Iterator[Any]:
        if self._credentials is None:
            self._credentials = google.auth.default(scopes=SCOPES)[0]
        with ExitStack() as stack:
            yield from listing(project, *(self._client(project, each, stack) for each in clients))

    def _client(self, project: GcpProject, name: str, stack: ExitStack) -> Any:
        """Return what one of the APIs is asked with, open as long as the stack."""
        gcp, login = self._gcp, self._credentials
        if name == _BUCKETS:
            return Client(project.id, login, client_options=ClientOptions(api_endpoint=gcp.storage_url))
        if name == _REST:
            session = stack.enter_context(AuthorizedSession(login))
            return Rest(session, gcp.vertex_url, gcp.monitoring_url, gcp.timeout_seconds)
        made = getattr(compute_v1, f"{name}Client")
        options = ClientOptions(api_endpoint=gcp.url)
        return stack.enter_context(made(credentials=login, client_options=options, transport="rest"))
