"""Azure reservations and a savings plan: bought in the actual file, spread over their usage in the amortized one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Any

import numpy as np

from finops.sample.azure.block import Rows
from finops.sample.azure.series import OFFERS, make
from finops.sample.chance import noise, seeded
from finops.sample.company import AZURE_SUBSCRIPTIONS, COST_CENTERS
from finops.sample.lines import Month, meter
from finops.sample.models import SeriesKey
from finops.sample.rhythm import Pattern
from finops.sample.series import Forgetfulness, Series, guid

_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Benefit:
    """A commitment of one year from each January. ``is_monthly``: paid in twelve instalments, otherwise at once."""

    name: str
    model: str
    meters: tuple[str, ...]
    discount: float
    spare: float
    is_monthly: bool

    @property
    def is_plan(self) -> bool:
        """Whether it commits to spending, not to machines."""
        return self.model == "SavingsPlan"

    def identity(self, year: int) -> str:
        """Return the benefit's resource id."""
        rng = seeded("azure/benefit", self.name, year)
        if self.is_plan:
            return f"/providers/Microsoft.BillingBenefits/savingsPlanOrders/{guid(rng)}/savingsPlans/{guid(rng)}"
        return f"/providers/Microsoft.Capacity/reservationOrders/{guid(rng)}/reservations/{guid(rng)}"


BENEFITS = (
    Benefit("VM_RI_NC24ads_A100_v4", "Reservation", ("NC24ads A100 v4",), 0.36, 1.15, True),
    Benefit("VM_RI_D4s_v5_upfront", "Reservation", ("D4s v5",), 0.41, 1.2, False),
    Benefit("Compute_SavingsPlan_1Y", "SavingsPlan", ("NC4as T4 v3", "E8s v5"), 0.27, 1.1, True),
)


def commitments(seed: int, machines: int, month: Month) -> Iterator[Rows]:
    """Yield each benefit's covered usage, purchase and unused part; ``machines`` is the number covered by all."""
    each = max(2, machines // len(BENEFITS))
    for number, benefit in enumerate(BENEFITS):
        yield from _benefit(seed, number, benefit, each, month)


def _benefit(seed: int, number: int, benefit: Benefit, count: int, month: Month) -> Iterator[Rows]:
    series = _covered(seed, benefit, count, month)
    rates = np.array([round(each.shared["_dollars"] * (1 - benefit.discount), 4) for each in series])
    lines = meter(series, month, noise(month.period, seed, 31, number))
    # Hours have two decimals and rates four, so the unused part is exact.
    hours = np.round(lines.usage, 2)
    nothing = np.zeros(len(lines))
    yield Rows(series, lines.series, lines.step, hours, nothing, rates[lines.series])
    used = np.zeros(month.count)
    np.add.at(used, lines.step, np.rint(hours * rates[lines.series] * 1e6) if benefit.is_plan else np.rint(hours * 100))
    if benefit.is_plan:
        committed = ceil(rates.sum() * benefit.spare * 100) / 100
        unused, price, bought = committed * 24 - used / 1e6, 1.0, committed
    else:
        reserved = ceil(count * benefit.spare)
        unused, price, bought = reserved * 24 - used / 100, float(rates[0]), reserved * float(rates[0])
    yield _unused(benefit, series[0], unused, price, month)
    if benefit.is_monthly or month.period.month == 1:
        yield _purchase(benefit, series[0], bought, month)


def _covered(seed: int, benefit: Benefit, count: int, month: Month) -> list[Series]:
    rng, forget = seeded("azure", seed, benefit.name), Forgetfulness(0.1)
    indices = [next(i for i, o in enumerate(OFFERS) if o["meter"] == each) for each in benefit.meters]
    accounts = [account for account in AZURE_SUBSCRIPTIONS if account.currency == "USD"]
    made = []
    for number in range(count):
        series = make(indices[number % len(indices)], accounts[number % len(accounts)], rng, forget)
        series.pattern, series.level, series.cap = Pattern.FLAT, 0.94, 1.0
        series.own |= _columns(benefit, month)
        made.append(series)
    return made


def _columns(benefit: Benefit, month: Month) -> dict[str, Any]:
    identity = benefit.identity(month.period.year)
    columns = {
        "pricingModel": benefit.model,
        "benefitId": identity,
        "benefitName": benefit.name,
        "term": "12",
        "serviceInfo2": None,
    }
    if benefit.is_plan:
        return columns
    return columns | {"reservationId": identity.rsplit("/", 1)[-1], "reservationName": benefit.name}


def _row(benefit: Benefit, like: Series, month: Month, **own: Any) -> Series:
    holder = AZURE_SUBSCRIPTIONS[0]
    identity = benefit.identity(month.period.year)
    columns = _columns(benefit, month) | {
        "SubscriptionId": holder.id,
        "subscriptionName": holder.name,
        "invoiceSectionName": COST_CENTERS[holder.cost_centers[0]],
        "costCenter": holder.cost_centers[0],
        "resourceGroupName": None,
        "ResourceId": identity,
        "tags": None,
        "_payg": 0.0,
        "additionalInfo": json.dumps({"ReservationOrderId": identity.split("/")[4]}),
        **own,
    }
    key = SeriesKey(holder.id, like.key.service)
    return Series(like.shared, columns, key, like.rate, 0.0, is_tagged=False)


def _unused(benefit: Benefit, like: Series, unused: np.ndarray, price: float, month: Month) -> Rows:
    head = _row(benefit, like, month, chargeType=f"Unused{benefit.model}", publisherType="Microsoft")
    days = np.arange(month.count, dtype=np.int16)
    return Rows([head], np.zeros(len(days), np.int32), days, np.round(unused, 6), None, np.full(len(days), price))


def _purchase(benefit: Benefit, like: Series, hourly: float, month: Month) -> Rows:
    start = month.period.start.replace(month=1)
    hours = int((start.replace(year=start.year + 1) - start) / timedelta(hours=1))
    instalments = _MONTHS if benefit.is_monthly else 1
    own = {
        "chargeType": "Purchase",
        "frequency": "Recurring" if benefit.is_monthly else "OneTime",
        "ProductName": f"{'Savings Plan' if benefit.is_plan else 'Reserved VM Instance'}, {benefit.name}, 1 Year",
        **{"meterName": None, "meterId": None, "unitOfMeasure": "1"},
    }
    head = _row(benefit, like, month, **own)
    price = np.array([round(hourly * hours / instalments, 9)])
    return Rows([head], np.zeros(1, np.int32), np.zeros(1, np.int16), np.ones(1), price, None)
