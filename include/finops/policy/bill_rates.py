"""The exchange rates that a provider's bills name, from what is published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from finops.core.errors import NotReady
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.stores.published import Publication

MART = "mart_exchange_rates"


def rates_of(
    publication: Publication, provider: Provider
) -> Mapping[tuple[BillingPeriod, str, str], tuple[Decimal, ...]]:
    """Return what one unit of a currency is in another, by month, from and to; several where the bill names several.

    Raise NotReady when the version was published before there was such a mart.
    """
    if MART not in publication.marts:
        raise NotReady(f"what is published has no {MART} yet; run `finops build`")
    with publication.connect() as connection:
        rows = connection.execute(
            f"select billing_period, pricing_currency, billing_currency, rate from {MART} "  # noqa: S608
            "where provider = ? order by all",
            [provider],
        ).fetchall()
    found: dict[tuple[BillingPeriod, str, str], list[Decimal]] = defaultdict(list)
    for period, source, target, rate in rows:
        found[BillingPeriod.parse(period), source, target].append(rate)
    return {pair: tuple(rates) for pair, rates in found.items()}
