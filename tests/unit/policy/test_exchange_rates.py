"""Rates are given, month by month and direction by direction; nothing is assumed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from finops.core.errors import BadInput, NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.policy import exchange_rates
from finops.stores.published import Publication
from finops.stores.state.closing import ClosedPeriod, LockedRate

MAY = BillingPeriod(2026, 5)
BARE = Publication(Path("nowhere"), {"marts": []})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", config_dir=tmp_path)


def write(settings: Settings, text: str) -> None:
    (settings.configuration_dir / "currency.yml").write_text(text)


def closed_with(rate: str) -> dict[BillingPeriod, ClosedPeriod]:
    locked = LockedRate("EUR", "USD", Decimal(rate), "bank")
    return {MAY: ClosedPeriod(MAY, datetime.now(UTC), "Ann", "b", "d", {}, (locked,))}


def test_without_a_reporting_currency_nothing_is_converted(settings: Settings) -> None:
    assert exchange_rates.load(settings, {}, BARE) is None
    write(settings, "reporting_currency: null\nrates: []\nfiles: []\n")
    assert exchange_rates.load(settings, {}, BARE) is None


def test_a_conversion_is_the_exact_product(settings: Settings) -> None:
    write(settings, "reporting_currency: USD\nrates: [{billing_period: 2026-05, from: EUR, to: USD, rate: 1.03889}]")
    found = exchange_rates.load(settings, {}, BARE)
    assert found is not None
    amount = Decimal("12345678901234567890.123456789012")
    assert Fraction(found.convert(amount, "EUR", MAY)) == Fraction(amount) * Fraction("1.03889")
    assert found.convert(amount, "USD", MAY) == amount


@pytest.mark.parametrize(("currency", "period"), [("GBP", MAY), ("EUR", MAY.next)])
def test_a_missing_rate_names_month_and_pair(settings: Settings, currency: str, period: BillingPeriod) -> None:
    write(settings, "reporting_currency: USD\nrates: [{billing_period: 2026-05, from: EUR, to: USD, rate: 1.03}]")
    found = exchange_rates.load(settings, {}, BARE)
    assert found is not None
    with pytest.raises(BadInput, match=f"no exchange rate of {period} from {currency} to USD"):
        found.convert(Decimal(1), currency, period)


def test_an_inverse_is_not_taken(settings: Settings) -> None:
    write(settings, "reporting_currency: USD\nrates: [{billing_period: 2026-05, from: USD, to: EUR, rate: 0.9}]")
    found = exchange_rates.load(settings, {}, BARE)
    assert found is not None
    with pytest.raises(BadInput, match="an inverse is not taken"):
        found.rate("EUR", MAY)


def test_rates_come_from_csv_files_too(settings: Settings) -> None:
    write(settings, 'reporting_currency: USD\nfiles: ["{home}/rates.csv"]')
    with pytest.raises(
        BadInput, match=r"currency.yml:2: files\[1\]: .*rates\.csv does not exist; write it or take it out"
    ):
        exchange_rates.load(settings, {}, BARE)
    settings.root.mkdir()
    (settings.root / "rates.csv").write_text("billing_period,from,to,rate,source\n2026-05,EUR,USD,1.03,ECB\n")
    found = exchange_rates.load(settings, {}, BARE)
    assert found is not None
    assert found.rate("EUR", MAY) == LockedRate("EUR", "USD", Decimal("1.03"), "ECB")


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("{billing_period: 2026-05, from: EUR, to: USD, rate: 0}", r"rates\[1\].rate: "),
        ("{billing_period: 2026-05, from: EUR, to: USD, rate: .inf}", r"rates\[1\].rate: "),
        ("{billing_period: May, from: EUR, to: USD, rate: 1}", r"rates\[1\].billing_period: .*'May'"),
        ("{billing_period: 2026-05, from: euro, to: USD, rate: 1}", r"rates\[1\].from: .*'euro'"),
        ("{billing_period: 2026-05, to: USD, rate: 1}", r"rates\[1\]: missing key from"),
    ],
)
def test_a_wrong_rate_is_named(settings: Settings, entry: str, complaint: str) -> None:
    write(settings, f"reporting_currency: USD\nrates:\n- {entry}\n")
    with pytest.raises(BadInput, match=rf"currency.yml:3: {complaint}"):
        exchange_rates.load(settings, {}, BARE)


def test_two_rates_for_the_same_month_and_pair_are_refused(settings: Settings) -> None:
    entry = "- {billing_period: 2026-05, from: EUR, to: USD, rate: 1.0%s}\n"
    write(settings, "reporting_currency: USD\nrates:\n" + entry % 3 + entry % 4)
    with pytest.raises(BadInput, match=r"rates\[2\]: rate: 2026-05 EUR to USD has another rate, 1\.03, before"):
        exchange_rates.load(settings, {}, BARE)


def test_a_closed_month_keeps_its_rate(settings: Settings) -> None:
    write(settings, "reporting_currency: USD")
    found = exchange_rates.load(settings, closed_with("1.03"), BARE)
    assert found is not None
    assert found.rate("EUR", MAY).rate == Decimal("1.03")
    write(settings, "reporting_currency: USD\nrates: [{billing_period: 2026-05, from: EUR, to: USD, rate: 1.030}]")
    exchange_rates.load(settings, closed_with("1.03"), BARE)
    write(settings, "reporting_currency: USD\nrates: [{billing_period: 2026-05, from: EUR, to: USD, rate: 1.04}]")
    with pytest.raises(BadInput, match=r"2026-05 was closed with 1\.03, which cannot change any more; put that back"):
        exchange_rates.load(settings, closed_with("1.03"), BARE)


@pytest.fixture
def bills(tmp_path: Path) -> Publication:
    """What bills say in May: Google's one rate to EUR and two to GBP, Azure's another one to EUR."""
    with duckdb.connect(str(tmp_path / "finops.duckdb")) as connection:
        connection.execute(
            "create table mart_exchange_rates as select * from (values "
            "('2026-05', 'gcp', 'EUR', 'USD', 0.123456789012::decimal(38, 12), 9::bigint), "
            "('2026-05', 'gcp', 'GBP', 'USD', 0.8, 5), ('2026-05', 'gcp', 'GBP', 'USD', 0.81, 1), "
            "('2026-05', 'azure', 'EUR', 'USD', 0.95, 1)) "
            "as t(billing_period, provider, billing_currency, pricing_currency, rate, row_count)"
        )
    return Publication(tmp_path, {"marts": ["mart_exchange_rates"]})


def test_a_declared_provider_gives_the_rates_its_bills_name_to_the_last_decimal(
    settings: Settings, bills: Publication
) -> None:
    write(settings, "reporting_currency: EUR\nprovider_rates: gcp")
    found = exchange_rates.load(settings, {}, bills)
    assert found is not None
    assert found.rate("USD", MAY) == LockedRate("USD", "EUR", Decimal("0.123456789012"), "gcp bill of 2026-05")
    assert found.convert(Decimal("1e12"), "USD", MAY) == Decimal("123456789012")


def test_without_a_declared_provider_bills_give_no_rate(settings: Settings, bills: Publication) -> None:
    write(settings, "reporting_currency: EUR")
    found = exchange_rates.load(settings, {}, bills)
    assert found is not None
    with pytest.raises(BadInput, match="no exchange rate of 2026-05 from USD to EUR; add it to"):
        found.rate("USD", MAY)


@pytest.mark.parametrize(
    ("to", "currency", "period", "complaint"),
    [
        ("EUR", "USD", MAY.next, "no exchange rate of 2026-06 from USD to EUR, and the gcp bill names none; add it"),
        ("USD", "EUR", MAY, "no exchange rate of 2026-05 from EUR to USD, .*an inverse is not taken"),
        ("GBP", "USD", MAY, r"the gcp bill has several exchange rates of 2026-05 USD to GBP \(0\.8, 0\.81\); add the"),
    ],
)
def test_what_bills_do_not_say_for_certain_is_missing(
    settings: Settings, bills: Publication, to: str, currency: str, period: BillingPeriod, complaint: str
) -> None:
    write(settings, f"reporting_currency: {to}\nprovider_rates: gcp")
    found = exchange_rates.load(settings, {}, bills)
    assert found is not None
    with pytest.raises(BadInput, match=complaint):
        found.rate(currency, period)


def test_the_file_and_the_closing_come_before_the_bills(settings: Settings, bills: Publication) -> None:
    given = "rates: [{billing_period: 2026-05, from: USD, to: EUR, rate: 0.9}, "
    given += "{billing_period: 2026-05, from: USD, to: GBP, rate: 0.7}]"
    write(settings, f"reporting_currency: EUR\nprovider_rates: gcp\n{given}")
    found = exchange_rates.load(settings, {}, bills)
    assert found is not None
    assert found.rate("USD", MAY).rate == Decimal("0.9")
    write(settings, "reporting_currency: USD\nprovider_rates: azure")
    found = exchange_rates.load(settings, closed_with("1.03"), bills)
    assert found is not None
    assert found.rate("EUR", MAY).rate == Decimal("1.03")


def test_a_provider_whose_bills_name_no_rate_is_refused(settings: Settings) -> None:
    write(settings, "reporting_currency: EUR\nprovider_rates: aws")
    with pytest.raises(BadInput, match=r"currency\.yml:2: provider_rates: .*'aws'"):
        exchange_rates.load(settings, {}, BARE)


def test_a_version_from_before_there_were_rates_has_to_be_built_again(settings: Settings) -> None:
    write(settings, "reporting_currency: EUR\nprovider_rates: gcp")
    with pytest.raises(NotReady, match="has no mart_exchange_rates yet; run `finops build`"):
        exchange_rates.load(settings, {}, BARE)
