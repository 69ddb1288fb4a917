"""Azure Machine Learning's online endpoints: the bill has those of a workspace under the workspace's id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories import use
from finops.telemetry.monitors.inventories.azure_subscription import AzureSubscription
from finops.telemetry.monitors.inventories.azure_use import Bounds, Counts, bounds
from finops.telemetry.monitors.inventories.parts import Row, word

_KIND = "Microsoft.MachineLearningServices/workspaces"
READS = (f"{_KIND}/read", f"{_KIND}/onlineEndpoints/read", f"{_KIND}/onlineEndpoints/deployments/read")
_VERSION = "2024-10-01"

_Found = Mapping[str, Any]
_Served = tuple[_Found, list[dict[str, Any]]]
"""An endpoint, and its deployments."""


def endpoints(subscription: AzureSubscription) -> Iterator[Row | Gap]:
    """Yield workspaces that have online endpoints, with what serves in them, and when they were called last."""
    scaled = bounds(subscription, "endpoints")
    if isinstance(scaled, Gap):
        yield scaled
        scaled = {}
    counts = Counts(subscription, "last use of endpoints")
    for workspace in subscription.every(_KIND, _VERSION):
        columns = subscription.columns(workspace)
        if columns is None:
            continue
        served: list[_Served] = [
            (each, list(subscription.below(each["id"], "deployments", _VERSION)))
            for each in subscription.below(workspace["id"], "onlineEndpoints", _VERSION)
        ]
        if not served:
            continue
        used = _last_use(served, counts)
        yield from counts.told()
        yield columns | {
            "instance_type": _instance_type(served),
            "state": _state(served),
            "created_at": min(filter(None, (_moment(each, "createdAt") for each, _ in served)), default=None),
            "last_used_at": used,
            "details": _details(served, scaled),
        }


def _details(served: Sequence[_Served], scaled: Mapping[str, Bounds]) -> dict[str, Any]:
    """Return what is known of the one deployment of a workspace. Several are scaled each by itself."""
    every = [(endpoint, each) for endpoint, deployments in served for each in deployments]
    if len(every) != 1:
        return {"endpoints": len(served), "variants": len(every)}
    [(endpoint, deployment)] = every
    properties = deployment.get("properties", {})
    own = properties.get("scaleSettings") or {}
    least, most = scaled.get(deployment["id"].lower(), (own.get("minInstances"), own.get("maxInstances")))
    number = deployment.get("sku", {}).get("capacity")
    return {
        "endpoints": len(served),
        "variant": f"{endpoint['name']}/{deployment['name']}",
        "instances": number,
        "desired": number,
        "minimum": least,
        "maximum": most,
        "compute": word(properties.get("endpointComputeType")),
    }


def _state(served: Sequence[_Served]) -> str | None:
    """Return how the endpoints stand: of several, as one does that is not in service."""
    states = [word(each.get("properties", {}).get("provisioningState")) for each, _ in served]
    others = [each for each in states if each != "succeeded"]
    return others[0] if others else "in_service"


def _instance_type(served: Sequence[_Served]) -> str | None:
    """Return the type of the machines, where all deployments have one."""
    types = {each.get("properties", {}).get("instanceType") for _, deployments in served for each in deployments}
    return types.pop() if len(types) == 1 else None


def _last_use(served: Sequence[_Served], counts: Counts) -> datetime | None:
    """Return when any of the endpoints was called last; None where that is not known of all."""
    found = []
    for endpoint, deployments in served:
        if any(each.get("properties", {}).get("endpointComputeType") != "Managed" for each in deployments):
            # A cluster of one's own need not tell Azure.
            return None
        days = counts.by_day(endpoint["id"], "RequestsPerMinute", "Average", use.USE_DAYS)
        changed = _moment(endpoint, "lastModifiedAt") or _moment(endpoint, "createdAt")
        if (used := use.last_use([days], changed)) is None:
            return None
        found.append(used)
    return max(found)


def _moment(found: _Found, name: str) -> datetime | None:
    text = (found.get("systemData") or {}).get(name)
    return datetime.fromisoformat(text) if text else None
