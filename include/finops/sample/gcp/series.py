"""What Meridian runs on Google Cloud, as series of rows of the detailed usage cost export."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

from finops.core.dimensions import ABSENT
from finops.sample.chance import seeded
from finops.sample.company import COST_CENTERS, EUROS_PER_DOLLAR, GCP_PROJECTS, Account, Ownership, ownership
from finops.sample.models import SeriesKey
from finops.sample.rhythm import Pattern
from finops.sample.series import Forgetfulness, Series, catalogue, dealt, hexadecimal

BILLING_ACCOUNTS = {"USD": "01A2B3-C4D5E6-F7A8B9", "EUR": "0A11B2-3C44D5-66E7F8"}
# Fees, taxes and support have no labels either; with them the share comes near to an eighth.
UNTAGGED_SHARE = 0.05
Offer = dict[str, str]
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


@cache
def offers() -> tuple[Offer, ...]:
    """Return the price list."""
    return tuple(catalogue(__package__))


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


def columns(offer: Offer, account: Account) -> dict[str, Any]:
    """Return the values that every row of an offer in a project shares."""
    rng = seeded("gcp/sku", offer["service"], offer["sku"])
    sku = "-".join(hexadecimal(rng, 4).upper() for _ in range(3))
    rate = round(float(offer["rate"]) * (EUROS_PER_DOLLAR if account.currency == "EUR" else 1.0), 9)
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
    level = float(offer["level"]) * (
        rng.uniform(0.85, 1.15) if offer["machine"] else rng.lognormvariate(0, 0.5) * traffic
    )
    is_tagged = not forget(level * float(offer["rate"]) / float(offer["pricing_quantity"]))
    name = _name(offer, owner, rng, is_stale)
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
    model = owner.model.name if owner.model and is_tagged else ABSENT
    key = SeriesKey(account.id, offer["service"], model)
    # Money is committed to one billing account, and each has a currency of its own.
    credit = f"dollar-{account.currency}" if offer["credit"] == "dollar" else offer["credit"]
    extra = {"index": index, "account": account, "decimals": 10, "credit": credit}
    return Series(shared, own, key, shared["_price"], level, Pattern(offer["pattern"]), is_tagged, extra=extra)


def _name(offer: Offer, owner: Ownership, rng: Random, is_stale: bool) -> str:
    stem = owner.model.name if owner.model else "platform"
    if offer["service"] == "Cloud Storage":
        return f"meridian-{stem}-{'checkpoints-2023' if is_stale else 'data'}-{hexadecimal(rng, 4)}"
    return f"{stem}-{(offer['machine'] or 'res').split('-')[0]}-{hexadecimal(rng, 6)}"


def population(seed: int, count: int) -> list[Series]:
    """Return the resources that are metered every day, month after month the same."""
    rng, forget = seeded("gcp", seed, "resources"), Forgetfulness(UNTAGGED_SHARE)
    indices = range(len(offers()))
    made = []
    for number, index in enumerate(dealt(indices, [float(o["weight"]) for o in offers()], count)):
        is_platform = offers()[index]["stage"] == "platform"
        shared = next(project for project in GCP_PROJECTS if project.id == "meridian-shared")
        account = shared if is_platform and number % 3 else rng.choice(GCP_PROJECTS)
        made.append(make(index, account, rng, forget))
    return made
