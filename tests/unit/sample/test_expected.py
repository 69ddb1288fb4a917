"""``expected.json`` is what tests of the whole platform compare with, so it is checked by another way of counting.

Here DuckDB reads the files and sums the texts of the amounts; the generator counts integers while it writes.
"""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.sample import exact
from finops.sample.models import SampleReport


def amount(column: str) -> str:
    """A double's shortest text is the decimal that was written; a direct cast can show its binary tail."""
    return f"{column}::varchar::decimal(38, 12)"


AWS = amount("line_item_net_unblended_cost")
COMMITTED = "pricingModel in ('Reservation', 'SavingsPlan')"
QUERIES = {
    "aws": f"""
        select strftime(bill_billing_period_start_date, '%Y-%m'), 'meridian-cur2', line_item_currency_code,
            count(*), sum({AWS}), sum({AWS}),
            coalesce(sum({AWS}) filter (cardinality(resource_tags) = 0), 0)
        from aws group by all
    """,
    "azure": f"""
        with lines as (
            select *, costInBillingCurrency::decimal(38, 12) as cost,
                case when half = 'meridian-actual' then {COMMITTED} and chargeType in ('Purchase', 'Refund')
                    else not {COMMITTED} end as is_billed
            from azure
        )
        select strftime(strptime(billingPeriodStartDate, '%m/%d/%Y'), '%Y-%m'), half, billingCurrency,
            count(*), sum(cost), coalesce(sum(cost) filter (is_billed), 0),
            coalesce(sum(cost) filter (is_billed and tags is null), 0)
        from lines group by all
    """,
    "gcp": f"""
        with lines as (
            select *, {amount("cost")} + coalesce(list_sum(list_transform(credits, lambda c: {amount("c.amount")})), 0)
                as net
            from gcp
        )
        select invoice.month[1:4] || '-' || invoice.month[5:6], 'meridian-billing', currency,
            count(*), sum(net), sum(net), coalesce(sum(net) filter (len(labels) = 0), 0)
        from lines group by all
    """,
}


@pytest.mark.parametrize("provider", QUERIES)
def test_totals_equal_what_is_in_the_files(half_year: SampleReport, half_year_query, provider: str) -> None:
    names = ("row_count", "source_cost", "billed_cost", "untagged_cost")
    expected = {
        (each["billing_period"], each["source"], each["currency"]): tuple(Decimal(each[name]) for name in names)
        for each in json.loads((half_year.out / "expected.json").read_text())
        if each["provider"] == provider
    }
    found = {row[:3]: tuple(Decimal(value) for value in row[3:]) for row in half_year_query(QUERIES[provider])}
    assert found == expected
    assert len({period for period, _, _ in found}) == 6


def test_two_currencies_stand_in_the_same_delivery(half_year: SampleReport) -> None:
    sources = {(key.source, key.period): set() for key in half_year.totals}
    for key in half_year.totals:
        sources[key.source, key.period].add(key.currency)
    assert {name: found for (name, _), found in sources.items()} == {
        "meridian-cur2": {"USD"},
        "meridian-actual": {"USD", "EUR"},
        "meridian-amortized": {"USD", "EUR"},
        "meridian-billing": {"USD", "EUR"},
    }


@given(st.lists(st.decimals(-(10**6), 10**6, places=10, allow_nan=False), max_size=50))
def test_a_sum_of_doubles_is_the_sum_of_the_decimals_they_stand_for(amounts: list[Decimal]) -> None:
    # Fifteen digits survive a double; of larger amounts a bill keeps fewer decimals.
    amounts = [value if abs(value) < 99_999 else value.quantize(Decimal("0.01")) for value in amounts]
    doubles = np.array([float(value) for value in amounts])
    assert exact.total(doubles) == sum(amounts, Decimal(0))


def test_nulls_count_as_nothing() -> None:
    assert exact.total(np.array([1.5, np.nan, -0.25])) == Decimal("1.25")
