"""Proposes amounts from history and forecast, as entries of ``budgets.yml``. Writes nothing by itself.

Per cost centre, or per value of another dimension, and currency: the amount per month is the larger of the mean of the
last whole months and the run-rate over a month, grown by the trend of these months where that rises, with a margin for
how much months differ; rounded up to two digits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.errors import BadInput, NotReady
from finops.core.money import digits_of
from finops.core.settings import Settings
from finops.core.sql import compose, identifier
from finops.policy.budgets.models import COST_DIMENSIONS
from finops.stores import published

if TYPE_CHECKING:
    from datetime import date

MONTHS = 6
"""Whole months that are looked at."""
_LEAST_MARGIN = 0.05
_MOST_GROWTH = 0.10


@dataclass(frozen=True, slots=True)
class Proposed:
    """An amount per month for a value of a dimension, and what it was made of; amounts are of ``currency``."""

    value: str
    currency: str
    amount: Decimal
    mean: Decimal
    run_rate: Decimal
    growth: float
    margin: float
    months: int


def propose(settings: Settings, dimension: str = "cost_center") -> list[Proposed]:
    """Return an amount for each value of a dimension and currency, the dearest first.

    Raise NotReady before a whole month is published, BadInput for a dimension that daily costs do not have.
    """
    if dimension not in COST_DIMENSIONS:
        raise BadInput(
            f"--by {dimension!r} is no dimension of the daily costs; write one of {', '.join(COST_DIMENSIONS)}"
        )
    version = published.latest(settings)
    query = """
        with daily as (
            select {dimension} as value, billing_currency as currency, charge_date, sum(effective_cost) as cost
            from fct_daily_costs group by all
        ),
        newest as (select max(charge_date) as day from fct_daily_costs where charge_category = 'Usage')
        select value, currency, date_trunc('month', charge_date)::date as month, sum(cost)::double,
            sum(cost) filter (where charge_date > newest.day - 28)::double as recent, any_value(newest.day)
        from daily, newest group by all order by value, currency, month
    """
    with version.connect() as connection:
        rows = connection.execute(compose(query, dimension=identifier(dimension))).fetchall()
    series: dict[tuple[str, str], list[tuple[date, float]]] = {}
    recent: dict[tuple[str, str], float] = {}
    for value, currency, month, cost, of_recent, newest in rows:
        if value in (UNALLOCATED, ABSENT):
            continue
        key = (value, currency)
        recent[key] = recent.get(key, 0.0) + (of_recent or 0.0)
        is_whole = f"{month:%Y-%m}" in version.months_of("fct_daily_costs") and _ends(month) <= newest
        if is_whole:
            series.setdefault(key, []).append((month, cost))
    if not series:
        raise NotReady("no whole month is published yet; amounts are proposed from whole months")
    found = [_of_series(key, [cost for _, cost in months][-MONTHS:], recent[key]) for key, months in series.items()]
    return sorted(
        (each for each in found if each.amount > 0), key=lambda each: (each.currency, -each.amount, each.value)
    )


def _ends(month: date) -> date:
    from datetime import timedelta

    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _of_series(key: tuple[str, str], months: Sequence[float], recent: float) -> Proposed:
    mean = sum(months) / len(months)
    run_rate = recent / 28 * 365.25 / 12
    steps = [after / before - 1 for before, after in itertools.pairwise(months) if before > 0]
    growth = min(max(sorted(steps)[len(steps) // 2], 0.0), _MOST_GROWTH) if steps else 0.0
    spread = math.sqrt(sum((each - mean) ** 2 for each in months) / len(months)) / mean if mean > 0 else 0.0
    margin = max(spread, _LEAST_MARGIN)
    digits = digits_of(key[1])
    return Proposed(
        value=key[0],
        currency=key[1],
        amount=_rounded_up(max(mean, run_rate) * (1 + growth) * (1 + margin)),
        mean=round(Decimal(repr(mean)), digits),
        run_rate=round(Decimal(repr(run_rate)), digits),
        growth=growth,
        margin=margin,
        months=len(months),
    )


def _rounded_up(amount: float) -> Decimal:
    """Return an amount rounded up to two digits, such as 170000 for 163412.5; whole below 100; 0 for none."""
    if amount <= 0:
        return Decimal(0)
    step = 10 ** max(math.floor(math.log10(amount)) - 1, 0)
    return Decimal(math.ceil(amount / step) * step)


def as_yaml(proposed: Sequence[Proposed], dimension: str, first: str, last: str) -> str:
    """Return the proposal as a file in the form of ``budgets.yml``; values are quoted as YAML needs them."""
    import yaml

    nodes = [
        {
            "id": _id(each, number),
            "name": each.value,
            "scope": {dimension: each.value},
            "currency": each.currency,
            "from": first,
            "to": last,
            "amount": int(each.amount),
        }
        for number, each in enumerate(proposed, start=1)
    ]
    head = f"# Proposed by `finops budgets plan` from up to {MONTHS} whole months and the last 28 days; direct cost.\n"
    return head + str(yaml.safe_dump({"tree": nodes}, sort_keys=False, allow_unicode=True, width=120))


def _id(each: Proposed, number: int) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in each.value.lower()).strip("-._")
    return f"{kept[:60] or 'budget'}-{each.currency.lower()}-{number}"
