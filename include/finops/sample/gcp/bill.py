"""One Google Cloud invoice month: metered rows, commitment fees, and the few rows a month has once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from finops.core.providers import Provider
from finops.sample.anomalies import Injection, begun_by_service, forgotten, metered
from finops.sample.chance import noise, seeded
from finops.sample.company import GCP_PROJECTS, Account, per_dollar
from finops.sample.exact import rounded
from finops.sample.gcp.credits import CREDITS
from finops.sample.gcp.series import BILLING_ACCOUNTS, OFFERS, make, population, project, structure
from finops.sample.lines import Batch, Month
from finops.sample.models import AnomalyKind, SeriesKey
from finops.sample.series import Forgetfulness, Series, guid

_SERVICES = {
    AnomalyKind.SPIKE: ("BigQuery", "Cloud Logging"),
    AnomalyKind.LEVEL_SHIFT: ("Cloud Storage",),
    AnomalyKind.GRADUAL_RAMP: ("Cloud Run", "Pub/Sub"),
    AnomalyKind.RUNAWAY_ENDPOINT: ("Vertex AI",),
    AnomalyKind.EGRESS_BURST: ("Networking",),
}
# The credits a commitment gives, the SKU of its fee, and its price as a share of the price without it.
_FEES = (
    ("resource", "Commitment v1: N2 Cpu in Americas for 1 Year", 0.63),
    ("memory", "Commitment v1: N2 Ram in Americas for 1 Year", 0.63),
    ("dollar", "Commitment - dollar based v1: GCE for 1 year", 0.72),
)
_LATE = 0.004


@dataclass(frozen=True, slots=True)
class Rows(Batch):
    """Rows of the export. ``day`` counts from the first of the invoice month; late rows have -1, -2.

    ``usage`` is in pricing units, ``cost`` in the row's currency before credits.
    """

    day: np.ndarray
    usage: np.ndarray
    cost: np.ndarray


def resources(rows_per_month: int) -> int:
    """Return how many metered resources make about this many rows."""
    return max(rows_per_month // 31 - 2, 10)


def rows(seed: int, rows_per_month: int, month: Month, injections: Sequence[Injection]) -> Iterator[Rows]:
    """Yield the month's rows, ordered by day within each lot."""
    chance = noise(month.period, seed, 41)
    steady = population(seed, resources(rows_per_month))
    yield from _commitment_fees(steady, month)
    series = steady + [each for injection in injections for each in injection.added]
    total = 0.0
    for lot, lines in metered(series, month, chance, injections):
        price = np.array([each.rate for each in lot])[lines.series]
        # Usage of the last days that arrives after the invoice was closed is on the next one.
        is_late = (lines.step < 2) & (chance.random(len(lines)) < _LATE * 15)
        day = np.where(is_late, lines.step - 2, lines.step)
        made = Rows(lot, lines.series, day, lines.usage, rounded(lines.usage * price, 6))
        total += float(made.cost.sum())
        yield made
    yield from _once(seed, month, total)


def injections_of(seed: int, rows_per_month: int, month: Month) -> list[Injection]:
    """Return every anomaly that touches the month."""
    series = population(seed, resources(rows_per_month))
    return begun_by_service(Provider.GCP, seed, month, series, _SERVICES) + _forgotten(seed, month)


def _forgotten(seed: int, month: Month) -> list[Injection]:
    """In the second month of a quarter somebody leaves a GPU machine running."""
    if month.period.month % 3 != 2:
        return []
    rng = seeded("gcp", seed, "forgotten", month.period)
    index = next(i for i, o in enumerate(OFFERS) if o["machine"] == "a3-highgpu-8g")
    machine = make(index, GCP_PROJECTS[0], rng, Forgetfulness(0.0))
    machine.own["labels"] = ()
    start = month.period.start + timedelta(days=rng.randint(5, 15))
    machine.level = 2.0
    return [forgotten(Provider.GCP, [machine], SeriesKey(GCP_PROJECTS[0].id, "Compute Engine"), start, 8)]


def _commitment_fees(steady: Sequence[Series], month: Month) -> Iterator[Rows]:
    """Yield the daily fees of each billing account's commitments, a tenth above its usual usage."""
    for account in (GCP_PROJECTS[4], GCP_PROJECTS[-1]):
        for kind, sku, price in _FEES:
            credit = f"dollar-{account.currency}" if kind == "dollar" else kind
            covered = [e for e in steady if e.extra["credit"] == credit and e.get("currency") == account.currency]
            if covered:
                yield _fee(account, kind, sku, price, covered, month)


def _fee(account: Account, kind: str, sku: str, price: float, covered: Sequence[Series], month: Month) -> Rows:
    is_money, in_dollars = kind == "dollar", per_dollar(account.currency)
    credit = CREDITS[f"dollar-{account.currency}" if is_money else kind]
    # The commitment: hours of a resource, or dollars an hour at prices without it.
    hourly = sum(e.level * (e.rate / in_dollars if is_money else 1.0) for e in covered) * credit.share * 1.1
    quantity = round(hourly * 24, 3)
    rate = price * (in_dollars if is_money else covered[0].rate)
    subscription = credit.id if is_money else guid(seeded("gcp/commitment", "resource", account.currency))
    own = {
        "subscription": structure(instance_id=subscription),
        "_unit": "seconds",
        "_pricing_unit": "h",
        "_base": 3600.0,
    }
    head = _row(account, "Compute Engine", sku, **own)
    days = np.arange(month.count, dtype=np.int16)
    cost = np.full(len(days), round(quantity * rate, 6))
    return Rows([head], np.zeros(len(days), np.int32), days, np.full(len(days), quantity), cost)


def _once(seed: int, month: Month, total: float) -> Iterator[Rows]:
    rng = seeded("gcp", seed, "monthly", month.period)
    us, eu = GCP_PROJECTS[1], GCP_PROJECTS[-1]
    identity, text = f"adj-{rng.getrandbits(40):010x}", "Service level agreement credit"
    outage = structure(id=identity, description=text, mode="PARTIAL_CORRECTION", type="GENERAL_ADJUSTMENT")
    amount = -round(rng.uniform(40, 90), 2)
    yield _single(us, "Compute Engine", text, amount, cost_type="adjustment", adjustment_info=outage)
    yield _single(us, "Invoice", "Tax - US state sales tax", round(total * 0.012, 2), cost_type="tax", project=None)
    yield _single(eu, "Invoice", "Tax - VAT", round(total * 0.004, 2), cost_type="tax", project=None)
    for account in (us, eu):
        error = round(rng.uniform(-0.005, 0.005), 6)
        yield _single(account, "Invoice", "Rounding error", error, cost_type="rounding_error", project=None)
    yield _single(us, "Support", "Enhanced Support fee", round(100 + total * 0.03, 2))
    resold = {"transaction_type": "THIRD_PARTY_RESELLER", "seller_name": "Elasticsearch, Inc."}
    service, amount = "Elastic Cloud (Elasticsearch managed service)", rng.randint(400, 700) * 1.0
    yield _single(us, service, "Elastic Consumption Unit", amount, **resold)


def _row(account: Account, service: str, sku: str, **own: Any) -> Series:
    rng = seeded("gcp/row", service, sku)
    columns = {
        "billing_account_id": BILLING_ACCOUNTS[account.currency],
        "service": structure(id=f"{rng.getrandbits(16):04X}-{rng.getrandbits(16):04X}-CAFE", description=service),
        "sku": structure(id=f"{rng.getrandbits(16):04X}-{rng.getrandbits(16):04X}-BEEF", description=sku),
        "project": project(account),
        "currency": account.currency,
        "cost_type": "regular",
        "transaction_type": "GOOGLE",
        **own,
    }
    return Series({}, columns, SeriesKey(account.id, service), 0.0, 0.0, is_tagged=False)


def _single(account: Account, service: str, sku: str, cost: float, **own: Any) -> Rows:
    zero = np.zeros(1, np.int32)
    # Tax, rounding and adjustments have no quantity.
    is_sold = own.get("cost_type", "regular") == "regular"
    row = _row(account, service, sku, _unit="count", _pricing_unit="count", **own)
    return Rows([row], zero, zero.astype(np.int16), np.full(1, float(is_sold)), np.array([cost]))
