"""One Azure month: metered rows, commitments, and the few rows a month has once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from finops.core.formats import Provider
from finops.core.periods import BillingPeriod
from finops.sample.anomalies import Injection, draw, factors
from finops.sample.azure.block import Rows
from finops.sample.azure.commitments import BENEFITS, commitments
from finops.sample.azure.series import make, offers, population, profile
from finops.sample.chance import seeded
from finops.sample.company import AZURE_SUBSCRIPTIONS, Account
from finops.sample.lines import Month, meter
from finops.sample.models import AnomalyKind, Label, SeriesKey
from finops.sample.series import Forgetfulness, Series

CHUNK = 250_000


def counts(rows_per_month: int) -> tuple[int, int]:
    """Return how many resources are metered, and how many machines commitments cover."""
    slots = rows_per_month // 31
    covered = max(2 * len(BENEFITS), slots // 12)
    return max(slots - covered - len(BENEFITS), 10), covered


def rows(seed: int, rows_per_month: int, month: Month, injections: Sequence[Injection]) -> Iterator[Rows]:
    """Yield the month's rows, ordered by day within each lot."""
    metered, covered = counts(rows_per_month)
    yield from commitments(seed, covered, month)
    noise = np.random.default_rng([seed, 37, month.period.year, month.period.month])
    series = population(seed, metered) + [each for injection in injections for each in injection.added]
    noise.shuffle(series)
    size = max(1, CHUNK // month.count)
    for begin in range(0, len(series), size):
        lot = series[begin : begin + size]
        lines = meter(lot, month, noise, factors(lot, month, injections))
        price = np.array([each.rate for each in lot])[lines.series]
        yield Rows(lot, lines.series, lines.step, lines.usage, price, price)
    yield from _once(seed, month)


def injections_of(seed: int, rows_per_month: int, month: Month) -> list[Injection]:
    """Return every anomaly that touches the month."""
    series = [each for each in population(seed, counts(rows_per_month)[0]) if each.cap is None]
    begun = [each for period in (month.period.previous, month.period) for each in _begun(seed, series, period)]
    return [each for each in begun if each.label.end > month.period.start] + _forgotten(seed, month)


def _begun(seed: int, series: Sequence[Series], period: BillingPeriod) -> list[Injection]:
    def keys(*services: str) -> list[SeriesKey]:
        return [each.key for each in series if each.key.service in services]

    return draw(
        Provider.AZURE,
        seed,
        period,
        {
            AnomalyKind.SPIKE: keys("Functions", "Log Analytics"),
            AnomalyKind.LEVEL_SHIFT: keys("Storage"),
            AnomalyKind.GRADUAL_RAMP: keys("Azure Cosmos DB", "Cognitive Services"),
            AnomalyKind.RUNAWAY_ENDPOINT: keys("Azure Machine Learning"),
            AnomalyKind.EGRESS_BURST: keys("Bandwidth"),
        },
    )


def _forgotten(seed: int, month: Month) -> list[Injection]:
    """Once a quarter somebody leaves a GPU machine running."""
    if month.period.month % 3:
        return []
    rng = seeded("azure", seed, "forgotten", month.period)
    index = next(i for i, o in enumerate(offers()) if o["size"] == "Standard_ND96asr_v4")
    machine = make(index, AZURE_SUBSCRIPTIONS[0], rng, Forgetfulness(0.0))
    machine.own.pop("tags", None)
    start = month.period.start + timedelta(days=rng.randint(5, 15))
    machine.first, machine.last, machine.level = start, start + timedelta(days=9), 1.0
    machine.key = SeriesKey(AZURE_SUBSCRIPTIONS[0].id, "Virtual Machines")
    label = Label(Provider.AZURE, machine.key, machine.first, machine.last, AnomalyKind.FORGOTTEN_GPUS)
    return [Injection(label, added=[machine])]


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
        # Bought and returned within the month: the same amount out and in, and nothing to spread.
        order: dict[str, Any] = {
            "pricingModel": "Reservation",
            "benefitName": "VM_RI_ND96asr_v4",
            "term": "12",
            "frequency": "OneTime",
        }
        identity = seeded("azure/returned", month.period).getrandbits(48)
        order["benefitId"] = (
            f"/providers/Microsoft.Capacity/reservationOrders/{identity:012x}/reservations/{identity:012x}"
        )
        for kind, sign in (("Purchase", 1), ("Refund", -1)):
            amount = sign * 4210.5
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
