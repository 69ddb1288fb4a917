"""Statements summed up in the reporting currency, with the rates that were used.

The company's total is rounded once; owners are given their cents out of it by largest remainder, and each owner's
lines out of theirs. The month's costs and what rules allocated of them are converted at the month's rate, adjustments
at that of the closed month. What rules allocate adds nothing, so the company's summary has no line of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from finops.chargeback.statement.converted import ConvertedLine, Summary
from finops.chargeback.statement.facts import Adjustment, AllocationEntry, Charge, PublishedMonth
from finops.chargeback.statement.models import Section
from finops.chargeback.statement.rounding import apportion_amounts
from finops.chargeback.statement.sections.total_charged import beyond_direct
from finops.core.dimensions import UNALLOCATED
from finops.core.money import digits_of, exact_sum, rounded
from finops.core.periods import BillingPeriod
from finops.policy.exchange_rates import Exchange

Key = tuple[str, str, str]
"""Month whose rate it is, currency, and ``shared`` where rules allocated it."""
_SHARED = "shared"


def owners_of(month: PublishedMonth) -> list[str]:
    """Return the cost centres with costs, adjustments or shared cost, and what is not allocated, in their order."""
    return sorted({each.cost_center for rows in (month.charges, month.adjustments, month.entries) for each in rows})


def summary(
    month: PublishedMonth, sections: Sequence[Section], owner: str | None = None, company: Summary | None = None
) -> Summary | None:
    """Return the summary of the company, or of an owner, whose total is what the company's shows.

    None without a reporting currency. Raise BadInput for a missing rate.
    """
    if month.exchange is None:
        return None
    currency, digits = month.exchange.reporting_currency, digits_of(month.exchange.reporting_currency)
    owners: tuple[tuple[str, int], ...] = ()
    if owner is None or company is None:
        amounts = {(each,): _converted_total(month, each, month.exchange) for each in owners_of(month)}
        exact = exact_sum(amounts.values())
        total = rounded(exact, digits)
        shares = apportion_amounts(amounts, total, digits)
        owners = tuple(sorted(((each, units) for (each,), units in shares.items()), key=_order))
    else:
        exact, total = _converted_total(month, owner, month.exchange), dict(company.owners)[owner]
    return Summary(currency, digits, _lines(month, owner, month.exchange, total, sections), owners, total, exact)


def _order(owner: tuple[str, int]) -> tuple[bool, int, str]:
    """Largest first; the remainder last, whatever its size."""
    name, units = owner
    return (name == UNALLOCATED, -units, name)


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
    rows: Iterable[Charge | Adjustment | AllocationEntry] = (
        *month.charges,
        *month.adjustments,
        *(month.entries if owner else ()),
    )
    for row in rows:
        if owner in (None, row.cost_center):
            period = row.billing_period if isinstance(row, Adjustment) else month.billing_period
            kind = _SHARED if isinstance(row, AllocationEntry) else ""
            groups[str(period), row.billing_currency, kind].append(row.effective_cost)
    return {key: exact_sum(amounts) for key, amounts in groups.items()}


def _converted_total(month: PublishedMonth, owner: str, exchange: Exchange) -> Decimal:
    return exact_sum(_converted(_sums(month, owner), exchange).values())


def _converted(sums: dict[Key, Decimal], exchange: Exchange) -> dict[Key, Decimal]:
    return {key: exchange.convert(amount, key[1], BillingPeriod.parse(key[0])) for key, amount in sums.items()}
