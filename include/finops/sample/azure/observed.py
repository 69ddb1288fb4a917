"""What a series of Azure's cost details is to the company's AI models."""

from __future__ import annotations

from typing import Any

from finops.core.providers import Provider
from finops.sample.azure.series import OFFERS
from finops.sample.company import STALE
from finops.sample.series import Offer, Series
from finops.sample.telemetry.assets import Asset, Role

GIGABYTE = 2.0**30
_GPUS = {
    "Standard_NC24ads_A100_v4": 1,
    "Standard_ND96asr_v4": 8,
    "Standard_ND96isr_H100_v5": 8,
    "Standard_NC4as_T4_v3": 1,
    "Standard_NC16as_T4_v3": 1,
}
_TYPES = {
    "virtualMachines": "machine",
    "virtualMachineScaleSets": "group",
    "disks": "disk",
    "natGateways": "address",
    "loadBalancers": "load_balancer",
    "workspaces": "endpoint",
    "storageAccounts": "bucket",
}
"""What an inventory calls a thing, by its type in Azure."""
_ENDPOINT = "Managed Endpoint NC4as T4 v3"


def look(series: Series) -> Asset | None:
    """Return the asset that a series is about, without its lines; None for what is not observed."""
    owner = series.extra.get("owner")
    if owner is None:
        return None
    offer, identity = OFFERS[series.extra["index"]], series.get("ResourceId")
    region = series.extra["account"].region
    gpus = 1 if offer["meter"] == _ENDPOINT else _GPUS.get(offer["size"], 0)
    role, more = _role(offer, identity, region, gpus)
    if role is None:
        return None
    made: dict[str, Any] = {
        "region": region,
        "instance_type": offer["size"],
        "gpus": gpus,
        "is_spot": offer["meter"].endswith("Spot"),
        "is_forgotten": bool(series.extra.get("is_forgotten")),
        "type": _type(offer),
        "meter": offer["meter"],
        "account": series.extra["account"].id,
        "tags": tuple(owner.tags(series.extra["account"].dialect).items()) if series.is_tagged else (),
        "is_covered": series.get("pricingModel") in ("Reservation", "SavingsPlan"),
    }
    return Asset(Provider.AZURE, identity, role, owner, **{**made, **more})


def _role(offer: Offer, identity: str, region: str, gpus: int) -> tuple[Role | None, dict[str, Any]]:
    meter, stage = offer["meter"], offer["stage"]
    if gpus:
        return (Role.SERVER if stage == "inference" else Role.TRAINER), {}
    if offer["size"] and stage == "data-preprocessing":
        return Role.BATCH, {}
    if meter.startswith("gpt-4o"):
        return (Role.TOKENS_IN if "Input" in meter else Role.TOKENS_OUT), {}
    if meter in ("Standard Data Transfer Out", "Standard Data Processed"):
        return Role.TRANSFER, {"flow": (region, "internet"), "scale": GIGABYTE}
    if meter == "Hot LRS Data Stored" and stage in ("training", STALE):
        return Role.BUCKET, {"uri": f"https://{identity.rsplit('/', 1)[-1]}.blob.core.windows.net/checkpoints"}
    return (Role.OTHER if _type(offer) else None), {}


def _type(offer: Offer) -> str:
    """Return what an inventory calls it."""
    if offer["meter"] in ("Standard Data Transfer Out", "Standard Data Processed"):
        return ""
    if offer["resource_type"] == "workspaces" and offer["meter"] != _ENDPOINT:
        return ""
    if offer["resource_type"] == "storageAccounts" and offer["meter"] != "Hot LRS Data Stored":
        return ""
    return _TYPES.get(offer["resource_type"], "")
