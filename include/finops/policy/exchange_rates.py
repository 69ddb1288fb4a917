"""Exchange rates by month: given while the month is open, from the state store for good once it is closed.

Given are those of ``currency.yml`` and its files and, for what these lack, the ones that the bills of the provider in
``provider_rates`` name.

A conversion is the exact product of amount and rate. There is no default: an amount in the reporting currency needs
no rate, every other one needs the rate of its own month in exactly that direction. An inverse is never taken, because
its decimals do not end: what EUR to USD says and what USD to EUR says would differ by cents, and nobody gave the one
that was computed. Give both directions where both are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from finops.core.errors import BadInput
from finops.core.formats import Provider
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import bill_rates
from finops.policy.configuration import Currency, Period, entries_of, entry_of, file_named, read_csv, read_mapping
from finops.policy.located_yaml import Located
from finops.stores.published import Publication
from finops.stores.state.closing import ClosedPeriod, LockedRate

FILE = "currency.yml"
Pair = tuple[BillingPeriod, str, str]


class RateEntry(BaseModel):
    """One unit of ``from`` is ``rate`` units of ``to``, for the whole month."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    billing_period: Period
    source_currency: Annotated[Currency, Field(alias="from")]
    target_currency: Annotated[Currency, Field(alias="to")]
    rate: Annotated[Decimal, Field(gt=0, max_digits=38, decimal_places=18, allow_inf_nan=False)]
    source: str = Field(default="", description="Where the rate is from, for the reader of a statement.")


class CurrencySettings(BaseModel):
    """What ``currency.yml`` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reporting_currency: Currency | None = None
    provider_rates: Literal[Provider.AZURE, Provider.GCP] | None = None
    rates: list[object] = []
    files: list[str] = []


@dataclass(frozen=True, slots=True)
class Exchange:
    """Converts to one reporting currency. ``rates`` holds every rate known, by month, from and to.

    ``of_bills`` is asked for what they lack: what the bills of ``provider`` name, of several rates none.
    """

    reporting_currency: str
    rates: Mapping[Pair, LockedRate]
    where: str
    of_bills: Mapping[Pair, tuple[Decimal, ...]] = field(default_factory=dict)
    provider: Provider | None = None

    def rate(self, currency: str, period: BillingPeriod) -> LockedRate:
        """Return the rate of a month. Raise BadInput naming month and pair when there is none, or no single one."""
        if currency == self.reporting_currency:
            return LockedRate(currency, currency, Decimal(1), "same currency")
        pair = (period, currency, self.reporting_currency)
        if (found := self.rates.get(pair)) is not None:
            return found
        named = self.of_bills.get(pair, ())
        if len(named) == 1:
            return LockedRate(currency, self.reporting_currency, named[0], f"{self.provider} bill of {period}")
        if named:
            raise BadInput(
                f"the {self.provider} bill has several exchange rates of {_pair(pair)} "
                f"({', '.join(format(each.normalize(), 'f') for each in named)}); add the month's to {self.where}"
            )
        also = f", and the {self.provider} bill names none" if self.provider else ""
        raise BadInput(
            f"there is no exchange rate of {period} from {currency} to {self.reporting_currency}{also}; "
            f"add it to {self.where} (an inverse is not taken)"
        )

    def convert(self, amount: Decimal, currency: str, period: BillingPeriod) -> Decimal:
        """Return ``amount`` in the reporting currency, exactly. Raise BadInput when the month has no rate."""
        with localcontext() as context:
            context.prec = 80
            return amount * self.rate(currency, period).rate


def load(settings: Settings, closed: Mapping[BillingPeriod, ClosedPeriod], publication: Publication) -> Exchange | None:
    """Return the exchange to the reporting currency, or None when ``currency.yml`` sets none.

    Raise BadInput, naming file, line, entry and key, for what is not as it should be, and for a rate that differs from
    the one its month was closed with; NotReady when ``publication`` is older than the rates of bills.
    """
    path = settings.configuration_dir / FILE
    content = read_mapping(path)
    chosen = entry_of(CurrencySettings, content.content, str(path))
    rates: dict[Pair, LockedRate] = {}
    for where, entry in _entries(settings, content):
        given = entry_of(RateEntry, entry, where)
        pair = (given.billing_period, given.source_currency, given.target_currency)
        rate = LockedRate(given.source_currency, given.target_currency, given.rate, given.source)
        if pair in rates and rates[pair].rate != rate.rate:
            raise BadInput(f"{where}: rate: {_pair(pair)} has another rate, {rates[pair].rate}, before; keep one")
        _require_unchanged(where, pair, rate, closed)
        rates[pair] = rate
    for period, month in closed.items():
        rates |= {(period, each.source_currency, each.target_currency): each for each in month.rates}
    if chosen.reporting_currency is None:
        return None
    provider = chosen.provider_rates
    of_bills = bill_rates.rates_of(publication, provider) if provider else {}
    return Exchange(chosen.reporting_currency, rates, str(path), of_bills, provider)


def _entries(settings: Settings, content: Located) -> list[tuple[str, object]]:
    found = entries_of(content, "rates", "rate")
    for _, text in entries_of(content, "files"):
        file = file_named(str(text), settings)
        rows = read_csv(file)
        if rows is None:
            raise BadInput(f"{file}, which {content.path} lists, is not there; write it or take it out of the list")
        found += [(f"{file}: line {n}", row) for n, row in enumerate(rows, start=2)]
    return found


def _require_unchanged(where: str, pair: Pair, rate: LockedRate, closed: Mapping[BillingPeriod, ClosedPeriod]) -> None:
    period, *currencies = pair
    locked = closed[period].rates if period in closed else ()
    for each in locked:
        if [each.source_currency, each.target_currency] == currencies and each.rate != rate.rate:
            raise BadInput(
                f"{where}: rate: {_pair(pair)} is {rate.rate} here, but {period} was closed with {each.rate}, "
                "which cannot change any more; put that back"
            )


def _pair(pair: Pair) -> str:
    period, source, target = pair
    return f"{period} {source} to {target}"
