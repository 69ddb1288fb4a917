"""Statements summed up in the reporting currency, with the rates that were used.

The company's total is rounded once; owners are given their cents out of it by largest remainder, and each owner's
lines out of theirs. The month's costs are converted at the month's rate, adjustments at that of the closed month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from finops.chargeback.closing_models import Adjustment, ConvertedLine, Summary
from finops.chargeback.models import UNALLOCATED, Charge, PublishedMonth, exact_sum
from finops.chargeback.rounding import apportion_amounts, digits_of, rounded
from finops.core.exchange import Exchange
from finops.core.periods import BillingPeriod

Key = tuple[str, str]
"""Month whose rate it is, and currency."""


def of_company(month: PublishedMonth) -> Summary | None:
    """Return the whole company's summary, or None without a reporting currency. Raise BadInput for a missing rate."""
    if month.exchange is None:
        return None
    exchange = month.exchange
    digits = digits_of(exchange.reporting_currency)
    names = {c.cost_center for c in month.charges} | {a.cost_center for a in month.adjustments}
    owners = {(owner,): exact_sum(_converted(_sums(month, owner), exchange).values()) for owner in names}
    exact = exact_sum(owners.values())
    total = rounded(exact, digits)
    shares = apportion_amounts(owners, total, digits)
    shown = tuple(sorted(((owner, units) for (owner,), units in shares.items()), key=_order))
    return Summary(exchange.reporting_currency, digits, _lines(month, None, exchange, total), shown, total, exact)


def _order(owner: tuple[str, int]) -> tuple[bool, int, str]:
    """Largest first; the remainder last, whatever its size."""
    name, units = owner
    return (name == UNALLOCATED, -units, name)


def of_owner(month: PublishedMonth, owner: str, company: Summary | None) -> Summary | None:
    """Return one cost centre's summary, None where shared cost is all it has; its total is what the company's shows."""
    if company is None or month.exchange is None or owner not in dict(company.owners):
        return None
    total = dict(company.owners)[owner]
    exact = exact_sum(_converted(_sums(month, owner), month.exchange).values())
    lines = _lines(month, owner, month.exchange, total)
    return Summary(company.currency, company.digits, lines, (), total, exact)


def _lines(month: PublishedMonth, owner: str | None, exchange: Exchange, total: int) -> tuple[ConvertedLine, ...]:
    sums = _sums(month, owner)
    shares = apportion_amounts(_converted(sums, exchange), total, digits_of(exchange.reporting_currency))
    lines = []
    for key in sorted(sums, key=lambda each: (each[0] != str(month.billing_period), each)):
        period, currency = BillingPeriod.parse(key[0]), key[1]
        rate, digits = exchange.rate(currency, period), digits_of(currency)
        label = "Costs" if period == month.billing_period else f"Adjustments to {period}"
        amount = rounded(sums[key], digits)
        lines.append(
            ConvertedLine(
                f"{label} in {currency}", currency, digits, amount, period, rate.rate, rate.source, shares[key]
            )
        )
    return tuple(lines)


def _sums(month: PublishedMonth, owner: str | None) -> dict[Key, Decimal]:
    """Return the exact effective cost by month of the rate and currency, of one owner or of all."""
    groups: dict[Key, list[Decimal]] = defaultdict(list)
    rows: Iterable[Charge | Adjustment] = (*month.charges, *month.adjustments)
    for row in rows:
        if owner in (None, row.cost_center):
            period = row.billing_period if isinstance(row, Adjustment) else month.billing_period
            groups[str(period), row.billing_currency].append(row.effective_cost)
    return {key: exact_sum(amounts) for key, amounts in groups.items()}


def _converted(sums: dict[Key, Decimal], exchange: Exchange) -> dict[Key, Decimal]:
    return {key: exchange.convert(amount, key[1], BillingPeriod.parse(key[0])) for key, amount in sums.items()}
