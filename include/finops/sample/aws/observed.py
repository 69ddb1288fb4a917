"""What a series of a CUR is to the company's AI models."""

from __future__ import annotations

from finops.core.providers import Provider
from finops.sample.company import STALE
from finops.sample.series import Series
from finops.sample.telemetry.assets import Asset, Role

GIGABYTE = 2.0**30
_GPUS = {
    "g5.xlarge": 1,
    "g5.2xlarge": 1,
    "g5.12xlarge": 4,
    "g6e.xlarge": 1,
    "g6e.12xlarge": 4,
    "p4d.24xlarge": 8,
    "p5.48xlarge": 8,
}

_COVERED = frozenset({"SavingsPlanCoveredUsage", "DiscountedUsage"})
_TYPES = {
    "BoxUsage:": "machine",
    "SpotUsage:": "machine",
    "EBS:VolumeUsage": "disk",
    "EBS:SnapshotUsage": "snapshot",
    "NatGateway-Hours": "address",
    "ElasticIP:": "address",
    "LoadBalancerUsage": "load_balancer",
    "Notebk:": "notebook",
    "Host:": "endpoint",
    "ProvisionedConcurrency:": "endpoint",
    "TimedStorage-": "bucket",
}
"""What an inventory calls a thing, by how its usage type begins."""


def look(series: Series) -> Asset | None:
    """Return the asset that a series is about, without its lines; None for what is not observed."""
    offer, owner = series.extra.get("offer"), series.extra.get("owner")
    identity = series.get("line_item_resource_id")
    if offer is None or owner is None or identity is None or series.get("line_item_operation") == "EKSPod-EC2":
        return None
    kind, stage, region = offer["usage_type"], offer["stage"], series.extra["account"].region
    gpus = _GPUS.get(offer["instance_type"].removeprefix("ml."), 0)
    made = {
        "region": region,
        "zone": series.get("line_item_availability_zone"),
        "instance_type": offer["instance_type"],
        "gpus": gpus,
        "is_spot": offer["kind"] == "spot",
        "is_forgotten": bool(series.extra.get("is_forgotten")),
        "type": _type(kind, offer),
        "meter": kind,
        "account": series.extra["account"].id,
        "tags": _tags(series),
        "is_covered": series.get("line_item_line_item_type") in _COVERED,
        "purpose": series.extra.get("purpose"),
        "hourly_cost": float(series.get("line_item_net_unblended_rate") or 0),
    }
    role, more = _role(kind, stage, region, offer, identity, gpus)
    return Asset(Provider.AWS, identity, role, owner, **{**made, **more}) if role else None


def _role(
    kind: str, stage: str, region: str, offer: dict[str, str], identity: str, gpus: int
) -> tuple[Role | None, dict[str, object]]:
    if gpus:
        return (Role.SERVER if stage == "inference" else Role.TRAINER), {}
    if offer["instance_type"] and stage == "data-preprocessing" and offer["kind"] in ("job", "spot"):
        return Role.BATCH, {}
    if kind.endswith("-tokens") and stage == "inference":
        return (Role.TOKENS_IN if "input" in kind else Role.TOKENS_OUT), {"scale": 1000.0}
    if kind.startswith("DataTransfer-Regional"):
        return Role.TRANSFER, {"flow": (f"{region}a", f"{region}b"), "scale": GIGABYTE}
    if kind.startswith("DataTransfer-Out") or kind == "NatGateway-Bytes":
        return Role.TRANSFER, {"flow": (f"{region}a", "internet"), "scale": GIGABYTE}
    if offer["product_code"] == "AmazonS3" and kind == "TimedStorage-ByteHrs" and stage in ("training", STALE):
        return Role.BUCKET, {"uri": f"s3://{identity}"}
    return (Role.OTHER if _type(kind, offer) else None), {}


def _type(kind: str, offer: dict[str, str]) -> str:
    """Return what an inventory calls it."""
    if kind == "TimedStorage-ByteHrs" and offer["product_code"] != "AmazonS3":
        return ""
    return next((name for start, name in _TYPES.items() if kind.startswith(start)), "")


def _tags(series: Series) -> tuple[tuple[str, str], ...]:
    """Return its tags as the account spells them: the bill turns their dashes to underscores."""
    if not series.is_tagged:
        return ()
    account = series.extra["account"]
    own = tuple(series.extra["owner"].tags(account.dialect).items())
    return own + tuple(series.extra.get("tags", ()))
