"""Google Cloud: what Compute Engine and Cloud Storage list of a project.

Resources are named as the detailed export's ``resource.global_name`` has them:
``//compute.googleapis.com/projects/P/zones/Z/instances/NUMBER``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import google.auth
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import Forbidden, GoogleAPICallError, RetryError, ServerError, TooManyRequests
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from google.cloud import compute_v1
from google.cloud.storage import Client
from requests.exceptions import RequestException

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.text import shown
from finops.policy.telemetry import GcpInventory
from finops.telemetry.monitors.inventories import gcp_compute, gcp_services
from finops.telemetry.monitors.inventories.gcp_project import GcpProject
from finops.telemetry.monitors.inventories.parts import Denied, Inventory, Part, Silent

SCOPES = (
    "https://www.googleapis.com/auth/compute.readonly",
    "https://www.googleapis.com/auth/devstorage.read_only",
)

_FILE = "gcp/read.yaml"
_COMPUTE, _STORAGE = "Compute Engine", "Cloud Storage"

_LISTINGS = (
    ("machine", _COMPUTE, "Instances", gcp_compute.machines, ("compute.instances.list",)),
    ("disk", _COMPUTE, "Disks", gcp_compute.disks, ("compute.disks.list",)),
    ("snapshot", _COMPUTE, "Snapshots", gcp_compute.snapshots, ("compute.snapshots.list",)),
    ("group", _COMPUTE, "InstanceGroupManagers", gcp_services.groups, ("compute.instanceGroupManagers.list",)),
    (
        "address",
        _COMPUTE,
        "Addresses",
        gcp_services.addresses,
        ("compute.addresses.list", "compute.globalAddresses.list"),
    ),
    (
        "load_balancer",
        _COMPUTE,
        "ForwardingRules",
        gcp_services.load_balancers,
        ("compute.forwardingRules.list", "compute.globalForwardingRules.list"),
    ),
    ("bucket", _STORAGE, "", gcp_services.buckets, ("storage.buckets.list",)),
)
"""Type, service, client of Compute Engine, listing, and the permissions that it needs."""

PERMISSIONS = frozenset(each for *_, needs in _LISTINGS for each in needs)
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
            for kind, service, client, listing, _ in _LISTINGS:
                yield Part(kind, name, service, partial(self._rows, project, client, listing))

    def explain(self, error: Exception, part: Part) -> FinopsError | None:
        """Return what an error of the SDK means. No message of a login's is repeated: it may quote what was sent."""
        where = f"{part.service} of {part.place}"
        if isinstance(error, Forbidden):
            needs = next(needs for kind, *_, needs in _LISTINGS if kind == part.type)
            return Denied(" or ".join(needs), _FILE)
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

    def _rows(self, project: GcpProject, client: str, listing: Any) -> Iterator[Any]:
        if self._credentials is None:
            self._credentials = google.auth.default(scopes=SCOPES)[0]
        if client:
            options = ClientOptions(api_endpoint=self._gcp.url)
            made = getattr(compute_v1, f"{client}Client")(
                credentials=self._credentials, client_options=options, transport="rest"
            )
            with made:
                yield from listing(project, made)
        else:
            options = ClientOptions(api_endpoint=self._gcp.storage_url)
            yield from listing(project, Client(project.id, self._credentials, client_options=options))
