"""Savings plans and reserved instances: what they cover, what they cost, and what is not used.

Usage of a savings plan has its on-demand price, and negation lines cancel it: one per account, usage type, plan
and interval. Usage of a reservation has cost zero. Fees include what was not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from finops.core.periods import BillingPeriod
from finops.sample.aws.series import OFFERS, make, stamp
from finops.sample.chance import seeded
from finops.sample.company import AWS_ACCOUNTS, AWS_PAYER
from finops.sample.lines import Month
from finops.sample.rhythm import EPOCH, Pattern
from finops.sample.series import Forgetfulness, Series, hexadecimal


@dataclass(frozen=True, slots=True)
class Commitment:
    """A savings plan or reservation of one year from each January, so any horizon can hold a complete term.

    ``upfront`` is the share paid on the first day, ``discount`` what covered usage saves.
    """

    name: str
    payment: str
    upfront: float
    discount: float
    instance_type: str = ""
    spare: float = 1.06


def term(period: BillingPeriod) -> tuple[BillingPeriod, int]:
    """Return the first month of the commitment year that holds ``period``, and the hours of that year."""
    first = BillingPeriod(period.year, EPOCH.month)
    return first, int((BillingPeriod(period.year + 1, EPOCH.month).start - first.start) / timedelta(hours=1))


def term_texts(period: BillingPeriod) -> tuple[str, str]:
    """Return the start and end of the commitment year as AWS writes them."""
    first, hours = term(period)
    return stamp(first.start), stamp(first.start + timedelta(hours=hours, seconds=-1))


@cache
def arn(kind: str, name: str, payment: str, year: int) -> str:
    """Return the ARN of a commitment; each year has its own purchase."""
    rng = seeded("aws", kind, name, payment, year)
    place, what = ("savingsplans:", kind) if kind == "savingsplan" else ("ec2:us-east-1", "reserved-instances")
    return f"arn:aws:{place}:{AWS_PAYER.id}:{what}/{hexadecimal(rng, 8)}-{hexadecimal(rng, 12)}"


def machines(seed: int, kind: str, types: Sequence[str], count: int, month: Month) -> list[Series]:
    """Return machines of these types that run nearly all the time, as a commitment needs."""
    rng, forget = seeded("aws", seed, kind), Forgetfulness(0.08)
    by_type = {o["instance_type"]: o for o in OFFERS if o["usage_type"].startswith("BoxUsage:")}
    accounts = AWS_ACCOUNTS[:1] + AWS_ACCOUNTS[2:6]
    made = []
    for number in range(count):
        offer, account = by_type[types[number % len(types)]], accounts[number % len(accounts)]
        series = make(offer, account, rng, forget, EPOCH.start, month.hours)
        series.pattern, series.level, series.cap = Pattern.FLAT, 0.95, 1.0
        made.append(series)
    return made
