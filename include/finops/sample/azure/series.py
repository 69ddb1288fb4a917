"""What Meridian runs on Azure, as series of daily cost rows under a Microsoft Customer Agreement."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any

from finops.sample.chance import seeded
from finops.sample.company import AZURE_SUBSCRIPTIONS, COST_CENTERS, STALE, Account, Ownership, ownership, per_dollar
from finops.sample.models import SeriesKey
from finops.sample.rhythm import Pattern
from finops.sample.series import Forgetfulness, Offer, Series, catalogue, guid, hexadecimal, placed, varied

BILLING_ACCOUNT = "7f2c9d1e-4b7a-5c3d-8e6f-0a1b2c3d4e5f:9b8a7c6d-5e4f-4a3b-9c2d-1e0f9a8b7c6d_2019-05-31"
NEGOTIATED = 0.95
UNTAGGED_SHARE = 0.12
OFFERS = catalogue(__package__)


def profile(currency: str) -> dict[str, str]:
    """Return the billing profile that invoices in a currency; there is one for each."""
    code = {"USD": "MRDN-U5D1-PRF-XYZ", "EUR": "MRDN-EUR2-PRF-XYZ"}[currency]
    return {"billingProfileId": code, "billingProfileName": f"Meridian Robotics {currency}"}


def rate_in(currency: str, dollars: float) -> float:
    """Return a price in a billing currency, with the nine decimals that prices have here."""
    return round(dollars * per_dollar(currency), 9)


@cache
def _columns(index: int, account: Account) -> dict[str, Any]:
    """Return the column values that every row of an offer in a subscription shares."""
    offer = OFFERS[index]
    block, dollars = float(offer["block"]), float(offer["rate"]) * NEGOTIATED
    is_spot = "Spot" in offer["meter"]
    center, region = account.cost_centers[0], {"eastus": "US East", "westeurope": "EU West"}[account.region]
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
        "meterRegion": region,
        "ProductId": f"DZH318Z0{hexadecimal(meter, 4).upper()}-{hexadecimal(meter, 4).upper()}",
        "ProductName": f"{offer['product']} - {account.region}",
        "productOrderId": guid(seeded("azure/order", account.id)),
        "productOrderName": "Azure plan",
        "SubscriptionId": account.id,
        "subscriptionName": account.name,
        **dict.fromkeys(("publisherType", "publisherId", "publisherName"), "Microsoft"),
        "resourceLocation": account.region,
        "location": region,
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


def make(index: int, account: Account, rng: Random, forget: Forgetfulness) -> Series:
    """Invent one resource that uses offer number ``index`` of the price list."""
    offer = OFFERS[index]
    owner = ownership(rng, account, offer["stage"])
    shared = _columns(index, account)
    level = float(offer["level"]) * varied(rng, owner, is_machine=bool(offer["size"]))
    is_tagged = not forget(level * shared["_dollars"])
    name = _name(offer, owner, rng)
    group = f"rg-{owner.model.project if owner.model else 'platform'}-{owner.environment}"
    scope = f"/subscriptions/{account.id}/resourceGroups/{group}/providers"
    own: dict[str, Any] = {
        "resourceGroupName": group,
        "ResourceId": f"{scope}/{offer['consumed_service']}/{offer['resource_type']}/{name}",
        "additionalInfo": _additional(offer, name),
        "serviceInfo2": None,
    }
    if is_tagged:
        own["tags"] = json.dumps(owner.tags(account.dialect), separators=(",", ":"))
    key = SeriesKey(account.id, offer["category"], owner.tagged_model(is_tagged))
    cap = 1.0 if offer["size"] else None
    decimals = 0 if offer["block"] != "1" else 10
    extra = {"index": index, "account": account, "owner": owner, "decimals": decimals}
    return Series(shared, own, key, shared["_price"], level, Pattern(offer["pattern"]), is_tagged, cap, extra=extra)


def _name(offer: Offer, owner: Ownership, rng: Random) -> str:
    if offer["resource_type"] == "storageAccounts":
        purpose = "ckpt2023" if offer["stage"] == STALE else "data"
        return f"st{owner.name.replace('-', '')}{purpose}{hexadecimal(rng, 4)}"
    return f"{offer['resource_type'][:4].lower()}-{owner.name}-{hexadecimal(rng, 5)}"


def _additional(offer: Offer, name: str) -> str | None:
    if not offer["size"]:
        return None
    cores = "".join(filter(str.isdigit, offer["size"].split("_")[1])) or "4"
    return json.dumps({"ServiceType": offer["size"], "VMName": name, "UsageType": "ComputeHR", "VCPUs": int(cores[:3])})


def population(seed: int, count: int) -> list[Series]:
    """Return the resources that are metered every day, month after month the same."""
    rng, forget = seeded("azure", seed, "resources"), Forgetfulness(UNTAGGED_SHARE)
    places = placed(OFFERS, count, AZURE_SUBSCRIPTIONS, AZURE_SUBSCRIPTIONS[-1], rng)
    return [make(index, account, rng, forget) for index, account in places]
