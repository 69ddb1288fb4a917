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
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.policy import bill_rates
from finops.policy.loader import Currency, Entry, File, Period, Row, rows
from finops.policy.loader import load as load_file
from finops.stores.published import Publication
from finops.stores.state.closing import ClosedPeriod, LockedRate

FILE = "currency.yml"
Pair = tuple[BillingPeriod, str, str]


class RateEntry(Entry):
    """One unit of ``from`` is ``rate`` units of ``to``, for the whole month."""

    model_config = ConfigDict(str_strip_whitespace=True)

    billing_period: Period
    source_currency: Annotated[Currency, Field(alias="from")]
    target_currency: Annotated[Currency, Field(alias="to")]
    rate: Annotated[Decimal, Field(gt=0, max_digits=38, decimal_places=18, allow_inf_nan=False)]
    source: str = Field(default="", description="Where the rate is from, for the reader of a statement.")


class CurrencySettings(Entry):
    """What ``currency.yml`` holds."""

    reporting_currency: Currency | None = None
    provider_rates: Literal["azure", "gcp"] | None = None
    rates: tuple[RateEntry, ...] = ()
    files: tuple[File, ...] = ()


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
        with localcontext(prec=80):
            return amount * self.rate(currency, period).rate


def load(settings: Settings, closed: Mapping[BillingPeriod, ClosedPeriod], publication: Publication) -> Exchange | None:
    """Return the exchange to the reporting currency, or None when ``currency.yml`` sets none.

    Raise BadInput, naming file, line and key, for what is invalid, and for a rate that differs from the one its month
    was closed with; NotReady when ``publication`` is older than the rates of bills.
    """
    chosen, rates = known(settings, closed)
    if chosen.reporting_currency is None:
        return None
    provider = chosen.provider_rates and Provider(chosen.provider_rates)
    of_bills = bill_rates.rates_of(publication, provider) if provider else {}
    return Exchange(chosen.reporting_currency, rates, str(settings.configuration_dir / FILE), of_bills, provider)


def known(
    settings: Settings, closed: Mapping[BillingPeriod, ClosedPeriod]
) -> tuple[CurrencySettings, dict[Pair, LockedRate]]:
    """Return what the file says and the rates that are known without a bill: given, or locked by a close.

    Raise BadInput like ``load``.
    """
    chosen, given = read(settings)
    rates: dict[Pair, LockedRate] = {}
    for where, entry in given:
        pair = (entry.billing_period, entry.source_currency, entry.target_currency)
        rates[pair] = LockedRate(entry.source_currency, entry.target_currency, entry.rate, entry.source)
        _require_unchanged(where, pair, rates[pair], closed)
    for period, month in closed.items():
        rates |= {(period, each.source_currency, each.target_currency): each for each in month.rates}
    return chosen, rates


def read(settings: Settings) -> tuple[CurrencySettings, list[Row]]:
    """Return what the file says and all its rates, those of the files it lists after its own.

    Raise BadInput, naming file, line and key, for what is invalid, and for two rates of one month and pair.
    """
    chosen, found = load_file(settings, FILE, CurrencySettings)
    given = [Row(found.where(("rates", number)), entry) for number, entry in enumerate(chosen.rates)]
    for number, file in enumerate(chosen.files):
        listed = rows(Path(file), RateEntry)
        if listed is None:
            raise found.error(("files", number), f"{file} does not exist; write it or take it out of the list")
        given += listed
    known: dict[Pair, Decimal] = {}
    for where, entry in given:
        pair = (entry.billing_period, entry.source_currency, entry.target_currency)
        if known.setdefault(pair, entry.rate) != entry.rate:
            raise BadInput(f"{where}: rate: {_pair(pair)} has another rate, {known[pair]}, before; keep one")
    return chosen, given


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
