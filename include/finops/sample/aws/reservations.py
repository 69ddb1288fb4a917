"""Reserved instances: usage at cost zero, and a monthly fee that includes unused hours."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np

from finops.sample.aws.block import Block, billed, block, joined, row, single_lines
from finops.sample.aws.commitments import Commitment, arn, machines, term, term_texts
from finops.sample.aws.series import OFFERS, RATES, normal_factor, price
from finops.sample.chance import noise, seeded
from finops.sample.company import AWS_PAYER
from finops.sample.exact import rounded
from finops.sample.lines import Month, meter
from finops.sample.series import Series

RESERVATIONS = (
    Commitment("no-upfront", "No Upfront", 0.0, 0.37, "m6i.xlarge", 1.25),
    Commitment("partial-upfront", "Partial Upfront", 0.5, 0.4, "r6i.2xlarge", 1.1),
    Commitment("all-upfront", "All Upfront", 1.0, 0.42, "g5.xlarge", 1.2),
)


def reservations(seed: int, count: int, month: Month) -> Block:
    """Return covered usage at zero, each reservation's monthly fee with unused hours, and in January its purchase."""
    series = machines(seed, "reservation", [r.instance_type for r in RESERVATIONS], count, month)
    kind_of = np.arange(count) % len(RESERVATIONS)
    rates = np.zeros((count, 2))
    for number, each in enumerate(series):
        offer = RESERVATIONS[kind_of[number]]
        rates[number] = _reserved_rates(offer)
        each.own |= _reservation_columns(offer, month)
        each.own |= dict.fromkeys(RATES, "0.0") | {
            "line_item_line_item_type": "DiscountedUsage",
            "pricing_term": "Reserved",
            "line_item_line_item_description": f"{each.get('product_instance_type')} reserved instance applied",
        }
    lines = meter(series, month, noise(month.period, seed, 13))
    recurring = rounded(lines.usage * rates[lines.series, 0])
    upfront = rounded(lines.usage * rates[lines.series, 1])
    on_demand = rounded(lines.usage * np.array([each.rate for each in series])[lines.series])
    effective = rounded(recurring + upfront)
    amounts = {
        **billed(np.zeros(len(lines))),
        "line_item_usage_amount": lines.usage,
        "line_item_normalized_usage_amount": np.round(lines.usage * _factors(series)[lines.series], 6),
        "pricing_public_on_demand_cost": on_demand,
    }
    for basis in ("", "net_"):
        amounts[f"reservation_{basis}recurring_fee_for_usage"] = recurring
        amounts[f"reservation_{basis}amortized_upfront_cost_for_usage"] = upfront
        amounts[f"reservation_{basis}effective_cost"] = effective
    usage = block(series, lines, month, amounts)
    fees = []
    for number, offer in enumerate(RESERVATIONS):
        mine = kind_of == number
        if mine.any():
            used = int(np.rint(lines.usage[mine[lines.series]] * 1e6).sum()) / 1e6
            fees.append(_reservation_fees(offer, ceil(mine.sum() * offer.spare), used, month))
    return joined([usage, *fees])


def _reserved_rates(offer: Commitment) -> tuple[float, float]:
    box = next(o for o in OFFERS if o["usage_type"] == f"BoxUsage:{offer.instance_type}")
    upfront = round(float(box["rate"]) * (1 - offer.discount) * offer.upfront, 4)
    recurring = round(float(box["rate"]) * (1 - offer.discount) * (1 - offer.upfront), 4)
    return recurring, upfront


def _factors(series: Sequence[Series]) -> np.ndarray:
    return np.array([each.get("line_item_normalization_factor") or 1.0 for each in series])


def _reservation_columns(offer: Commitment, month: Month) -> dict[str, Any]:
    start, end = term_texts(month.period)
    name = arn("reservation", offer.name, offer.payment, month.period.year)
    return {
        "reservation_reservation_a_r_n": name,
        "reservation_subscription_id": str(seeded(name).randint(10**9, 10**10)),
        "reservation_start_time": start,
        "reservation_end_time": end,
        "reservation_modification_status": "Original",
        "pricing_purchase_option": offer.payment,
        "pricing_lease_contract_length": "1yr",
        "pricing_offering_class": "standard",
    }


def _reservation_fees(offer: Commitment, reserved: int, used: float, month: Month) -> Block:
    recurring, upfront = _reserved_rates(offer)
    owned = reserved * month.hours
    unused = round(owned - used, 6)
    factor = normal_factor(offer.instance_type) or 1.0
    usage_type = f"HeavyUsage:{offer.instance_type}"
    own = _reservation_columns(offer, month) | {
        "line_item_usage_type": usage_type,
        "line_item_operation": "RunInstances",
        "line_item_unblended_rate": price(recurring),
        "pricing_term": "Reserved",
        "pricing_unit": "Hrs",
        "product_instance_type": offer.instance_type,
        "product_region_code": "us-east-1",
        "product_servicecode": "AmazonEC2",
        "reservation_number_of_reservations": str(reserved),
        "reservation_units_per_reservation": str(month.hours),
        "reservation_total_reserved_units": str(owned),
        "reservation_normalized_units_per_reservation": str(month.hours * factor),
        "reservation_total_reserved_normalized_units": str(owned * factor),
    }
    text = f"{offer.instance_type} reserved instance, {offer.payment}, USD {price(recurring)} hourly fee"
    names = {
        "unused_recurring_fee": unused * recurring,
        "unused_amortized_upfront_fee_for_billing_period": unused * upfront,
        "amortized_upfront_fee_for_billing_period": owned * upfront,
    }
    amounts: dict[str, float] = {
        "reservation_unused_quantity": unused,
        "reservation_unused_normalized_unit_quantity": round(unused * factor, 6),
        "line_item_usage_amount": float(owned),
        "line_item_normalized_usage_amount": owned * factor,
    }
    for name, value in names.items():
        amounts[f"reservation_{name}"] = amounts[f"reservation_net_{name}"] = round(value, 10)
    fee = row(AWS_PAYER, "AmazonEC2", "RIFee", text, **own)
    rows = [(fee, amounts | billed(round(owned * recurring, 10)))]
    if not upfront or month.period != term(month.period)[0]:
        return single_lines(rows, [(0, month.hours)])
    rows.append(_purchase(own, text, reserved, upfront, factor, month))
    return single_lines(rows, [(0, month.hours), (0, 1)])


def _purchase(
    own: dict[str, Any], text: str, reserved: int, upfront: float, factor: float, month: Month
) -> tuple[Series, dict[str, float]]:
    purchase = row(AWS_PAYER, "AmazonEC2", "Fee", f"Sign up charge for {text}", **own, bill_bill_type="Purchase")
    hours = reserved * term(month.period)[1]
    value = round(hours * upfront, 6)
    # On the fee that is paid once, these count the whole term.
    purchase.own["reservation_total_reserved_units"] = str(hours)
    purchase.own["reservation_total_reserved_normalized_units"] = str(hours * factor)
    return purchase, billed(value) | {
        "line_item_usage_amount": float(reserved),
        "reservation_upfront_value": value,
        "reservation_net_upfront_value": value,
    }
