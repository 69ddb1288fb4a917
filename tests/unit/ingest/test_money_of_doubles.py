"""A double that a provider wrote from a decimal becomes that decimal again: no binary tail reaches a total."""

from __future__ import annotations

from decimal import Decimal

import duckdb
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finops.core.money import exact
from finops.ingest.totals import money

# Fifteen significant digits survive a double; AWS writes at most ten decimals.
amounts = st.integers(-(10**14) + 1, 10**14 - 1).flatmap(
    lambda digits: st.integers(0, 10).map(lambda places: Decimal(digits).scaleb(-places))
)


@settings(max_examples=300)
@given(st.lists(amounts, min_size=1, max_size=50))
@example([Decimal("4133.43"), Decimal("-4133.43"), Decimal("4095.99"), Decimal("12345.67")])
def test_a_double_is_read_as_the_decimal_it_was_written_from(written):
    with duckdb.connect() as connection:
        query = f"select {money('amount', 'DOUBLE')} from (select unnest(?::double[]) as amount)"
        read = [row[0] for row in connection.execute(query, [[float(each) for each in written]]).fetchall()]
    assert read == [exact(each) for each in written]
