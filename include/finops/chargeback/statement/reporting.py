"""Statements summed up in the reporting currency, with the rates that were used.

The company's total is rounded once; owners are given their cents out of it by largest remainder, and each owner's
lines out of theirs. The month's costs and what rules moved of them are converted at the month's rate, adjustments at
that of the closed month. What rules move adds nothing, so the company's summary has no line of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from finops.chargeback.close.models import Adjustment, ConvertedLine, Summary
from finops.chargeback.statement.charged import beyond_direct
from finops.chargeback.statement.facts import UNALLOCATED, Charge, PublishedMonth, exact_sum
from finops.chargeback.statement.models import Section
from finops.chargeback.statement.rounding import apportion_amounts, digits_of, rounded
from finops.chargeback.statement.shared import Entry
from finops.core.periods import BillingPeriod
from finops.policy.exchange_rates import Exchange

Key = tuple[str, str, str]
"""Month whose rate it is, currency, and ``shared`` where rules moved it."""
_SHARED = "shared"


def of_company(month: PublishedMonth, sections: Sequence[Section]) -> Summary | None:
    """Return the whole company's summary, or None without a reporting currency. Raise BadInput for a missing rate."""
    if month.exchange is None:
        return None
    exchange = month.exchange
    digits = digits_of(exchange.reporting_currency)
    names = {each.cost_center for rows in (month.charges, month.adjustments, month.entries) for each in rows}
    owners = {(owner,): exact_sum(_converted(_sums(month, owner), exchange).values()) for owner in names}
    exact = exact_sum(owners.values())
    total = rounded(exact, digits)
    shares = apportion_amounts(owners, total, digits)
    shown = tuple(sorted(((owner, units) for (owner,), units in shares.items()), key=_order))
    return Summary(
        exchange.reporting_currency, digits, _lines(month, None, exchange, total, sections), shown, total, exact
    )


def _order(owner: tuple[str, int]) -> tuple[bool, int, str]:
    """Largest first; the remainder last, whatever its size."""
    name, units = owner
    return (name == UNALLOCATED, -units, name)


def of_owner(month: PublishedMonth, owner: str, company: Summary | None, sections: Sequence[Section]) -> Summary | None:
    """Return one cost centre's summary, if there is a reporting currency; its total is what the company's shows."""
    if company is None or month.exchange is None:
        return None
    total = dict(company.owners)[owner]
    exact = exact_sum(_converted(_sums(month, owner), month.exchange).values())
    lines = _lines(month, owner, month.exchange, total, sections)
    return Summary(company.currency, company.digits, lines, (), total, exact)


def _lines(
    month: PublishedMonth, owner: str | None, exchange: Exchange, total: int, sections: Sequence[Section]
) -> tuple[ConvertedLine, ...]:
    sums, shown = _sums(month, owner), _shown(month, sections)
    shares = apportion_amounts(_converted(sums, exchange), total, digits_of(exchange.reporting_currency))
    lines = []
    for key in sorted(sums, key=lambda each: (each[0] != str(month.billing_period), each)):
        period, currency = BillingPeriod.parse(key[0]), key[1]
        rate, digits = exchange.rate(currency, period), digits_of(currency)
        label = "Costs" if period == month.billing_period else f"Adjustments to {period}"
        label = "Shared cost" if key[2] == _SHARED else label
        amount = shown.get(key, rounded(sums[key], digits))
        lines.append(
            ConvertedLine(
                f"{label} in {currency}", currency, digits, amount, period, rate.rate, rate.source, shares[key]
            )
        )
    return tuple(lines)


def _shown(month: PublishedMonth, sections: Sequence[Section]) -> dict[Key, int]:
    """Return the amounts in the cents of the sections that show a total charged: the reader finds them there."""
    found: dict[Key, int] = defaultdict(int)
    for section in filter(beyond_direct, sections):
        period, currency = str(month.billing_period), section.currency
        found[period, currency, ""] = section.total.effective
        found[period, currency, _SHARED] = section.shared.effective if section.shared else 0
        for line in section.adjustments.lines if section.adjustments else ():
            found[str(line.adjustment.billing_period), currency, ""] += line.effective
    return found


def _sums(month: PublishedMonth, owner: str | None) -> dict[Key, Decimal]:
    """Return the exact effective cost by month of the rate, currency and kind, of one owner or of all."""
    groups: dict[Key, list[Decimal]] = defaultdict(list)
    rows: Iterable[Charge | Adjustment | Entry] = (
        *month.charges,
        *month.adjustments,
        *(month.entries if owner else ()),
    )
    for row in rows:
        if owner in (None, row.cost_center):
            period = row.billing_period if isinstance(row, Adjustment) else month.billing_period
            kind = _SHARED if isinstance(row, Entry) else ""
            groups[str(period), row.billing_currency, kind].append(row.effective_cost)
    return {key: exact_sum(amounts) for key, amounts in groups.items()}


def _converted(sums: dict[Key, Decimal], exchange: Exchange) -> dict[Key, Decimal]:
    return {key: exchange.convert(amount, key[1], BillingPeriod.parse(key[0])) for key, amount in sums.items()}
