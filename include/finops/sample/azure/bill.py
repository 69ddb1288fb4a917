"""One Azure month: metered rows, commitments, and the few rows a month has once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from finops.core.providers import Provider
from finops.sample.anomalies import Injection, begun_by_service, forgotten, metered
from finops.sample.azure.block import Rows
from finops.sample.azure.commitments import BENEFITS, commitments
from finops.sample.azure.series import OFFERS, make, population, profile
from finops.sample.chance import noise, seeded
from finops.sample.company import AZURE_SUBSCRIPTIONS, Account
from finops.sample.lines import Month
from finops.sample.models import AnomalyKind, SeriesKey
from finops.sample.series import Forgetfulness, Series

_SERVICES = {
    AnomalyKind.SPIKE: ("Functions", "Log Analytics"),
    AnomalyKind.LEVEL_SHIFT: ("Storage",),
    AnomalyKind.GRADUAL_RAMP: ("Azure Cosmos DB", "Cognitive Services"),
    AnomalyKind.RUNAWAY_ENDPOINT: ("Azure Machine Learning",),
    AnomalyKind.EGRESS_BURST: ("Bandwidth",),
}


def counts(rows_per_month: int) -> tuple[int, int]:
    """Return how many resources are metered, and how many machines commitments cover."""
    slots = rows_per_month // 31
    covered = max(2 * len(BENEFITS), slots // 12)
    return max(slots - covered - len(BENEFITS), 10), covered


def rows(seed: int, rows_per_month: int, month: Month, injections: Sequence[Injection]) -> Iterator[Rows]:
    """Yield the month's rows, ordered by day within each lot."""
    count, covered = counts(rows_per_month)
    yield from commitments(seed, covered, month)
    series = population(seed, count) + [each for injection in injections for each in injection.added]
    for lot, lines in metered(series, month, noise(month.period, seed, 37), injections):
        price = np.array([each.rate for each in lot])[lines.series]
        yield Rows(lot, lines.series, lines.step, lines.usage, price, price)
    yield from _once(seed, month)


def injections_of(seed: int, rows_per_month: int, month: Month) -> list[Injection]:
    """Return every anomaly that touches the month."""
    series = [each for each in population(seed, counts(rows_per_month)[0]) if each.cap is None]
    return begun_by_service(Provider.AZURE, seed, month, series, _SERVICES) + _forgotten(seed, month)


def _forgotten(seed: int, month: Month) -> list[Injection]:
    """Once a quarter somebody leaves a GPU machine running."""
    if month.period.month % 3:
        return []
    rng = seeded("azure", seed, "forgotten", month.period)
    index = next(i for i, o in enumerate(OFFERS) if o["size"] == "Standard_ND96asr_v4")
    machine = make(index, AZURE_SUBSCRIPTIONS[0], rng, Forgetfulness(0.0))
    machine.own.pop("tags", None)
    start = month.period.start + timedelta(days=rng.randint(5, 15))
    machine.level = 1.0
    return [forgotten(Provider.AZURE, [machine], SeriesKey(AZURE_SUBSCRIPTIONS[0].id, "Virtual Machines"), start, 9)]


def _once(seed: int, month: Month) -> Iterator[Rows]:
    rng = seeded("azure", seed, "monthly", month.period)
    euro = next(account for account in AZURE_SUBSCRIPTIONS if account.currency == "EUR")
    lake = AZURE_SUBSCRIPTIONS[2]
    seats: dict[str, Any] = {"publisherType": "Marketplace", "publisherId": "datadog", "publisherName": "Datadog, Inc."}
    yield _single(lake, "Datadog Pro - seats", "Purchase", rng.randint(900, 1300) * 1.0, frequency="Recurring", **seats)
    for account in (lake, euro):
        yield _single(account, "Rounding Adjustment", "RoundingAdjustment", round(rng.uniform(-0.009, 0.009), 6))
    yield _single(euro, "Service credit, West Europe", "Refund", -round(rng.uniform(80, 160), 2))
    if month.period.month % 3 == 2:
        # Bought and returned in the same month: the amounts cancel, and nothing is spread.
        identity = f"{seeded('azure/returned', month.period).getrandbits(48):012x}"
        order: dict[str, Any] = {
            "pricingModel": "Reservation",
            "benefitName": "VM_RI_ND96asr_v4",
            "term": "12",
            "benefitId": f"/providers/Microsoft.Capacity/reservationOrders/{identity}/reservations/{identity}",
        }
        for kind, amount in (("Purchase", 4210.5), ("Refund", -4210.5)):
            yield _single(lake, "Reserved VM Instance, ND96asr_v4", kind, amount, is_amortized=False, **order)


def _single(account: Account, product: str, kind: str, amount: float, *, is_amortized: bool = True, **own: Any) -> Rows:
    columns = {
        **profile(account.currency),
        "SubscriptionId": account.id,
        "subscriptionName": account.name,
        "costCenter": account.cost_centers[0],
        "meterCategory": "SaaS" if own.get("publisherType") == "Marketplace" else "Virtual Machines",
        "ProductName": product,
        "publisherType": "Microsoft",
        "publisherName": "Microsoft",
        "chargeType": kind,
        "frequency": "OneTime",
        "pricingModel": "OnDemand",
        "billingCurrency": account.currency,
        "pricingCurrency": "USD",
        "unitOfMeasure": "1",
        **own,
    }
    series = Series({}, columns, SeriesKey(account.id, columns["meterCategory"]), 0.0, 0.0, is_tagged=False)
    price = np.array([abs(amount)])
    sign = np.array([1.0 if amount >= 0 else -1.0])
    zero = np.zeros(1, np.int32)
    return Rows([series], zero, zero.astype(np.int16), sign, price, price if is_amortized else None)
