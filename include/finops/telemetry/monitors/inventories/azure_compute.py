"""Azure's virtual machines, managed disks, snapshots and scale sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from finops.telemetry.models import Gap
from finops.telemetry.monitors.inventories.azure_subscription import AzureSubscription
from finops.telemetry.monitors.inventories.azure_use import bounds
from finops.telemetry.monitors.inventories.parts import Row, word, yes_no

MACHINE_READS = ("Microsoft.Compute/virtualMachines/read", "Microsoft.Compute/skus/read")
_POWER = "PowerState/"
_DISKS_OF_ITS_OWN = ("MaxResourceVolumeMB", "NvmeDiskSizeInMiB")
_BACKUP = "AzureBackup"


def machines(subscription: AzureSubscription) -> Iterator[Row]:
    """Yield virtual machines; how they stand Azure lists apart from how they are set up."""
    every = subscription.compute.virtual_machines.list_all
    states = {each["id"].lower(): _power(each) for each in subscription.listed(every(status_only="true"))}
    sizes: dict[str, dict[str, dict[str, str]]] = {}
    for each in subscription.listed(every()):
        subscription.machines[each["id"].lower()] = each["id"]
        columns, properties = subscription.columns(each), each.get("properties", {})
        if columns is None:
            continue
        if columns["region"] not in sizes:
            sizes[columns["region"]] = _sizes(subscription, columns["region"])
        size = properties.get("hardwareProfile", {}).get("vmSize", "")
        known = sizes[columns["region"]].get(size.lower())
        yield columns | {
            "instance_type": size,
            "state": states.get(each["id"].lower()),
            "created_at": _moment(properties.get("timeCreated")),
            "group_id": subscription.named(properties.get("virtualMachineScaleSet", {}).get("id")),
            "is_spot": yes_no(properties.get("priority", "Regular") != "Regular"),
            # Of a size that nobody knows it may have some.
            "has_local_disk": yes_no(known is None or _has_disk(known) or _is_ephemeral(properties)),
            "details": {"architecture": _architecture(known)},
        }


def disks(subscription: AzureSubscription) -> Iterator[Row]:
    """Yield managed disks. A reserved one is of a machine that is deallocated."""
    found: dict[str, str] = {}
    for each in subscription.listed(subscription.compute.disks.list()):
        found[each["id"].lower()] = each["id"]
        columns, properties = subscription.columns(each), each.get("properties", {})
        if columns is None:
            continue
        state = word(properties.get("diskState"))
        changed = _moment(properties.get("LastOwnershipUpdateTime"))
        users = [each.get("managedBy"), *(each.get("managedByExtended") or ())]
        yield columns | {
            "state": "in_use" if state == "attached" else state,
            "size_gb": _gigabytes(properties),
            "attached_to": subscription.named(next(filter(None, users), None)),
            "created_at": _moment(properties.get("timeCreated")),
            # When it was attached or detached last.
            "last_used_at": changed if state == "unattached" else None,
            "details": {
                "volume_type": each.get("sku", {}).get("name"),
                "iops": properties.get("diskIOPSReadWrite"),
                "throughput": properties.get("diskMBpsReadWrite"),
            },
        }
    subscription.disks = found


def snapshots(subscription: AzureSubscription) -> Iterator[Row]:
    """Yield snapshots. What an incremental one holds is billed, which Azure does not tell: only its disk's size."""
    for each in subscription.listed(subscription.compute.snapshots.list()):
        columns, properties = subscription.columns(each), each.get("properties", {})
        if columns is None:
            continue
        source = properties.get("creationData", {}).get("sourceResourceId") or ""
        there = subscription.disks
        is_here = source.lower().startswith(f"/subscriptions/{subscription.id}/") and "/disks/" in source.lower()
        source = (there or {}).get(source.lower(), source)
        yield columns | {
            "state": word(properties.get("provisioningState")),
            "attached_to": subscription.named(source),
            "created_at": _moment(properties.get("timeCreated")),
            "details": {
                "source_exists": source.lower() in there if there is not None and is_here else None,
                "managed_by": "Azure Backup" if _BACKUP.lower() in each["id"].lower() else None,
                "source_gb": _gigabytes(properties),
                "is_incremental": properties.get("incremental"),
            },
        }


def groups(subscription: AzureSubscription) -> Iterator[Row | Gap]:
    """Yield scale sets. The bill has the machines of one under the scale set's id, unless its mode is flexible."""
    scaled = bounds(subscription, "groups")
    if isinstance(scaled, Gap):
        yield scaled
        scaled = {}
    for each in subscription.listed(subscription.compute.virtual_machine_scale_sets.list_all()):
        columns, properties = subscription.columns(each), each.get("properties", {})
        if columns is None:
            continue
        profile = properties.get("virtualMachineProfile", {})
        least, most = scaled.get(each["id"].lower(), (None, None))
        yield columns | {
            "instance_type": each.get("sku", {}).get("name"),
            "state": "active",
            "created_at": _moment(properties.get("timeCreated")),
            "is_spot": yes_no(profile.get("priority", "Regular") != "Regular"),
            "details": {
                "minimum": least,
                "maximum": most,
                "desired": each.get("sku", {}).get("capacity"),
                "mode": word(properties.get("orchestrationMode")),
            },
        }


def _power(machine: Mapping[str, Any]) -> str | None:
    statuses = machine.get("properties", {}).get("instanceView", {}).get("statuses") or ()
    codes = (str(each.get("code", "")) for each in statuses)
    return next((word(code.removeprefix(_POWER)) for code in codes if code.startswith(_POWER)), None)


def _sizes(subscription: AzureSubscription, location: str) -> dict[str, dict[str, str]]:
    """Return what the sizes of a location can do, by name in small letters."""
    found = subscription.listed(subscription.compute.resource_skus.list(filter=f"location eq '{location}'"))
    return {
        each["name"].lower(): {one["name"]: one["value"] for one in each.get("capabilities") or ()}
        for each in found
        if each.get("resourceType") == "virtualMachines"
    }


def _has_disk(capabilities: Mapping[str, str]) -> bool:
    return any(float(capabilities.get(name) or 0) > 0 for name in _DISKS_OF_ITS_OWN)


def _is_ephemeral(properties: Mapping[str, Any]) -> bool:
    disk = properties.get("storageProfile", {}).get("osDisk", {})
    return bool(disk.get("diffDiskSettings", {}).get("option") == "Local")


def _architecture(capabilities: Mapping[str, str] | None) -> str | None:
    if capabilities is None:
        return None
    return "arm64" if capabilities.get("CpuArchitectureType", "x64").lower() == "arm64" else "x86_64"


def _gigabytes(properties: Mapping[str, Any]) -> float | None:
    size = properties.get("diskSizeGB")
    return None if size is None else float(size)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
