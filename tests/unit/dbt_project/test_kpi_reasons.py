"""The parts that subjects have in a KPI's change add up to it, to the last decimal, for any figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.model_sql import model_sql

from finops.core.money import exact, exact_arithmetic

# Only generated, not shrunk: each example is a long statement of SQL.
ONCE = [Phase.generate]
UNIT = Decimal("1e-12")
MONDAYS = (date(2025, 1, 6), date(2025, 1, 13), date(2025, 1, 20))
SUBJECTS = ("a", "b", "c", "d", "o'hara; --")
COLUMNS = (
    "billing_period varchar, provider varchar, billing_currency varchar, kpi varchar, kpi_name varchar, unit varchar, "
    "better varchar, subject varchar, grain varchar, week_start date, numerator decimal(38, 12), "
    "denominator decimal(38, 12), target decimal(38, 12)"
)

amounts = st.one_of(
    st.integers(-(10**18), 10**19).map(lambda units: units * UNIT),
    st.integers(-9, 99).map(Decimal),
)
# Nothing, or a thousandth at least: a value of 10¹⁴ is no KPI any more, and does not fit.
weights = st.one_of(st.integers(10**9, 10**19).map(lambda units: units * UNIT), st.integers(0, 9).map(Decimal))
places = st.tuples(
    st.sampled_from(("aws", "gcp")),
    st.sampled_from(("EUR", "USD")),
    st.sampled_from(SUBJECTS),
    st.sampled_from(MONDAYS),
)
figures = st.dictionaries(places, st.tuples(amounts, weights), min_size=6, max_size=30)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"create table mart_kpi_values ({COLUMNS})")
        connection.execute(f"create view reasons as {model_sql('mart_kpi_reasons')}")
        yield connection


def _fill(connection: duckdb.DuckDBPyConnection, found: dict[Any, Any], *, is_total: bool) -> None:
    rows = [
        (f"{monday:%Y-%m}", provider, currency, "k", "K", "amount", "lower", subject, "week", monday, n, d, None)
        for (provider, currency, subject, monday), (n, d) in found.items()
    ]
    if is_total:
        rows = [(*row[:11], None, row[12]) for row in rows]
    connection.execute("delete from mart_kpi_values")
    places = ", ".join(f"({', '.join('?' * 13)})" for _ in rows)
    connection.execute(f"insert into mart_kpi_values values {places}", [each for row in rows for each in row])


def _dictionaries(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = connection.execute(query)
    names = [each[0] for each in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@settings(max_examples=40, deadline=None, phases=ONCE, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(figures, st.booleans())
def test_the_reasons_and_the_rest_are_the_change_to_the_last_decimal(
    connection: duckdb.DuckDBPyConnection, found: dict[Any, Any], is_total: bool
) -> None:
    _fill(connection, found, is_total=is_total)
    for row in _dictionaries(connection, "select * from reasons"):
        parts = [row[f"reason_{place}_change"] for place in (1, 2, 3)]
        if row["change"] is None:
            assert parts == [None, None, None]
            continue
        with exact_arithmetic():
            assert sum((each for each in parts if each is not None), row["other_change"]) == row["change"]
        sizes = [abs(each) for each in parts if each is not None]
        # The first has what rounding leaves, a few units of the last decimal.
        assert sizes[1:] == sorted(sizes[1:], reverse=True)
        assert not sizes or sizes[0] + 20 * UNIT >= max(sizes)


@settings(max_examples=40, deadline=None, phases=ONCE, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(figures)
def test_a_value_is_the_quotient_of_sums_over_all_providers_of_one_currency(
    connection: duckdb.DuckDBPyConnection, found: dict[Any, Any]
) -> None:
    sums: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    with exact_arithmetic():
        for (_, currency, _, monday), (n, d) in found.items():
            sums[currency, monday][0] += n
            sums[currency, monday][1] += d
        expected = {key: exact(n / d) if d else None for key, (n, d) in sums.items()}
    _fill(connection, found, is_total=False)
    rows = _dictionaries(connection, "select * from reasons")
    assert {(row["billing_currency"], row["week_start"]): row["value"] for row in rows} == expected


@settings(max_examples=30, deadline=None, phases=ONCE, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(figures)
def test_time_run_backwards_turns_the_sign_of_every_reason_and_nothing_else(
    connection: duckdb.DuckDBPyConnection, found: dict[Any, Any]
) -> None:
    """Whoever compares last week with this one must hear the same story as whoever compares this one with last."""
    pair = {key: value for key, value in found.items() if key[3] != MONDAYS[2]}
    swapped = {(*key[:3], MONDAYS[1] if key[3] == MONDAYS[0] else MONDAYS[0]): value for key, value in pair.items()}
    seen = []
    for each in (pair, swapped):
        _fill(connection, each, is_total=False)
        query = f"select * from reasons where week_start = '{MONDAYS[1]}' and change is not null order by 2"
        seen.append(_dictionaries(connection, query))
    assert len(seen[0]) == len(seen[1])
    for forwards, backwards in zip(*seen, strict=True):
        assert forwards["change"] == -backwards["change"]
        both = (forwards["reason_1_change"], backwards["reason_1_change"])
        assert None in both or abs(abs(both[0]) - abs(both[1])) <= 40 * UNIT


def test_a_subject_that_kept_its_rate_and_its_weight_is_no_reason(connection: duckdb.DuckDBPyConnection) -> None:
    before, after = MONDAYS[:2]
    found = {
        ("aws", "USD", "a", before): (Decimal(80), Decimal(100)),
        ("aws", "USD", "b", before): (Decimal(20), Decimal(100)),
        ("aws", "USD", "a", after): (Decimal(80), Decimal(100)),
        ("aws", "USD", "b", after): (Decimal(40), Decimal(100)),
    }
    _fill(connection, found, is_total=False)
    (row,) = _dictionaries(connection, "select * from reasons where change is not null")
    assert (row["reason_1_subject"], row["reason_1_change"], row["reason_2_subject"]) == ("b", Decimal("0.1"), None)
    assert (row["reason_1_previous_value"], row["reason_1_value"]) == (Decimal("0.2"), Decimal("0.4"))


def test_a_week_of_which_one_month_has_no_figures_is_not_shown_and_nothing_is_compared_with_it(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """The first days of a month alone would look like a week in which cost fell by half."""
    new_year = date(2024, 12, 30)
    found = {("aws", "USD", "a", week): (Decimal(7), Decimal(1)) for week in (new_year, *MONDAYS[:2])}
    _fill(connection, found, is_total=True)
    connection.execute("update mart_kpi_values set billing_period = '2025-01'")
    rows = _dictionaries(connection, "select week_start, previous_value from reasons order by 1")
    assert [(row["week_start"], row["previous_value"]) for row in rows] == [
        (MONDAYS[0], None),
        (MONDAYS[1], Decimal(7)),
    ]
