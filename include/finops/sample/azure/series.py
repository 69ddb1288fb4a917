"""What Meridian runs on Azure, as series of daily cost rows under a Microsoft Customer Agreement."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any

from finops.core.dimensions import ABSENT
from finops.sample.chance import seeded
from finops.sample.company import AZURE_SUBSCRIPTIONS, COST_CENTERS, EUROS_PER_DOLLAR, Account, Ownership, ownership
from finops.sample.models import SeriesKey
from finops.sample.rhythm import Pattern
from finops.sample.series import Forgetfulness, Series, catalogue, dealt, guid, hexadecimal

BILLING_ACCOUNT = "7f2c9d1e-4b7a-5c3d-8e6f-0a1b2c3d4e5f:9b8a7c6d-5e4f-4a3b-9c2d-1e0f9a8b7c6d_2019-05-31"
NEGOTIATED = 0.95
UNTAGGED_SHARE = 0.12
Offer = dict[str, str]


@cache
def offers() -> tuple[Offer, ...]:
    """Return the price list."""
    return tuple(catalogue(__package__))


def profile(currency: str) -> dict[str, str]:
    """Return the billing profile that invoices in a currency; there is one for each."""
    code = {"USD": "MRDN-U5D1-PRF-XYZ", "EUR": "MRDN-EUR2-PRF-XYZ"}[currency]
    return {"billingProfileId": code, "billingProfileName": f"Meridian Robotics {currency}"}


def rate_in(currency: str, dollars: float) -> float:
    """Return a price in a billing currency, with the nine decimals that prices have here."""
    return round(dollars * (EUROS_PER_DOLLAR if currency == "EUR" else 1.0), 9)


def columns(offer: Offer, account: Account) -> dict[str, Any]:
    """Return the column values that every row of an offer in a subscription shares."""
    block, dollars = float(offer["block"]), float(offer["rate"]) * NEGOTIATED
    is_spot = "Spot" in offer["meter"]
    center = account.cost_centers[0]
    meter = seeded("azure/meter", offer["product"], offer["meter"], account.region)
    return {
        **profile(account.currency),
        "invoiceSectionId": f"MRDN-{center[-4:]}-PJA-XYZ",
        "invoiceSectionName": COST_CENTERS[center],
        "costCenter": center,
        "serviceFamily": offer["family"],
        "consumedService": offer["consumed_service"],
        "meterId": guid(meter),
        "meterName": offer["meter"],
        "meterCategory": offer["category"],
        "meterSubCategory": offer["subcategory"],
        "meterRegion": {"eastus": "US East", "westeurope": "EU West"}[account.region],
        "ProductId": f"DZH318Z0{hexadecimal(meter, 4).upper()}-{hexadecimal(meter, 4).upper()}",
        "ProductName": f"{offer['product']} - {account.region}",
        "productOrderId": guid(seeded("azure/order", account.id)),
        "productOrderName": "Azure plan",
        "SubscriptionId": account.id,
        "subscriptionName": account.name,
        "publisherType": "Microsoft",
        "publisherId": "Microsoft",
        "publisherName": "Microsoft",
        "resourceLocation": account.region,
        "location": {"eastus": "US East", "westeurope": "EU West"}[account.region],
        "unitOfMeasure": offer["unit"],
        "chargeType": "Usage",
        "frequency": "UsageBased",
        "pricingModel": "Spot" if is_spot else "OnDemand",
        "billingCurrency": account.currency,
        "pricingCurrency": "USD",
        "unitPrice": f"{dollars:.9f}",
        "PayGPrice": f"{dollars / NEGOTIATED:.9f}",
        "_price": rate_in(account.currency, dollars / block),
        "_dollars": round(dollars / block, 9),
        "_payg": rate_in(account.currency, dollars / NEGOTIATED / block),
    }


@cache
def _columns(index: int, account: Account) -> dict[str, Any]:
    return columns(offers()[index], account)


def make(index: int, account: Account, rng: Random, forget: Forgetfulness) -> Series:
    """Invent one resource that uses offer number ``index`` of the price list."""
    offer = offers()[index]
    is_stale = offer["stage"] == "stale-checkpoints"
    owner = ownership(rng, account, "training" if is_stale else offer["stage"])
    shared = _columns(index, account)
    traffic = owner.model.traffic if owner.model else 1.0
    level = float(offer["level"]) * (rng.uniform(0.85, 1.15) if offer["size"] else rng.lognormvariate(0, 0.5) * traffic)
    is_tagged = not forget(level * shared["_dollars"])
    name = _name(offer, owner, rng, is_stale)
    group = f"rg-{owner.model.project if owner.model else 'platform'}-{owner.environment}"
    scope = f"/subscriptions/{account.id}/resourceGroups/{group}/providers"
    service = offer["consumed_service"]
    own: dict[str, Any] = {
        "resourceGroupName": group,
        "ResourceId": f"{scope}/{service}/{offer['resource_type']}/{name}",
        "additionalInfo": _additional(offer, name),
        "serviceInfo2": None,
    }
    if is_tagged:
        own["tags"] = json.dumps(owner.tags(account.dialect), separators=(",", ":"))
    model = owner.model.name if owner.model and is_tagged else ABSENT
    key = SeriesKey(account.id, offer["category"], model)
    cap = 1.0 if offer["size"] else None
    extra = {"index": index, "account": account, "decimals": 0 if offer["block"] != "1" else 10}
    return Series(shared, own, key, shared["_price"], level, Pattern(offer["pattern"]), is_tagged, cap, extra=extra)


def _name(offer: Offer, owner: Ownership, rng: Random, is_stale: bool) -> str:
    stem = owner.model.name if owner.model else "platform"
    if offer["resource_type"] == "storageAccounts":
        return f"st{stem.replace('-', '')}{'ckpt2023' if is_stale else 'data'}{hexadecimal(rng, 4)}"
    return f"{offer['resource_type'][:4].lower()}-{stem}-{hexadecimal(rng, 5)}"


def _additional(offer: Offer, name: str) -> str | None:
    if not offer["size"]:
        return None
    cores = "".join(filter(str.isdigit, offer["size"].split("_")[1])) or "4"
    return json.dumps({"ServiceType": offer["size"], "VMName": name, "UsageType": "ComputeHR", "VCPUs": int(cores[:3])})


def population(seed: int, count: int) -> list[Series]:
    """Return the resources that are metered every day, month after month the same."""
    rng, forget = seeded("azure", seed, "resources"), Forgetfulness(UNTAGGED_SHARE)
    indices = range(len(offers()))
    made = []
    for number, index in enumerate(dealt(indices, [float(o["weight"]) for o in offers()], count)):
        is_platform = offers()[index]["stage"] == "platform"
        account = AZURE_SUBSCRIPTIONS[-1] if is_platform and number % 3 else rng.choice(AZURE_SUBSCRIPTIONS)
        made.append(make(index, account, rng, forget))
    return made
