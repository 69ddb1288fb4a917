"""The decision of the gate: pure.

A job starts when nothing holds it. What is to be skipped goes before what may wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from finops.budgets import outlook
from finops.budgets.gate.models import Answer, Facts, Price, Published, Request, Verdict
from finops.core.errors import BadInput
from finops.core.money import digits_of, exact_arithmetic, rounded
from finops.pages import wording
from finops.policy.budgets import Measure, Threshold


@dataclass(frozen=True, slots=True)
class _Says:
    """What one thing says of the job, and until when it surely does."""

    verdict: Verdict
    reason: str
    until: datetime | None = None


def decide(asked: Request, facts: Facts, now: datetime) -> Answer:
    """Return whether the job may start now. Raise BadInput where its currency is not that of a budget that it names."""
    said = [*_window(asked, now), *_unknown(asked, facts), *_budgets(asked, facts, now), *_spot(asked, facts.price)]
    verdicts = {each.verdict for each in said}
    verdict = next((each for each in (Verdict.SKIP, Verdict.DEFER) if each in verdicts), Verdict.START)
    until = [each.until for each in said if each.until is not None]
    reasons = tuple(each.reason for each in said if each.verdict is verdict)
    return Answer(verdict, reasons, max(until, default=None) if verdict is Verdict.DEFER else None)


def _window(asked: Request, now: datetime) -> Iterator[_Says]:
    if asked.window is None:
        return
    opens = asked.window.opens(now)
    if opens > now:
        yield _Says(Verdict.DEFER, f"the window opens at {opens:%Y-%m-%d %H:%M} UTC", opens)
    else:
        yield _Says(Verdict.START, "the window is open")


def _unknown(asked: Request, facts: Facts) -> Iterator[_Says]:
    if asked.unknown is not None:
        for each in facts.unknown:
            yield _Says(asked.unknown, f"budgets.yml holds no budget {each} of today")


def _budgets(asked: Request, facts: Facts, now: datetime) -> Iterator[_Says]:
    today = now.date()
    for name in facts.asked:
        found = facts.published.get(name)
        if found is None:
            yield _Says(asked.unpublished, f"budget {name}: nothing is published of the period that holds {today}")
        elif (today - found.run_date).days > asked.max_age:
            days = f"more than {asked.max_age} days ago"
            yield _Says(asked.unpublished, f"budget {name} stands as of {found.run_date}, {days}")
        elif approval := facts.approvals.get(name):
            until = f"until {approval.approved_until}"
            yield _Says(Verdict.START, f"budget {name}: approved by {approval.approved_by} {until}: {approval.reason}")
        else:
            yield from _of_one(asked, found)


def _of_one(asked: Request, found: Published) -> Iterator[_Says]:
    cost = _cost_in(asked, found)
    over = [text for each in asked.most if (text := _exceeds(found, each, cost)) is not None]
    for text in over:
        yield _Says(asked.over, f"budget {found.budget}: {text}; its period ends on {found.period_last}")
    for text in found.held:
        remedy = f"finops budgets approve {found.budget} --by NAME --until DAY --reason WHY"
        yield _Says(asked.over, f"budget {found.budget}: {text}; `{remedy}` lets jobs start")
    if not over and not found.held:
        with exact_arithmetic():
            expected = _money(found, found.forecast + cost)
        yield _Says(Verdict.START, f"budget {found.budget}: {expected} of {_money(found, found.limit)} with the job")


def _cost_in(asked: Request, found: Published) -> Decimal:
    if not asked.cost or asked.currency == found.currency:
        return asked.cost
    if found.budget in asked.budgets:
        raise BadInput(
            f"the cost is in {asked.currency} and budget {found.budget} in {found.currency}; give the estimate in "
            f"{found.currency}, or another budget"
        )
    # It counts only charges in its own currency, and the job makes none.
    return Decimal(0)


def _exceeds(found: Published, most: Threshold, cost: Decimal) -> str | None:
    """Return in words how a budget would be above a threshold with the job; None where it would not."""
    if most.measure is Measure.PROBABILITY:
        chance = _chance(found, cost)
        if chance * 100 <= most.percent:
            return None
        return f"with the job it is used up with a probability of {chance:.0%}, and {most.percent} % is the most"
    amount = {Measure.ACTUAL: found.actual, Measure.FORECAST: found.forecast, Measure.ADJUSTED: found.adjusted}
    what = {
        Measure.ACTUAL: "would be spent",
        Measure.FORECAST: "would be expected",
        Measure.ADJUSTED: "would be expected without odd days",
    }
    with exact_arithmetic():
        total = amount[most.measure] + cost
        if total * 100 <= found.limit * most.percent:
            return None
    return (
        f"{_money(found, total)} {what[most.measure]} of {_money(found, found.limit)}, and {most.percent} % is the most"
    )


def _chance(found: Published, cost: Decimal) -> float:
    import numpy as np

    mean = float(found.forecast)
    low, high = (mean - float(found.lo_80)) / outlook.Z_80, (float(found.hi_80) - mean) / outlook.Z_80
    listed = (np.array([each]) for each in (float(found.limit), mean + float(cost), low, high))
    return float(outlook.above(*listed)[0])


def _spot(asked: Request, price: Price | None) -> Iterator[_Says]:
    if asked.spot is None or price is None:
        return
    limit = asked.spot
    what = f"an hour of {limit.instance_type} in {limit.region}"
    if price.amount is None:
        yield _Says(asked.unpublished, f"what {what} costs is not known: {price.source}")
    elif price.currency != limit.currency:
        raise BadInput(f"spot: the price of {what} is in {price.currency}; give the limit in {price.currency}")
    else:
        costs = f"{what} costs {price.amount.normalize():f} {price.currency} ({price.source})"
        if price.amount > limit.at_most:
            yield _Says(asked.over, f"{costs}, and {limit.at_most} is the most")
        else:
            yield _Says(Verdict.START, costs)


def _money(found: Published, value: Decimal) -> str:
    digits = digits_of(found.currency)
    return f"{wording.money(rounded(value, digits), digits)} {found.currency}"
