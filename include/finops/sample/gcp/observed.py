"""What a series of Google's export is to the company's AI models."""

from __future__ import annotations

from typing import Any

from finops.core.providers import Provider
from finops.sample.company import STALE
from finops.sample.gcp.series import OFFERS
from finops.sample.series import Offer, Series
from finops.sample.telemetry.assets import Asset, Role

GIBIBYTE = 2.0**30
_GPUS = {"a2-highgpu-1g": 1, "a3-highgpu-8g": 8, "g2-standard-8": 1}

_COVERED = ("resource", "memory", "dollar")
"""Credits of commitments."""

_TYPES = {
    "PD Capacity": "disk",
    "Nat Gateway Uptime": "address",
    "Forwarding Rule": "load_balancer",
    "Online/Batch Prediction": "endpoint",
    "Standard Storage": "bucket",
    "Nearline Storage": "bucket",
}
"""What an inventory calls a thing, by a part of its SKU."""


def look(series: Series) -> Asset | None:
    """Return the asset that a series is about, without its lines; None for what is not observed."""
    owner = series.extra.get("owner")
    if owner is None:
        return None
    offer, named = OFFERS[series.extra["index"]], dict(series.get("resource"))
    place = dict(series.get("location"))
    # Google bills cores and GPUs apart, each under a resource of its own here.
    gpus = _GPUS.get(offer["machine"], 1) if "GPU" in offer["sku"] else 0
    role, more = _role(offer, named["name"], place["region"], gpus)
    if role is None:
        return None
    made: dict[str, Any] = {
        "region": place["region"],
        "zone": place["zone"],
        "instance_type": offer["machine"],
        "gpus": gpus,
        "is_spot": "Preemptible" in offer["sku"],
        "is_forgotten": bool(series.extra.get("is_forgotten")),
        "type": _type(offer["sku"], offer["machine"]),
        "meter": offer["sku"],
        "account": series.extra["account"].id,
        "is_covered": (series.extra.get("credit") or "").startswith(_COVERED),
        "tags": tuple((label["key"], label["value"]) for label in map(dict, series.get("labels"))),
    }
    return Asset(Provider.GCP, named["global_name"], role, owner, **{**made, **more})


def _role(offer: Offer, name: str, region: str, gpus: int) -> tuple[Role | None, dict[str, Any]]:
    sku, stage = offer["sku"], offer["stage"]
    if gpus:
        return (Role.SERVER if stage == "inference" else Role.TRAINER), {}
    if sku.startswith(("A2 Instance Core", "N1 Predefined", "Vertex AI: Training")):
        return Role.BATCH, {}
    if sku.startswith("Gemini"):
        return (Role.TOKENS_IN if "Input" in sku else Role.TOKENS_OUT), {}
    if sku.startswith("Network Internet Egress"):
        return Role.TRANSFER, {"flow": (f"{region}-a", "europe-west1"), "scale": GIBIBYTE}
    if sku.startswith(("Networking Cloud Nat Data", "Download Worldwide")):
        return Role.TRANSFER, {"flow": (f"{region}-a", "internet"), "scale": GIBIBYTE}
    if sku.startswith("Standard Storage") and stage in ("training", STALE):
        return Role.BUCKET, {"uri": f"gs://{name}"}
    return (Role.OTHER if _type(sku, offer["machine"]) else None), {}


def _type(sku: str, machine: str) -> str:
    """Return what an inventory calls it: memory is billed apart, and is no thing of its own."""
    if machine and ("Core running" in sku or "GPU" in sku):
        return "machine"
    return next((name for part, name in _TYPES.items() if part in sku), "")
