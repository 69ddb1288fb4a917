"""Azure: what Resource Manager lists of the compute, network, storage and machine learning of a subscription.

Resources are named by their whole id, as Resource Manager spells it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import CredentialUnavailableError, DefaultAzureCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.storage import StorageManagementClient

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.text import shown
from finops.policy.telemetry import AzureInventory
from finops.telemetry.monitors.inventories import azure_compute, azure_endpoints, azure_services
from finops.telemetry.monitors.inventories.azure_subscription import AzureSubscription
from finops.telemetry.monitors.inventories.azure_use import FORBIDDEN, METRIC_READ, READ_FILE, SCALING_READ
from finops.telemetry.monitors.inventories.parts import Denied, Inventory, Part, Silent

_RETRIES = 5
_LONGEST_WAIT = 60
"""Seconds between two attempts at most."""
_TOO_MANY, _FAILURE = 429, 500

_LISTINGS = (
    ("machine", azure_compute.machines, azure_compute.MACHINE_READS),
    ("disk", azure_compute.disks, ("Microsoft.Compute/disks/read",)),
    ("snapshot", azure_compute.snapshots, ("Microsoft.Compute/snapshots/read",)),
    ("group", azure_compute.groups, ("Microsoft.Compute/virtualMachineScaleSets/read",)),
    ("address", azure_services.addresses, ("Microsoft.Network/publicIPAddresses/read",)),
    ("load_balancer", azure_services.load_balancers, ("Microsoft.Network/loadBalancers/read",)),
    ("bucket", azure_services.buckets, azure_services.BUCKET_READS),
    ("endpoint", azure_endpoints.endpoints, azure_endpoints.READS),
)
"""Type, listing, and the permissions that it needs."""

PERMISSIONS = frozenset(each for *_, needs in _LISTINGS for each in needs) | {
    azure_services.GATEWAY_READ,
    azure_services.POLICY_READS,
    METRIC_READ,
    SCALING_READ,
}
"""All that is asked."""


class AzureResources(Inventory):
    """The subscriptions of one source; ``credential`` is one of azure-identity's, None leaves it to its own chain."""

    def __init__(self, source: AzureInventory, credential: Any = None) -> None:
        super().__init__(source, "azure", source.types)
        self._azure, self._credential = source, credential
        self._open: list[Any] = []

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        for client in self._open:
            client.close()
        self._open.clear()

    def parts(self) -> Iterator[Part]:
        """Yield the parts of each subscription: machines before their disks, and disks before their snapshots."""
        credential = self._credential or DefaultAzureCredential()
        for name in self._azure.subscriptions:
            compute = self._client(ComputeManagementClient, credential, name)
            storage = self._client(StorageManagementClient, credential, name)
            text = self._azure.columns.resource_id.text
            subscription = AzureSubscription(name, self._azure.url, compute, storage, text)
            for kind, listing, _ in _LISTINGS:
                yield Part(kind, name, "Resource Manager", partial(listing, subscription))

    def explain(self, error: Exception, part: Part) -> FinopsError | None:
        """Return what an error of the SDK means. No message of Azure's is repeated: it may quote what was sent."""
        where = f"Azure's {part.service}"
        if isinstance(error, CredentialUnavailableError):
            return BadInput("no usable Azure credentials; configure the connection of the source, or Azure's own chain")
        if isinstance(error, HttpResponseError) and error.status_code == FORBIDDEN:
            needs = next(needs for kind, _, needs in _LISTINGS if kind == part.type)
            return Denied(" or ".join(needs), READ_FILE)
        if isinstance(error, ClientAuthenticationError):
            return BadInput(f"Azure refuses the credentials ({shown(type(error).__name__)}); correct them")
        if isinstance(error, ServiceRequestError | ServiceResponseError):
            return Silent(f"{where} does not answer ({shown(type(error).__name__)}); the next run asks again")
        if isinstance(error, HttpResponseError):
            return _refusal(where, error)
        if isinstance(error, AzureError):
            return Unavailable(f"{where} failed ({shown(type(error).__name__)}); the next run asks again")
        return None

    def _client(self, kind: Any, credential: Any, subscription: str) -> Any:
        made = kind(
            credential,
            subscription,
            base_url=self._azure.url,
            credential_scopes=[f"{self._azure.url}/.default"],
            retry_total=_RETRIES,
            retry_backoff_max=_LONGEST_WAIT,
            connection_timeout=10,
            read_timeout=self._azure.timeout_seconds,
        )
        self._open.append(made)
        return made


def _refusal(where: str, error: HttpResponseError) -> FinopsError:
    status = error.status_code or _FAILURE
    says = shown(str(getattr(error.error, "code", None) or f"status {status}"), 100)
    if status == _TOO_MANY:
        return Unavailable(f"{where} is busy and answered {status}; the next run asks again")
    if status >= _FAILURE:
        return Unavailable(f"{where} failed ({says}); the next run asks again")
    return BadInput(f"{where} is refused ({says}); correct the source")
