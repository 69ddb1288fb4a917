"""What Meridian runs on Google Cloud, as series of rows of the detailed usage cost export."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

from finops.sample.chance import seeded
from finops.sample.company import COST_CENTERS, GCP_PROJECTS, STALE, Account, Ownership, ownership, per_dollar
from finops.sample.models import SeriesKey
from finops.sample.rhythm import Pattern
from finops.sample.series import Forgetfulness, Offer, Series, catalogue, hexadecimal, placed, varied

BILLING_ACCOUNTS = {"USD": "01A2B3-C4D5E6-F7A8B9", "EUR": "0A11B2-3C44D5-66E7F8"}
# Fees, taxes and support have no labels either; with them the share is nearly an eighth.
UNTAGGED_SHARE = 0.05
OFFERS = catalogue(__package__)
Labels = tuple[tuple[tuple[str, str], ...], ...]

# How many base units make one pricing unit.
_BASE = {
    ("seconds", "h"): 3600.0,
    ("byte-seconds", "gibibyte month"): 2.0**30 * 2_678_400,
    ("byte-seconds", "gibibyte second"): 2.0**30,
    ("bytes", "gibibyte"): 2.0**30,
    ("bytes", "mebibyte"): 2.0**20,
    ("bytes", "tebibyte"): 2.0**40,
}


def structure(**values: Any) -> tuple[tuple[str, Any], ...]:
    """Return a nested value in a form that can be hashed."""
    return tuple(values.items())


def labels_of(values: dict[str, str]) -> Labels:
    """Return labels as the export nests them: lower case, and only the characters that a label may have."""
    return tuple(
        structure(
            key=re.sub(r"[^a-z0-9_-]", "", key.lower()), value=re.sub(r"[^a-z0-9_-]", "-", value.split("@")[0].lower())
        )
        for key, value in values.items()
    )


@cache
def project(account: Account) -> tuple[tuple[str, Any], ...]:
    """Return the project of a row, with its place in the organisation."""
    rng = seeded("gcp/project", account.id)
    number, folder = str(rng.randint(10**11, 10**12)), str(rng.randint(10**10, 10**11))
    center = account.cost_centers[0]
    ancestors = (
        structure(resource_name=f"projects/{number}", display_name=account.name),
        structure(resource_name=f"folders/{folder}", display_name=COST_CENTERS[center]),
        structure(resource_name="organizations/482910337164", display_name="meridian-robotics.example"),
    )
    return structure(
        id=account.id,
        number=number,
        name=account.name,
        labels=labels_of({"business-unit": COST_CENTERS[center]}),
        ancestry_numbers=f"/482910337164/{folder}/",
        ancestors=ancestors,
    )


@cache
def _columns(index: int, account: Account) -> dict[str, Any]:
    """Return the values that every row of an offer in a project shares."""
    offer = OFFERS[index]
    rng = seeded("gcp/sku", offer["service"], offer["sku"])
    sku = "-".join(hexadecimal(rng, 4).upper() for _ in range(3))
    rate = round(float(offer["rate"]) * per_dollar(account.currency), 9)
    price = structure(
        effective_price=Decimal(f"{rate:.9f}"),
        tier_start_amount=Decimal("0.000000000"),
        unit=offer["pricing_unit"],
        pricing_unit_quantity=Decimal(f"{float(offer['pricing_quantity']):.9f}"),
    )
    machine = offer["machine"]
    system = {
        "compute.googleapis.com/machine_spec": machine,
        "compute.googleapis.com/cores": machine.rsplit("-", 1)[-1],
    }
    return {
        "billing_account_id": BILLING_ACCOUNTS[account.currency],
        "service": structure(id=offer["service_id"], description=offer["service"]),
        "sku": structure(id=sku, description=offer["sku"]),
        "project": project(account),
        "system_labels": tuple(structure(key=k, value=v) for k, v in system.items()) if machine else (),
        "currency": account.currency,
        "price": price,
        "cost_type": "regular",
        "transaction_type": "GOOGLE",
        "_unit": offer["unit"],
        "_pricing_unit": offer["pricing_unit"],
        "_base": _BASE.get((offer["unit"], offer["pricing_unit"]), 1.0),
        "_price": rate / float(offer["pricing_quantity"]),
    }


def make(index: int, account: Account, rng: Random, forget: Forgetfulness) -> Series:
    """Invent one resource that uses offer number ``index`` of the price list."""
    offer = OFFERS[index]
    owner = ownership(rng, account, offer["stage"])
    shared = _columns(index, account)
    level = float(offer["level"]) * varied(rng, owner, is_machine=bool(offer["machine"]))
    is_tagged = not forget(level * float(offer["rate"]) / float(offer["pricing_quantity"]))
    name = _name(offer, owner, rng)
    api = offer["service"].lower().replace(" ", "").replace("engine", "")
    place = f"projects/{account.id}/locations/{account.region}"
    own: dict[str, Any] = {
        "resource": structure(name=name, global_name=f"//{api}.googleapis.com/{place}/{name}"),
        "location": structure(
            location=account.region,
            country="US" if account.region.startswith("us") else "NL",
            region=account.region,
            zone=f"{account.region}-{rng.choice('abc')}" if offer["machine"] else None,
        ),
        "labels": labels_of(owner.tags(account.dialect)) if is_tagged else (),
        "tags": (structure(key="data-class", value="internal", inherited=True, namespace="482910337164"),)
        if rng.random() < 0.2
        else (),
    }
    key = SeriesKey(account.id, offer["service"], owner.tagged_model(is_tagged))
    # A spend commitment belongs to one billing account, and each account has its own currency.
    credit = f"dollar-{account.currency}" if offer["credit"] == "dollar" else offer["credit"]
    extra = {"index": index, "account": account, "owner": owner, "decimals": 10, "credit": credit}
    return Series(shared, own, key, shared["_price"], level, Pattern(offer["pattern"]), is_tagged, extra=extra)


def _name(offer: Offer, owner: Ownership, rng: Random) -> str:
    if offer["service"] == "Cloud Storage":
        purpose = "checkpoints-2023" if offer["stage"] == STALE else "data"
        return f"meridian-{owner.name}-{purpose}-{hexadecimal(rng, 4)}"
    return f"{owner.name}-{(offer['machine'] or 'res').split('-')[0]}-{hexadecimal(rng, 6)}"


def population(seed: int, count: int) -> list[Series]:
    """Return the resources that are metered every day, month after month the same."""
    rng, forget = seeded("gcp", seed, "resources"), Forgetfulness(UNTAGGED_SHARE)
    shared = next(project for project in GCP_PROJECTS if project.id == "meridian-shared")
    return [make(index, account, rng, forget) for index, account in placed(OFFERS, count, GCP_PROJECTS, shared, rng)]
