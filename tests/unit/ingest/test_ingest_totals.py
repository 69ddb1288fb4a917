"""Control totals: exact, per currency, and equal to the same sum done with Python's decimals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.unit.ingest.native_bills import csv_bytes, gz_bytes, parquet_bytes, put, rows

from finops.core.formats import SourceFormat
from finops.core.money import exact
from finops.core.providers import Provider
from finops.core.settings import Settings
from finops.ingest.landing import totals_of
from finops.ingest.models import FetchedFile
from finops.ingest.reading import ending, open_engine
from finops.ingest.totals import money
from finops.ingest.verification.inspection import inspect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FOCUS = SourceFormat.FOCUS

AMOUNTS = st.decimals(min_value=Decimal("-1e12"), max_value=Decimal("1e12"), allow_nan=False, places=15)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBPyConnection]:
    import duckdb

    with duckdb.connect() as connection:
        yield connection


def totals(content: bytes, name: str, provider: Provider, folder: Path, stated: SourceFormat | None = None):
    """Rows, source cost and billed cost by currency of January."""
    path = put(folder / f"local{ending(name)}", content)
    with open_engine(Settings(home=folder), folder) as connection:
        facts = inspect(connection, FetchedFile(path, name), provider, stated)
    return totals_of([facts], "2025-01")


@hypothesis_settings(max_examples=25)
@given(st.lists(st.tuples(AMOUNTS, st.sampled_from(["USD", "EUR"])), min_size=1, max_size=20))
def test_text_amounts_sum_to_what_pythons_decimals_give(costs: list[tuple[Decimal, str]]) -> None:
    expected: dict[str, Decimal] = defaultdict(Decimal)
    lines = []
    for cost, currency in costs:
        expected[currency] += exact(cost)
        lines += rows(FOCUS, [format(cost, "f")], BillingCurrency=currency)
    with TemporaryDirectory() as folder:
        found = totals(csv_bytes(lines), "bill.csv", Provider.AWS, Path(folder))
    assert {currency: sums[1] for currency, sums in found.items()} == expected


@hypothesis_settings(max_examples=100)
@given(
    st.decimals(min_value=Decimal("-8191"), max_value=Decimal("8191"), places=11)
    | st.decimals(min_value=Decimal("-1e9"), max_value=Decimal("1e9"), places=6)
)
def test_a_double_that_was_written_with_few_digits_is_that_decimal(engine: DuckDBPyConnection, amount: Decimal) -> None:
    found = engine.execute(f"select {money('x', 'DOUBLE')} from (select ?::double as x)", [float(amount)])
    assert found.fetchall()[0][0] == amount


def test_a_large_double_shows_no_binary_tail(engine: DuckDBPyConnection) -> None:
    found = engine.execute(f"select {money('x', 'DOUBLE')} from (select 12345.67::double as x)").fetchall()
    assert found[0][0] == Decimal("12345.67")


def test_an_aws_total_is_net_on_each_row_that_has_a_net_cost(tmp_path: Path) -> None:
    lines = [
        {**row, "line_item_net_unblended_cost": net}
        for row, net in zip(rows(SourceFormat.AWS_CUR2, ["10", "20"]), ["9", ""], strict=True)
    ]
    assert totals(gz_bytes(lines), "bill.csv.gz", Provider.AWS, tmp_path)["USD"] == (2, Decimal(29), Decimal(29))


@pytest.mark.parametrize(("half", "billed"), [("azure_actual", "500"), ("azure_amortized", "7")])
def test_of_azures_halves_the_actual_bills_the_commitments_and_the_amortized_all_else(
    tmp_path: Path, half: str, billed: str
) -> None:
    stated = SourceFormat(half)
    lines = [
        *rows(stated, ["7"], ChargeType="Usage", PricingModel="OnDemand"),
        *rows(stated, ["100"], ChargeType="Usage", PricingModel="Reservation"),
        *rows(stated, ["600"], ChargeType="Purchase", PricingModel="SavingsPlan"),
        *rows(stated, ["-100"], ChargeType="Refund", PricingModel="Reservation"),
    ]
    found = totals(csv_bytes(lines), "bill.csv", Provider.AZURE, tmp_path, stated)
    assert found["USD"] == (4, Decimal(607), Decimal(billed))


def test_a_gcp_row_counts_its_cost_once_however_many_credits_it_has(tmp_path: Path) -> None:
    credits = "[{'amount': -0.1}, {'amount': -0.2}, {'amount': NULL}]"
    lines = rows(SourceFormat.GCP_DETAILED, ["1.0"], credits=credits) + rows(SourceFormat.GCP_DETAILED, ["2"])
    content = parquet_bytes(SourceFormat.GCP_DETAILED, lines, tmp_path)
    assert totals(content, "p.parquet", Provider.GCP, tmp_path)["USD"] == (2, Decimal("2.7"), Decimal("2.7"))
