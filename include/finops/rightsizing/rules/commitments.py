"""Commitments to buy, that are used too little, or that end soon. A person decides of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.rightsizing.models import Finding, Level, ResourceType, Target
from finops.rightsizing.proposing import money
from finops.rightsizing.resource import DAYS_A_MONTH, Known


@dataclass(frozen=True, slots=True)
class Commitment:
    """A provider's commitments of one kind in the last month, as ``mart_commitment_kpis`` has them."""

    provider: str
    currency: str
    kind: str
    used_cost: Decimal
    unused_cost: Decimal
    savings_rate: Decimal | None
    utilization: Decimal | None


@dataclass(frozen=True, slots=True)
class Ending:
    """One commitment of the last month whose bill says on which day it ends, with its cost a month."""

    provider: str
    currency: str
    ident: str
    kind: str
    monthly_cost: Decimal
    expires_on: date


Floors = Mapping[tuple[str, str], tuple[int, Decimal]]
"""On-demand cost of machines, by (provider, currency): days that were looked at, and the cost of the least of them."""


def found(
    floors: Floors,
    commitments: Sequence[Commitment],
    endings: Sequence[Ending],
    known: Known,
    savings: Mapping[tuple[str, str], Decimal],
) -> Iterator[Finding]:
    """Yield what there is to decide. ``savings`` is what other findings would take off machines a month, first."""
    for (provider, currency), (days, least) in sorted(floors.items()):
        own = [each for each in commitments if (each.provider, each.currency) == (provider, currency)]
        if (bought := _buy(provider, currency, days, least, own, known, savings)) is not None:
            yield bought
    for each in commitments:
        if each.kind in ("(all)", "(none)"):
            continue
        if each.utilization is not None and each.utilization < Decimal(str(known.rules.commitments.utilization)):
            yield _underused(each)
    for ending in endings:
        if 0 <= (ending.expires_on - known.run_date).days <= known.rules.commitments.expires_within_days:
            yield _expiring(ending, known)


def _buy(
    provider: str,
    currency: str,
    days: int,
    least: Decimal,
    own: Sequence[Commitment],
    known: Known,
    savings: Mapping[tuple[str, str], Decimal],
) -> Finding | None:
    rules = known.rules.commitments
    if days < rules.floor_days or any(each.unused_cost > 0 and each.kind == "(all)" for each in own):
        return None
    # What is resized or stopped first needs no commitment.
    floor = max(least * DAYS_A_MONTH - savings.get((provider, currency), Decimal(0)), Decimal(0)) * rules.floor_share
    rate = next((each.savings_rate for each in own if each.kind == "(all)" and each.savings_rate), None)
    discount = rules.discount if rate is None else min(max(rate / 100, Decimal(0)), Decimal(1))
    saving = (floor * discount).quantize(Decimal("1e-12"))
    if saving < known.rules.least_saving:
        return None
    said = "as yours do now" if rate is not None else "by assumption"
    return _finding(
        "buy_commitment",
        provider,
        currency,
        "machines on demand",
        (least * DAYS_A_MONTH).quantize(Decimal("1e-12")),
        saving,
        f"On each of {days} days machines cost at least {money(least, currency)} on demand; after what other findings "
        f"save, {rules.floor_share * 100:.0f} % of that is {money(floor / DAYS_A_MONTH, currency)} a day to commit to, "
        f"at {discount * 100:.0f} % less {said}.",
        {"least_day": f"{least:f}", "commit_per_day": f"{floor / DAYS_A_MONTH:f}", "discount": f"{discount:f}"},
        Level.HIGH,
        "a commitment binds for a year or longer",
    )


def _underused(each: Commitment) -> Finding:
    return _finding(
        "underused_commitment",
        each.provider,
        each.currency,
        each.kind,
        each.used_cost + each.unused_cost,
        Decimal(0),
        f"{each.utilization:.1f} % of {each.kind} was used; "
        f"{money(each.unused_cost, each.currency)} of the month was not.",
        {"utilization": f"{each.utilization:f}", "unused_cost": f"{each.unused_cost:f}"},
        Level.LOW,
        "nothing is saved until it ends: move usage that it covers to where it lies, exchange it or sell it",
    )


def _expiring(each: Ending, known: Known) -> Finding:
    return _finding(
        "expiring_commitment",
        each.provider,
        each.currency,
        each.ident,
        each.monthly_cost,
        Decimal(0),
        f"A commitment ({each.kind}) ends on {each.expires_on}; what it covers then costs its price on demand.",
        {"expires_on": str(each.expires_on), "days": (each.expires_on - known.run_date).days},
        Level.LOW,
        "renew what is still used, after what other findings save",
    )


def _finding(
    rule: str,
    provider: str,
    currency: str,
    name: str,
    cost: Decimal,
    saving: Decimal,
    evidence: str,
    facts: Mapping[str, object],
    risk: Level,
    note: str,
) -> Finding:
    return Finding(
        rule=rule,
        target=Target(provider, "", "", "", f"{name} ({currency})"),
        resource_type=ResourceType.ACCOUNT,
        currency=currency,
        monthly_cost=cost,
        monthly_saving=min(saving, cost),
        confidence=0.7,
        risk=risk,
        effort=Level.MEDIUM,
        evidence=evidence,
        facts=facts,
        note=note,
    )
