"""The live state of a machine of Azure, and the reasons why one must not be deallocated."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from finops.rightsizing.actions.azure.calls import WATCH, Gone, read
from finops.rightsizing.actions.azure.names import name_of
from finops.rightsizing.actions.base import LOCAL_DISK_TAG, SCRATCH, first_reason
from finops.rightsizing.actions.model import Live, Rejected
from finops.rightsizing.models import Change

KIND = "microsoft.compute/virtualmachines"
GET = "Microsoft.Compute/virtualMachines/read"
READS = (GET, "Microsoft.Compute/skus/read", WATCH)
STANDS = frozenset({"deallocated", "stopped"})
_POWER = "PowerState/"
_STILL = frozenset({"succeeded", "failed", "canceled"})


def observe_machine(subscription: Any, change: Change, *sizes: str) -> Live:
    """Return a machine as it is, with what is known of its size and of ``sizes``.

    Its state is Azure's power state, ``updating`` while Azure is at work on it, ``deleting`` when it goes.
    """
    where, machines = name_of(change, KIND), subscription.compute.virtual_machines
    try:
        found = read(change, GET, machines.get, where.group, where.name, expand="instanceView").as_dict()
    except Gone:
        return Live(exists=False)
    properties = found["properties"]
    size = properties["hardwareProfile"]["vmSize"]
    facts = {
        "instance_type": size,
        "location": found["location"].lower(),
        "zone": next(iter(found.get("zones") or ()), ""),
        "scale_set": properties.get("virtualMachineScaleSet", {}).get("id", ""),
        "has_local_system_disk": _is_ephemeral(properties),
        "is_spot": properties.get("priority", "Regular") != "Regular",
        "eviction_policy": properties.get("evictionPolicy", ""),
        "paid_capacity": _paid_capacity(properties),
        "data_disks": len(properties.get("storageProfile", {}).get("dataDisks") or ()),
        "network_interfaces": len(properties.get("networkProfile", {}).get("networkInterfaces") or ()),
        "types": {name: size_facts(subscription, change, found["location"], name) for name in (size, *sizes)},
    }
    return Live(exists=True, state=_state(properties), tags=found.get("tags") or {}, facts=facts)


def why_not_stop(live: Live) -> str:
    """Return why deallocating would lose data, be undone at once, save nothing or be refused; empty: it is fine."""
    facts = live.facts
    old = facts["types"].get(facts["instance_type"])
    return first_reason(
        (live.state == "deleting", "it is being deleted"),
        (facts["scale_set"], f"it is a member of the scale set {_last(facts['scale_set'])!r}: change that instead"),
        (facts["has_local_system_disk"], "its system disk is ephemeral: Azure cannot deallocate it"),
        (
            facts["is_spot"] and facts["eviction_policy"] != "Deallocate",
            "it is a spot machine that is deleted when evicted: whoever made it makes another",
        ),
        (
            facts["paid_capacity"],
            f"it runs in {_last(facts['paid_capacity'])}, which is paid whether it is used or not",
        ),
        (
            (old is None or old["has_local_disk"]) and live.tags.get(LOCAL_DISK_TAG) != SCRATCH,
            f"its local disks lose their data when it is deallocated; tag it {LOCAL_DISK_TAG}={SCRATCH} if that may be",
        ),
    )


def is_moving(live: Live) -> bool:
    """Return whether Azure is at work on it."""
    return live.exists and live.state not in ("running", *STANDS)


def not_gone(live: Live) -> None:
    """Raise Rejected when the machine has gone since the action began: no step can bring it back."""
    if not live.exists or live.state == "deleting":
        raise Rejected(f"the machine is {live.state or 'gone'} since the action began")


def size_facts(subscription: Any, change: Change, location: str, size: str) -> dict[str, Any] | None:
    """Return what a size has; None for one that the location does not know."""
    sizes: dict[str, dict[str, Any]] = read(change, READS[1], _sizes, subscription.compute, location.lower())
    return sizes.get(size.lower())


@lru_cache(maxsize=32)
def _sizes(compute: Any, location: str) -> dict[str, dict[str, Any]]:
    """Return the sizes of a location, by name in lower case. Some thousand: asked once for each client."""
    found = compute.resource_skus.list(filter=f"location eq '{location}'")
    machines = (each.as_dict() for each in found)
    return {each["name"].lower(): _facts_of(each) for each in machines if each["resourceType"] == "virtualMachines"}


def _facts_of(sku: Mapping[str, Any]) -> dict[str, Any]:
    has = {each["name"]: each["value"] for each in sku.get("capabilities") or ()}
    restrictions = sku.get("restrictions") or ()
    zones = [zone for each in sku.get("locationInfo") or () for zone in each.get("zones") or ()]
    closed = [
        zone
        for each in restrictions
        if each.get("type") == "Zone"
        for zone in each.get("restrictionInfo", {}).get("zones") or ()
    ]
    return {
        "family": sku.get("family", ""),
        "architecture": has.get("CpuArchitectureType", "x64"),
        "gpus": int(has.get("GPUs", 0)),
        "has_local_disk": _has_any(has, "MaxResourceVolumeMB", "NvmeDiskSizeInMiB"),
        "has_temporary_disk": _has_any(has, "MaxResourceVolumeMB"),
        "takes_premium_disks": has.get("PremiumIO") == "True",
        "data_disks": int(has.get("MaxDataDiskCount", 0)),
        "network_interfaces": int(has.get("MaxNetworkInterfaces", 0)),
        "zones": sorted(set(zones) - set(closed)),
        "is_closed": any(each.get("type") == "Location" for each in restrictions),
    }


def _has_any(capabilities: Mapping[str, str], *names: str) -> bool:
    return any(float(capabilities.get(name) or 0) > 0 for name in names)


def _state(properties: Mapping[str, Any]) -> str:
    provisioning = str(properties.get("provisioningState", "")).lower()
    statuses = properties.get("instanceView", {}).get("statuses") or ()
    codes = [str(each.get("code", "")) for each in statuses]
    power = next((code.removeprefix(_POWER).lower() for code in codes if code.startswith(_POWER)), "unknown")
    if provisioning == "deleting":
        return provisioning
    return power if provisioning in _STILL or power not in ("running", *STANDS) else "updating"


def _is_ephemeral(properties: Mapping[str, Any]) -> bool:
    disk = properties.get("storageProfile", {}).get("osDisk", {})
    return bool(disk.get("diffDiskSettings", {}).get("option") == "Local")


def _paid_capacity(properties: Mapping[str, Any]) -> str:
    """Return the reservation or the dedicated host that it runs in, empty for none."""
    reserved = properties.get("capacityReservation", {}).get("capacityReservationGroup", {})
    found = reserved or properties.get("host") or properties.get("hostGroup") or {}
    return str(found.get("id", ""))


def _last(resource_id: str) -> str:
    return resource_id.rpartition("/")[2]
