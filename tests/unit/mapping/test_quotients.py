"""Quotients of amounts: exact to the twelfth decimal, whatever their size and sign."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model_sql import macro_sql

UNIT = Decimal("1e-12")


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        yield opened


def amounts(limit: str, least: str = "0") -> st.SearchStrategy[Decimal]:
    sizes = st.decimals(Decimal(least), Decimal(limit), places=12) | st.integers(int(Decimal(least)) + 1, 10**6)
    return st.builds(lambda size, sign: Decimal(size) * sign, sizes, st.sampled_from((1, -1)))


def found(connection, macro: str, *values: Decimal | None) -> Decimal | None:
    names = "abc"[: len(values)]
    columns = ", ".join(f"cast(? as decimal(38, 12)) as {name}" for name in names)
    sql = f"select {macro_sql(macro, *names)} from (select {columns})"
    return connection.execute(sql, [None if v is None else f"{v:f}" for v in values]).fetchone()[0]


def exact(numerator: Decimal, denominator: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = 90
        return (numerator / denominator).quantize(UNIT, ROUND_HALF_UP)


@settings(max_examples=200, deadline=None)
@given(numerator=amounts("1e17"), denominator=amounts("1e10", "1e-6"))
def test_a_quotient_is_exact(connection, numerator, denominator):
    assert found(connection, "quotient", numerator, denominator) == exact(numerator, denominator)


@settings(max_examples=200, deadline=None)
@given(amount=amounts("9999999"), weight=amounts("9999999"), total=amounts("1e10", "0.1"))
def test_a_portion_is_multiplied_before_it_is_divided(connection, amount, weight, total):
    with localcontext() as context:
        context.prec = 90
        product = amount * weight
    assert found(connection, "portion", amount, weight, total) == exact(product, total)


def test_a_third_of_thirty_is_ten(connection):
    assert found(connection, "portion", Decimal(30), Decimal(1), Decimal(3)) == 10


def test_large_amounts_are_shared_out_to_twelve_decimals(connection):
    assert found(connection, "portion", Decimal(10**9), Decimal(10**8), Decimal(3 * 10**8)) == Decimal("333333333.333")


def test_byte_seconds_can_be_divided(connection):
    assert found(connection, "quotient", Decimal(1), Decimal(4 * 10**18)) == 0
    assert found(connection, "quotient", Decimal(4 * 10**18), Decimal(2)) == 2 * 10**18


@pytest.mark.parametrize("values", [(None, Decimal(1)), (Decimal(1), None), (Decimal(1), Decimal(0))])
def test_nothing_and_a_division_by_zero_are_null(connection, values):
    assert found(connection, "quotient", *values) is None
