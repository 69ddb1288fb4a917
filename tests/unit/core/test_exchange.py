"""Rates are given, month by month and direction by direction; nothing is assumed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from finops.core import exchange
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.state.closing import ClosedPeriod, LockedRate

MAY = BillingPeriod(2026, 5)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", config_dir=tmp_path)


def write(settings: Settings, text: str) -> None:
    (settings.configuration_dir / "currency.yml").write_text(text)


def closed_with(rate: str) -> dict[BillingPeriod, ClosedPeriod]:
    locked = LockedRate("EUR", "USD", Decimal(rate), "bank")
    return {MAY: ClosedPeriod(MAY, datetime.now(UTC), "Ann", "b", "d", {}, (locked,))}


def test_without_a_reporting_currency_nothing_is_converted(settings: Settings) -> None:
    assert exchange.load(settings, {}) is None
    write(settings, "reporting_currency: null\nrates: []\nfiles: []\n")
    assert exchange.load(settings, {}) is None


def test_a_conversion_is_the_exact_product(settings: Settings) -> None:
    write(settings, "reporting_currency: USD\nrates: [{billing_period: 2026-05, from: EUR, to: USD, rate: 1.03889}]")
    found = exchange.load(settings, {})
    assert found is not None
    amount = Decimal("12345678901234567890.123456789012")
    assert Fraction(found.convert(amount, "EUR", MAY)) == Fraction(amount) * Fraction("1.03889")
    assert found.convert(amount, "USD", MAY) == amount


@pytest.mark.parametrize(("currency", "period"), [("GBP", MAY), ("EUR", MAY.next)])
def test_a_missing_rate_names_month_and_pair(settings: Settings, currency: str, period: BillingPeriod) -> None:
    write(settings, "reporting_currency: USD\nrates: [{billing_period: 2026-05, from: EUR, to: USD, rate: 1.03}]")
    found = exchange.load(settings, {})
    assert found is not None
    with pytest.raises(BadInput, match=f"no exchange rate of {period} from {currency} to USD"):
        found.convert(Decimal(1), currency, period)


def test_an_inverse_is_not_taken(settings: Settings) -> None:
    write(settings, "reporting_currency: USD\nrates: [{billing_period: 2026-05, from: USD, to: EUR, rate: 0.9}]")
    found = exchange.load(settings, {})
    assert found is not None
    with pytest.raises(BadInput, match="an inverse is not taken"):
        found.rate("EUR", MAY)


def test_rates_come_from_csv_files_too(settings: Settings) -> None:
    write(settings, 'reporting_currency: USD\nfiles: ["{home}/rates.csv"]')
    with pytest.raises(BadInput, match=r"rates\.csv, which .* lists, is not there"):
        exchange.load(settings, {})
    settings.root.mkdir()
    (settings.root / "rates.csv").write_text("billing_period,from,to,rate,source\n2026-05,EUR,USD,1.03,ECB\n")
    found = exchange.load(settings, {})
    assert found is not None
    assert found.rate("EUR", MAY) == LockedRate("EUR", "USD", Decimal("1.03"), "ECB")


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("{billing_period: 2026-05, from: EUR, to: USD, rate: 0}", "rate 1: rate: "),
        ("{billing_period: 2026-05, from: EUR, to: USD, rate: .inf}", "rate 1: rate: "),
        ("{billing_period: May, from: EUR, to: USD, rate: 1}", "rate 1: billing_period: .*'May'"),
        ("{billing_period: 2026-05, from: euro, to: USD, rate: 1}", "rate 1: from: .*'euro'"),
        ("{billing_period: 2026-05, to: USD, rate: 1}", "rate 1: from: Field required"),
    ],
)
def test_a_wrong_rate_is_named(settings: Settings, entry: str, complaint: str) -> None:
    write(settings, f"reporting_currency: USD\nrates:\n- {entry}\n")
    with pytest.raises(BadInput, match=rf"currency.yml:3: {complaint}"):
        exchange.load(settings, {})


def test_two_rates_for_the_same_month_and_pair_are_refused(settings: Settings) -> None:
    entry = "- {billing_period: 2026-05, from: EUR, to: USD, rate: 1.0%s}\n"
    write(settings, "reporting_currency: USD\nrates:\n" + entry % 3 + entry % 4)
    with pytest.raises(BadInput, match=r"rate 2: rate: 2026-05 EUR to USD has another rate, 1\.03, before"):
        exchange.load(settings, {})


def test_a_closed_month_keeps_its_rate(settings: Settings) -> None:
    write(settings, "reporting_currency: USD")
    found = exchange.load(settings, closed_with("1.03"))
    assert found is not None
    assert found.rate("EUR", MAY).rate == Decimal("1.03")
    write(settings, "reporting_currency: USD\nrates: [{billing_period: 2026-05, from: EUR, to: USD, rate: 1.030}]")
    exchange.load(settings, closed_with("1.03"))
    write(settings, "reporting_currency: USD\nrates: [{billing_period: 2026-05, from: EUR, to: USD, rate: 1.04}]")
    with pytest.raises(BadInput, match=r"2026-05 was closed with 1\.03, which cannot change any more; put that back"):
        exchange.load(settings, closed_with("1.03"))
