"""What Meridian runs on AWS: long-lived resources and short jobs, as series of CUR lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from finops.core.dimensions import ABSENT
from finops.core.periods import BillingPeriod
from finops.sample.aws.snapshots import name_volumes
from finops.sample.chance import seeded
from finops.sample.company import AWS_ACCOUNTS, COST_CENTERS, Account, Ownership, ownership
from finops.sample.models import SeriesKey
from finops.sample.rhythm import Pattern
from finops.sample.series import Forgetfulness, Series, catalogue, dealt, hexadecimal

EDP_DISCOUNT = 0.06
UNTAGGED_SHARE = 0.12
LEGAL_ENTITY = "Amazon Web Services EMEA SARL"
# region: usage type prefix, price level, location
REGIONS = {
    "us-east-1": ("", 1.0, "US East (N. Virginia)"),
    "us-west-2": ("USW2-", 1.0, "US West (Oregon)"),
    "eu-west-1": ("EU-", 1.11, "EU (Ireland)"),
    "eu-central-1": ("EUC1-", 1.2, "EU (Frankfurt)"),
}
# usage type: from when, and what its price is multiplied by
PRICE_CHANGES = {
    "Host:ml.g5.2xlarge": (datetime(2025, 4, 10, tzinfo=UTC), 1.3),
    "NovaPro-output-tokens": (datetime(2025, 5, 20, tzinfo=UTC), 0.6),
}
Offer = dict[str, str]


@cache
def offers() -> tuple[Offer, ...]:
    """Return the price list."""
    return tuple(catalogue(__package__))


@cache
def _on_demand_rate(instance_type: str) -> float:
    boxes = [o for o in offers() if o["usage_type"] == f"BoxUsage:{instance_type}"]
    return float(boxes[0]["rate"]) if boxes else 0.0


def price(rate: float) -> str:
    """Write a unit price as AWS does: plain decimals without trailing zeros."""
    return f"{rate:.10f}".rstrip("0").rstrip(".")


def rate_of(offer: Offer, region: str, moment: datetime) -> float:
    """Return the price of one unit in a region at a moment."""
    since, factor = PRICE_CHANGES.get(offer["usage_type"], (None, 1.0))
    if since is None or moment < since:
        factor = 1.0
    return round(float(offer["rate"]) * REGIONS[region][1] * factor, 10)


def columns(offer: Offer, account: Account, rate: float) -> dict[str, Any]:
    """Return the column values that every line of an offer in an account's region shares."""
    prefix, _, location = REGIONS[account.region]
    usage_type = prefix + offer["usage_type"]
    is_spot = offer["kind"] == "spot"
    sku = seeded("sku", usage_type, offer["operation"]).choices("ABCDEFGHJKMNPQRSTUVWXYZ23456789", k=16)
    code = "".join(sku)
    public = _on_demand_rate(offer["instance_type"]) * REGIONS[account.region][1] if is_spot else rate
    net = rate if is_spot else rate * (1 - EDP_DISCOUNT)
    instance = offer["instance_type"] or None
    details = {
        "product_name": offer["product_name"],
        "servicename": offer["product_name"],
        "region": account.region,
        "group": offer["family"] if instance is None else None,
        "instance_type": instance,
        "instance_family": _family(instance),
        "operating_system": "Linux" if offer["product_code"] == "AmazonEC2" and instance else None,
        "tenancy": "Shared" if instance else None,
        "capacitystatus": "Used" if offer["usage_type"].startswith("BoxUsage") else None,
        "marketoption": "Spot" if is_spot else "OnDemand",
    }
    sent = "DataTransfer-Out" in offer["usage_type"]
    return {
        "line_item_line_item_type": "Usage",
        "line_item_product_code": offer["product_code"],
        "line_item_usage_type": usage_type,
        "line_item_operation": offer["operation"] or None,
        "line_item_line_item_description": f"${price(rate)} per {offer['unit']} of {usage_type} in {location}",
        "line_item_unblended_rate": price(rate),
        "line_item_blended_rate": price(rate),
        "line_item_net_unblended_rate": price(net),
        "line_item_normalization_factor": normal_factor(instance),
        "pricing_public_on_demand_rate": price(public),
        "pricing_rate_code": f"{code}.JRTCKXETXF.6YS6EN2CT7",
        "pricing_rate_id": str(seeded(code).randint(10**9, 10**11)),
        "pricing_term": "Spot" if is_spot else "OnDemand",
        "pricing_unit": offer["unit"],
        "product": tuple((k, v) for k, v in details.items() if v),
        "product_instance_family": _family(instance),
        "product_instance_type": instance,
        "product_location": location,
        "product_location_type": "AWS Region",
        "product_from_location": location if sent else None,
        "product_from_location_type": "AWS Region" if sent else None,
        "product_from_region_code": account.region if sent else None,
        "product_to_location": "External" if sent else None,
        "product_to_location_type": "Other" if sent else None,
        "product_operation": offer["operation"] or None,
        "product_pricing_unit": offer["unit"],
        "product_product_family": offer["family"],
        "product_region_code": account.region,
        "product_servicecode": offer["servicecode"],
        "product_sku": code,
        "product_usagetype": usage_type,
    }


def tags(owner: Ownership, dialect: int) -> tuple[tuple[str, str], ...]:
    """Return the resource tags as CUR 2.0 writes them: ``user_`` and the key, its dashes turned to underscores."""
    spelled = owner.tags(dialect).items()
    return tuple((f"user_{key.replace('-', '_')}", value) for key, value in spelled)


def make(offer: Offer, account: Account, rng: Random, forget: Forgetfulness, moment: datetime, hours: int) -> Series:
    """Invent one resource that buys ``offer``, priced as at ``moment``, and decide whether anybody tagged it."""
    is_stale = offer["stage"] == "stale-checkpoints"
    owner = ownership(rng, account, "training" if is_stale else offer["stage"])
    rate = rate_of(offer, account.region, moment)
    traffic = owner.model.traffic if owner.model else 1.0
    by_hours = bool(offer["instance_type"])
    size = 1.0 if by_hours else rng.lognormvariate(0, 0.5) * traffic
    level = float(offer["level"]) * (rng.uniform(0.85, 1.1) if by_hours else size)
    is_tagged = not forget(level * rate * hours)
    own: dict[str, Any] = {
        "line_item_usage_account_id": account.id,
        "line_item_usage_account_name": account.name,
        "line_item_resource_id": resource_id(offer, account, owner, rng, is_stale),
        "line_item_availability_zone": f"{account.region}{rng.choice('abc')}" if by_hours else None,
    }
    if is_tagged:
        own["resource_tags"] = tags(owner, account.dialect)
        own["cost_category"] = (("business_unit", COST_CENTERS[owner.cost_center]),)
    model = owner.model.name if owner.model and is_tagged else ABSENT
    is_single = by_hours and not offer["usage_type"].startswith("Host:")
    return Series(
        shared=_shared(offer, account, rate),
        own=own,
        key=SeriesKey(account.id, offer["product_code"], model),
        rate=rate,
        level=level,
        pattern=Pattern(offer["pattern"]),
        is_tagged=is_tagged,
        cap=1.0 if is_single or offer["unit"] in ("Hours",) else None,
        extra={
            "decimals": 0 if offer["unit"] in ("Requests", "Events", "ReadRequestUnits", "WriteRequestUnits") else 10,
            "offer": offer,
            "account": account,
        },
    )


def long_lived(seed: int, count: int, period: BillingPeriod) -> list[Series]:
    """Return the resources that live on, month after month the same; a price change cuts one in two."""
    rng, forget = seeded("aws", seed, "long-lived"), Forgetfulness(UNTAGGED_SHARE)
    steady = [o for o in offers() if o["kind"] == "always"]
    made: list[Series] = []
    for number, offer in enumerate(dealt(steady, [float(o["weight"]) for o in steady], count)):
        account = AWS_ACCOUNTS[-1] if offer["stage"] == "platform" and number % 3 else rng.choice(AWS_ACCOUNTS)
        series = make(offer, account, rng, forget, period.start, 730)
        since, _ = PRICE_CHANGES.get(offer["usage_type"], (None, 1.0))
        made.append(series)
        if since is not None and period.start < since < period.end:
            series.last = since
            made.append(_repriced(series, rate_of(offer, account.region, since), since))
    name_volumes(made)
    return made


def jobs(seed: int, period: BillingPeriod, interval_hours: int) -> Iterator[Series]:
    """Yield, without end, the short-lived resources of a month: training runs, spot workers, processing jobs."""
    rng, forget = seeded("aws", seed, "jobs", period), Forgetfulness(UNTAGGED_SHARE)
    short = [o for o in offers() if o["kind"] in ("job", "spot")]
    weights = [float(o["weight"]) for o in short]
    days = (period.end - period.start).days
    for offer in dealt(short, weights, 10**9):
        account = rng.choice(AWS_ACCOUNTS[:-1])
        length = int(min(rng.lognormvariate(2.6, 0.7) + 1, 72)) if interval_hours == 1 else rng.randint(1, 4)
        first = period.start + timedelta(hours=rng.randrange(0, days * 24 - 72, interval_hours))
        series = make(offer, account, rng, forget, period.start, length * interval_hours)
        series.first, series.last = first, first + timedelta(hours=length * interval_hours)
        yield series


def resource_id(offer: Offer, account: Account, owner: Ownership, rng: Random, is_stale: bool) -> str | None:
    """Return a resource's id or ARN in the form its service uses."""
    name = owner.model.name if owner.model else "platform"
    kind, code = offer["usage_type"], offer["product_code"]
    arn = f"arn:aws:{code.removeprefix('Amazon').removeprefix('AWS').lower()}:{account.region}:{account.id}"
    match code:
        case "AmazonEC2" if "Usage:" in kind and "EBS" not in kind:
            return f"i-0{hexadecimal(rng, 16)}"
        case "AmazonEC2" if kind.startswith("EBS:Volume"):
            return f"vol-0{hexadecimal(rng, 16)}"
        case "AmazonEC2" if kind.startswith("EBS:Snapshot"):
            return f"arn:aws:ec2:{account.region}:{account.id}:snapshot/snap-0{hexadecimal(rng, 16)}"
        case "AmazonEC2" if kind.startswith("NatGateway"):
            return f"arn:aws:ec2:{account.region}:{account.id}:natgateway/nat-0{hexadecimal(rng, 16)}"
        case "AmazonEC2":
            return f"i-0{hexadecimal(rng, 16)}"
        case "AmazonS3":
            purpose = (
                "checkpoints-2023"
                if is_stale
                else {"training": "checkpoints", "inference": "artifacts"}.get(offer["stage"], "datasets")
            )
            return f"meridian-{name}-{purpose}-{hexadecimal(rng, 4)}"
        case "AmazonGuardDuty" | "AWSConfig" | "awskms":
            return None
        case "AmazonSageMaker":
            part = {"Host": "endpoint", "Trai": "training-job", "Note": "notebook-instance"}.get(
                kind[:4], "processing-job"
            )
            return f"{arn}:{part}/{name}-{hexadecimal(rng, 6)}"
        case "AmazonBedrock":
            return f"{arn}:application-inference-profile/{hexadecimal(rng, 12)}"
        case _:
            return f"{arn}:{name}-{hexadecimal(rng, 8)}"


@cache
def _shared_cached(names: tuple[str, ...], account: Account, rate: float) -> dict[str, Any]:
    offer = next(o for o in offers() if _names(o) == names)
    return columns(offer, account, rate)


def _names(offer: Offer) -> tuple[str, ...]:
    return offer["product_code"], offer["usage_type"], offer["operation"]


def _shared(offer: Offer, account: Account, rate: float) -> dict[str, Any]:
    return _shared_cached(_names(offer), account, rate)


def _repriced(series: Series, rate: float, since: datetime) -> Series:
    extra = series.extra
    shared = _shared(extra["offer"], extra["account"], rate)
    return Series(
        shared,
        series.own,
        series.key,
        rate,
        series.level,
        series.pattern,
        series.is_tagged,
        series.cap,
        first=since,
        extra=extra,
    )


def _family(instance: str | None) -> str | None:
    if instance is None:
        return None
    is_gpu = any(f".{g}" in f".{instance}" for g in ("p4", "p5", "g5", "g6"))
    return "GPU instance" if is_gpu else "General purpose"


def normal_factor(instance: str | None) -> float | None:
    """Return the normalised units of an hour of this size, by which size-flexible reservations count."""
    if instance is None:
        return None
    size = instance.rsplit(".", 1)[-1]
    named = {"medium": 2.0, "large": 4.0, "xlarge": 8.0}
    return named.get(size) or (8.0 * float(size.removesuffix("xlarge")) if size.endswith("xlarge") else None)
