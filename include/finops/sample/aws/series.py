"""What Meridian runs on AWS: long-lived resources and short jobs, as series of CUR lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from finops.core.periods import BillingPeriod
from finops.sample.chance import seeded
from finops.sample.company import AWS_ACCOUNTS, COST_CENTERS, STALE, Account, Ownership, ownership
from finops.sample.models import SeriesKey
from finops.sample.rhythm import Pattern
from finops.sample.series import Forgetfulness, Offer, Series, catalogue, dealt, hexadecimal, placed

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
OFFERS = catalogue(__package__)
RATES = ("line_item_unblended_rate", "line_item_blended_rate", "line_item_net_unblended_rate")


@cache
def _on_demand_rate(instance_type: str) -> float:
    boxes = [o for o in OFFERS if o["usage_type"] == f"BoxUsage:{instance_type}"]
    return float(boxes[0]["rate"]) if boxes else 0.0


def price(rate: float) -> str:
    """Write a unit price as AWS does: plain decimals without trailing zeros."""
    return f"{rate:.10f}".rstrip("0").rstrip(".")


def stamp(moment: datetime) -> str:
    """Write a moment as AWS does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def rate_of(offer: Offer, region: str, moment: datetime) -> float:
    """Return the price of one unit in a region at a moment."""
    since, factor = PRICE_CHANGES.get(offer["usage_type"], (None, 1.0))
    if since is None or moment < since:
        factor = 1.0
    return round(float(offer["rate"]) * REGIONS[region][1] * factor, 10)


@cache
def _columns(index: int, account: Account, rate: float) -> dict[str, Any]:
    """Return the column values that every line of an offer in an account's region shares."""
    offer = OFFERS[index]
    prefix, _, location = REGIONS[account.region]
    usage_type = prefix + offer["usage_type"]
    is_spot = offer["kind"] == "spot"
    code = "".join(seeded("sku", usage_type, offer["operation"]).choices("ABCDEFGHJKMNPQRSTUVWXYZ23456789", k=16))
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
    sent = {
        "product_from_location": location,
        "product_from_location_type": "AWS Region",
        "product_from_region_code": account.region,
        "product_to_location": "External",
        "product_to_location_type": "Other",
    }
    return {
        **(sent if "DataTransfer-Out" in offer["usage_type"] else {}),
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
        "product_operation": offer["operation"] or None,
        "product_pricing_unit": offer["unit"],
        "product_product_family": offer["family"],
        "product_region_code": account.region,
        "product_servicecode": offer["servicecode"],
        "product_sku": code,
        "product_usagetype": usage_type,
    }


def make(offer: Offer, account: Account, rng: Random, forget: Forgetfulness, moment: datetime, hours: int) -> Series:
    """Invent one resource that buys ``offer``, priced as at ``moment``, and decide whether anybody tagged it."""
    owner = ownership(rng, account, offer["stage"])
    rate = rate_of(offer, account.region, moment)
    by_hours = bool(offer["instance_type"])
    level = float(offer["level"]) * (rng.uniform(0.85, 1.1) if by_hours else rng.lognormvariate(0, 0.5) * owner.traffic)
    is_tagged = not forget(level * rate * hours)
    own: dict[str, Any] = {
        "line_item_usage_account_id": account.id,
        "line_item_usage_account_name": account.name,
        "line_item_resource_id": _resource_id(offer, account, owner, rng),
        "line_item_availability_zone": f"{account.region}{rng.choice('abc')}" if by_hours else None,
    }
    if is_tagged:
        # As CUR 2.0 writes a tag's key: its dashes turned to underscores.
        tags = owner.tags(account.dialect).items()
        own["resource_tags"] = tuple((f"user_{key.replace('-', '_')}", value) for key, value in tags)
        own["cost_category"] = (("business_unit", COST_CENTERS[owner.cost_center]),)
    is_single = by_hours and not offer["usage_type"].startswith("Host:")
    is_counted = offer["unit"] in ("Requests", "Events", "ReadRequestUnits", "WriteRequestUnits")
    return Series(
        shared=_shared(offer, account, rate),
        own=own,
        key=SeriesKey(account.id, offer["product_code"], owner.tagged_model(is_tagged)),
        rate=rate,
        level=level,
        pattern=Pattern(offer["pattern"]),
        is_tagged=is_tagged,
        cap=1.0 if is_single or offer["unit"] == "Hours" else None,
        extra={"decimals": 0 if is_counted else 10, "offer": offer, "account": account, "owner": owner},
    )


def long_lived(seed: int, count: int, period: BillingPeriod) -> list[Series]:
    """Return the long-lived resources, the same every month; a price change splits a series in two."""
    rng, forget = seeded("aws", seed, "long-lived"), Forgetfulness(UNTAGGED_SHARE)
    steady = [o for o in OFFERS if o["kind"] == "always"]
    made: list[Series] = []
    for index, account in placed(steady, count, AWS_ACCOUNTS, AWS_ACCOUNTS[-1], rng):
        offer = steady[index]
        series = make(offer, account, rng, forget, period.start, 730)
        since, _ = PRICE_CHANGES.get(offer["usage_type"], (None, 1.0))
        made.append(series)
        if since is not None and period.start < since < period.end:
            series.last = since
            made.append(_repriced(series, rate_of(offer, account.region, since), since))
    _name_volumes(made)
    return made


def jobs(seed: int, period: BillingPeriod, interval_hours: int) -> Iterator[Series]:
    """Yield, endlessly, the short-lived resources of a month: training runs, spot workers, processing jobs."""
    rng, forget = seeded("aws", seed, "jobs", period), Forgetfulness(UNTAGGED_SHARE)
    short = [o for o in OFFERS if o["kind"] in ("job", "spot")]
    weights = [float(o["weight"]) for o in short]
    days = (period.end - period.start).days
    for offer in dealt(short, weights, 10**9):
        account = rng.choice(AWS_ACCOUNTS[:-1])
        length = int(min(rng.lognormvariate(2.6, 0.7) + 1, 72)) if interval_hours == 1 else rng.randint(1, 4)
        first = period.start + timedelta(hours=rng.randrange(0, days * 24 - 72, interval_hours))
        series = make(offer, account, rng, forget, period.start, length * interval_hours)
        series.first, series.last = first, first + timedelta(hours=length * interval_hours)
        yield series


def _resource_id(offer: Offer, account: Account, owner: Ownership, rng: Random) -> str | None:
    """Return a resource's id or ARN in the form its service uses."""
    name = owner.name
    kind, code = offer["usage_type"], offer["product_code"]
    arn = f"arn:aws:{code.removeprefix('Amazon').removeprefix('AWS').lower()}:{account.region}:{account.id}"
    match code:
        case "AmazonEC2" if kind.startswith("EBS:Volume"):
            return f"vol-0{hexadecimal(rng, 16)}"
        case "AmazonEC2" if kind.startswith("EBS:Snapshot"):
            return f"arn:aws:ec2:{account.region}:{account.id}:snapshot/snap-0{hexadecimal(rng, 16)}"
        case "AmazonEC2" if kind.startswith("NatGateway"):
            return f"arn:aws:ec2:{account.region}:{account.id}:natgateway/nat-0{hexadecimal(rng, 16)}"
        case "AmazonEC2" if kind.startswith("ElasticIP"):
            return f"arn:aws:ec2:{account.region}:{account.id}:elastic-ip/eipalloc-0{hexadecimal(rng, 16)}"
        case "AmazonEC2":
            return f"i-0{hexadecimal(rng, 16)}"
        case "AmazonS3":
            purposes = {STALE: "checkpoints-2023", "training": "checkpoints", "inference": "artifacts"}
            return f"meridian-{name}-{purposes.get(offer['stage'], 'datasets')}-{hexadecimal(rng, 4)}"
        case "AmazonGuardDuty" | "AWSConfig" | "awskms":
            return None
        case "AmazonSageMaker":
            parts = {"Host": "endpoint", "Prov": "endpoint", "Trai": "training-job", "Note": "notebook-instance"}
            return f"{arn}:{parts.get(kind[:4], 'processing-job')}/{name}-{hexadecimal(rng, 6)}"
        case "AmazonBedrock":
            return f"{arn}:application-inference-profile/{hexadecimal(rng, 12)}"
        case _:
            return f"{arn}:{name}-{hexadecimal(rng, 8)}"


def _shared(offer: Offer, account: Account, rate: float) -> dict[str, Any]:
    names = ("product_code", "usage_type", "operation")
    index = next(i for i, each in enumerate(OFFERS) if all(each[name] == offer[name] for name in names))
    return _columns(index, account, rate)


def _name_volumes(series: Sequence[Series]) -> None:
    """Do as a backup service: name in every snapshot's tags the tagged volume of its account that it is of."""

    def of(kind: str) -> list[Series]:
        return [each for each in series if each.extra["offer"]["usage_type"].startswith(kind)]

    for number, snapshot in enumerate(of("EBS:Snapshot")):
        account = snapshot.extra["account"]
        volumes = [each for each in of("EBS:Volume") if each.is_tagged and each.extra["account"] == account]
        if volumes:
            named = volumes[number % len(volumes)].own["line_item_resource_id"]
            snapshot.own["resource_tags"] = (*snapshot.own.get("resource_tags", ()), ("user_source_volume", named))


def _repriced(series: Series, rate: float, since: datetime) -> Series:
    shared = _shared(series.extra["offer"], series.extra["account"], rate)
    return replace(series, shared=shared, rate=rate, first=since, last=None)


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
