"""The real bills beside the checkout: what the fact holds equals a sum made with nothing but csv and Decimal."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from finops.core.formats import SourceFormat
from finops.core.money import exact
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.service import ingest
from finops.quality.reconciliation import STAGES
from finops.transform.service import build

pytestmark = pytest.mark.shared

Totals = dict[tuple[str, str, str], tuple[int, Decimal]]


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _sum(
    path: Path,
    provider: str,
    period: Callable[[dict[str, str]], str],
    currency: str,
    cost: Callable[[dict[str, str]], str],
) -> Totals:
    totals: Totals = defaultdict(lambda: (0, Decimal(0)))
    for line in _lines(path):
        key = (provider, period(line), line[currency])
        totals[key] = (totals[key][0] + 1, totals[key][1] + exact(cost(line)))
    return dict(totals)


def _azure_month(line: dict[str, str]) -> str:
    month, _, year = line["BillingPeriodStartDate"].split("/")
    return f"{year}-{month}"


def _is_committed(line: dict[str, str]) -> bool:
    return line["PricingModel"] in ("Reservation", "SavingsPlan")


def _is_fee(line: dict[str, str]) -> bool:
    return _is_committed(line) and line["ChargeType"] in ("Purchase", "Refund")


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """All real bills, landed as a person would who downloaded them, and built in one go."""
    settings = Settings(home=tmp_path_factory.mktemp("real"))
    azure = shared_data / "azure"
    files = (
        (Provider.AZURE, azure / "EA_ActualCost_Small.csv", SourceFormat.AZURE_ACTUAL),
        (Provider.AZURE, azure / "EA_AmortizedCost_Small.csv", SourceFormat.AZURE_AMORTIZED),
        (Provider.AWS, shared_data / "aws" / "legacy_cur_anonymous.csv", None),
        (Provider.AWS, shared_data / "focus" / "focus1.0_sample_1000.csv", None),
    )
    for provider, path, source_format in files:
        report = ingest(settings, provider, str(path), no_manifest=True, source_format=source_format)
        assert not report.rejections
    assert build(settings) is not None
    return settings


@pytest.fixture(scope="module")
def expected(shared_data: Path) -> Totals:
    """Lines and billed cost per provider, period and currency, straight from the files."""
    actual = shared_data / "azure" / "EA_ActualCost_Small.csv"
    amortized = shared_data / "azure" / "EA_AmortizedCost_Small.csv"
    legacy = shared_data / "aws" / "legacy_cur_anonymous.csv"
    focus = shared_data / "focus" / "focus1.0_sample_1000.csv"
    fees = _sum(actual, "azure", _azure_month, "BillingCurrency", lambda line: line["Cost"] if _is_fee(line) else "0")
    usage = _sum(
        amortized, "azure", _azure_month, "BillingCurrency", lambda line: "0" if _is_committed(line) else line["Cost"]
    )
    fee_count = sum(map(_is_fee, _lines(actual)))
    return {
        **{key: (rows + fee_count, billed + fees[key][1]) for key, (rows, billed) in usage.items()},
        **_sum(
            legacy,
            "aws",
            lambda line: line["bill/BillingPeriodStartDate"][:7],
            "lineItem/CurrencyCode",
            lambda line: line["lineItem/UnblendedCost"],
        ),
        **_sum(
            focus,
            "aws",
            lambda line: line["BillingPeriodStart"][:7],
            "BillingCurrency",
            lambda line: line["BilledCost"],
        ),
    }


def _query(settings: Settings, sql: str) -> list[tuple]:
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_the_fact_holds_every_line_and_its_cost_to_the_twelfth_decimal(real: Settings, expected: Totals) -> None:
    found = _query(
        real,
        "select provider, billing_period, billing_currency, count(*), sum(billed_cost) "
        "from fct_focus_costs group by all",
    )

    assert {
        (provider, period, currency): (rows, billed) for provider, period, currency, rows, billed in found
    } == expected


def test_every_stage_has_the_cost_of_the_source(real: Settings, expected: Totals) -> None:
    stages = _query(
        real,
        "select provider, billing_period, billing_currency, stage, billed_cost, difference "
        "from marts.mart_reconciliation",
    )

    assert {stage for *_, stage, _, _ in stages} >= set(STAGES)
    assert {(p, m, c) for p, m, c, *_ in stages} == set(expected)
    assert [row for row in stages if row[5] != 0 or row[4] != expected[row[:3]][1]] == []


def test_the_two_months_of_the_focus_sample_are_two_deliveries(real: Settings) -> None:
    rows = _query(
        real,
        "select billing_period, count(*), count(distinct provider_name) from fct_focus_costs "
        "where x_source_format = 'focus' group by all order by all",
    )

    assert rows == [("2024-09", 999, 3), ("2024-10", 1, 1)]


def test_the_reservation_is_paid_once_and_its_usage_carries_the_amortised_cost(real: Settings) -> None:
    rows = _query(
        real,
        "select charge_category, commitment_discount_status, commitment_discount_type, billed_cost, effective_cost "
        "from fct_focus_costs where provider = 'azure' and commitment_discount_id is not null order by all",
    )

    assert rows == [
        ("Purchase", None, "Reservation", Decimal("3.25"), Decimal(0)),
        ("Usage", "Used", "Reservation", Decimal(0), Decimal("0.493152")),
        ("Usage", "Used", "Savings Plan", Decimal(0), Decimal("0.006000000468")),
    ]


def test_no_row_of_the_focus_sample_has_a_gap_and_repairs_are_named(real: Settings) -> None:
    (gaps,) = _query(
        real,
        "select count(*) from fct_focus_costs where x_source_format = 'focus' and (contracted_cost is null "
        "or service_subcategory is null "
        "or charge_frequency is null or (resource_id is null) <> (resource_type is null) or region_name is null "
        "or billing_account_name is null or contracted_unit_price < 0 or (sku_id is not null and sku_meter is null) "
        "or (consumed_quantity is not null and charge_category <> 'Usage') or pricing_unit like '%-%-%')",
    )[0]
    services = _query(
        real, "select service_name from fct_focus_costs group by all having count(distinct service_category) > 1"
    )
    (repaired,) = _query(
        real,
        "select count(*) from fct_focus_costs where x_source_changes like '%contracted_cost_from_list_cost%'",
    )[0]

    assert gaps == 0
    assert services == []
    assert repaired == 7
