"""Savings plans: usage at its on-demand price, negation lines that cancel it, fees that include unused hours."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np

from finops.sample.aws.block import Block, billed, block, joined, row, single_lines
from finops.sample.aws.commitments import Commitment, arn, machines, term, term_texts
from finops.sample.aws.series import price
from finops.sample.chance import noise
from finops.sample.company import AWS_PAYER
from finops.sample.exact import rounded
from finops.sample.lines import Lines, Month, meter
from finops.sample.series import Series

PLANS = (
    Commitment("compute", "No Upfront", 0.0, 0.28),
    Commitment("compute", "Partial Upfront", 0.5, 0.34),
)
_COVERED = ("g5.xlarge", "m6i.xlarge", "c6i.4xlarge", "g6e.xlarge")


def savings_plans(seed: int, count: int, month: Month) -> Block:
    """Return covered usage, its negation and the plans' hourly fees; in January also the upfront fees."""
    series = machines(seed, "savings-plan", _COVERED, count, month)
    plan_of = np.array([number // 2 % len(PLANS) for number in range(count)])
    plan_rates = np.zeros(count)
    for number, each in enumerate(series):
        plan_rates[number] = round(each.rate * (1 - PLANS[plan_of[number]].discount), 4)
        each.own |= _plan_columns(PLANS[plan_of[number]], month)
        each.own |= {
            "line_item_line_item_type": "SavingsPlanCoveredUsage",
            "line_item_net_unblended_rate": price(each.rate),
            "savings_plan_savings_plan_rate": float(plan_rates[number]),
        }
    lines = meter(series, month, noise(month.period, seed, 11))
    cost = rounded(lines.usage * np.array([each.rate for each in series])[lines.series])
    effective = rounded(lines.usage * plan_rates[lines.series])
    amounts = {
        **billed(cost),
        "line_item_usage_amount": lines.usage,
        "pricing_public_on_demand_cost": cost,
        "savings_plan_savings_plan_effective_cost": effective,
        "savings_plan_net_savings_plan_effective_cost": effective,
    }
    covered, negation = block(series, lines, month, amounts), _negation(series, plan_of, lines, cost, month)
    return joined([covered, negation, *_fees(plan_of, plan_rates, lines, effective, month)])


def _plan_columns(plan: Commitment, month: Month) -> dict[str, Any]:
    start, end = term_texts(month.period)
    return {
        "savings_plan_savings_plan_a_r_n": arn("savingsplan", plan.name, plan.payment, month.period.year),
        "savings_plan_offering_type": "ComputeSavingsPlans",
        "savings_plan_payment_option": plan.payment,
        "savings_plan_purchase_term": "1yr",
        "savings_plan_start_time": start,
        "savings_plan_end_time": end,
        "savings_plan_region": "Any",
    }


def _negation(series: Sequence[Series], plan_of: np.ndarray, lines: Lines, cost: np.ndarray, month: Month) -> Block:
    groups: dict[tuple[Any, ...], int] = {}
    group_of = np.zeros(len(series), dtype=np.int32)
    heads: list[Series] = []
    for number, each in enumerate(series):
        identity = (each.own["line_item_usage_account_id"], each.get("line_item_usage_type"), int(plan_of[number]))
        if identity not in groups:
            groups[identity] = len(heads)
            heads.append(_negation_head(each))
        group_of[number] = groups[identity]
    cell = group_of[lines.series].astype(np.int64) * month.count + lines.step
    negated = np.zeros(len(heads) * month.count, dtype=np.int64)
    used = np.zeros_like(negated)
    # Whole units of the tenth decimal, so the negation equals the charge to the last digit.
    np.add.at(negated, cell, np.rint(cost * 1e10).astype(np.int64))
    np.add.at(used, cell, np.rint(lines.usage * 1e6).astype(np.int64))
    step = np.tile(np.arange(month.count, dtype=np.int16), len(heads))
    owner = np.repeat(np.arange(len(heads), dtype=np.int32), month.count)
    amounts = {**billed(-negated / 1e10), "line_item_usage_amount": used / 1e6}
    return block(heads, Lines(owner, step, amounts["line_item_usage_amount"]), month, amounts)


def _negation_head(covered: Series) -> Series:
    own = covered.own | {
        "line_item_line_item_type": "SavingsPlanNegation",
        "line_item_resource_id": None,
        "line_item_availability_zone": None,
        "resource_tags": (),
        "cost_category": (),
        "savings_plan_savings_plan_rate": None,
        "line_item_line_item_description": "SavingsPlanNegation used by AccountId : "
        f"{covered.own['line_item_usage_account_id']} and UsageSku : {covered.get('product_sku')}",
    }
    return Series(covered.shared, own, covered.key, covered.rate, 0.0, is_tagged=False)


def _fees(plan_of: np.ndarray, rates: np.ndarray, lines: Lines, effective: np.ndarray, month: Month) -> list[Block]:
    made = []
    for number, plan in enumerate(PLANS):
        mine = plan_of[lines.series] == number
        used = np.zeros(month.count, dtype=np.int64)
        np.add.at(used, lines.step[mine], np.rint(effective[mine] * 1e10).astype(np.int64))
        # Full use of all machines would use up the commitment; machines that pause leave some of it unused.
        hourly = max(ceil(rates[plan_of == number].sum() * plan.spare * 100) / 100, 0.01)
        made.append(_plan_fee(plan, hourly, used / 1e10, month))
        if plan.upfront and month.period == term(month.period)[0]:
            made.append(_plan_upfront(plan, hourly, month))
    return made


def _plan_fee(plan: Commitment, hourly: float, used: np.ndarray, month: Month) -> Block:
    own = _plan_columns(plan, month) | {
        "line_item_usage_type": f"ComputeSP:1yr{plan.payment.replace(' ', '')}",
        "line_item_operation": None,
        "line_item_unblended_rate": price(hourly * (1 - plan.upfront)),
        "pricing_term": "SavingsPlan",
        "pricing_unit": "Hrs",
    }
    text = f"1 year {plan.payment} Compute Savings Plan"
    head = row(AWS_PAYER, "ComputeSavingsPlans", "SavingsPlanRecurringFee", text, **own)
    every = np.ones(month.count)
    recurring = rounded(every * hourly * (1 - plan.upfront) * month.interval_hours, 6)
    upfront = rounded(every * hourly * plan.upfront * month.interval_hours, 6)
    amounts = {
        **billed(recurring),
        "line_item_usage_amount": every * month.interval_hours,
        "savings_plan_total_commitment_to_date": rounded(recurring + upfront, 6),
        "savings_plan_used_commitment": used,
    }
    for basis in ("", "net_"):
        amounts[f"savings_plan_{basis}amortized_upfront_commitment_for_billing_period"] = upfront
        amounts[f"savings_plan_{basis}recurring_commitment_for_billing_period"] = recurring
    steps = Lines(np.zeros(month.count, np.int32), np.arange(month.count, dtype=np.int16), every)
    return block([head], steps, month, amounts)


def _plan_upfront(plan: Commitment, hourly: float, month: Month) -> Block:
    fee = round(hourly * plan.upfront * term(month.period)[1], 6)
    own = _plan_columns(plan, month)
    own |= {"bill_bill_type": "Purchase", "line_item_usage_type": "ComputeSP:1yrPartialUpfront"}
    text = f"1 year {plan.payment} Compute Savings Plan upfront fee"
    head = row(AWS_PAYER, "ComputeSavingsPlans", "SavingsPlanUpfrontFee", text, **own)
    return single_lines([(head, billed(fee) | {"line_item_usage_amount": 1.0})], [(0, 1)])
