"""When something happened, whatever the bill writes it as: always the same moment in UTC."""

from __future__ import annotations

import duckdb
import pytest
from tests.model_sql import macro_sql

NINE_UTC = "2025-01-31 09:00:00"


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        opened.execute("set timezone = 'UTC'")
        yield opened


def moment(connection, value: str, kind: str) -> str | None:
    sql = macro_sql("moment_of", "x")
    found = connection.execute(f"select {sql} from (select cast(? as {kind}) as x)", [value]).fetchone()[0]
    return None if found is None else f"{found:%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-31T09:00:00Z",
        "2025-01-31T09:00:00.000Z",
        "2025-01-31T09:00:00",
        "2025-01-31 09:00",
        "2025-01-31 09:00:00 UTC",
        "2025-01-31T11:00:00+02:00",
        # As long as a time without an offset, and yet with one.
        "2025-01-31T11:00+02",
        "2025-01-31 03:30:00-05:30",
        "01/31/2025 09:00:00",
    ],
)
def test_a_text_is_the_moment_that_it_names_with_its_offset(connection, text):
    assert moment(connection, text, "varchar") == NINE_UTC


@pytest.mark.parametrize("text", ["2025-01-31", "01/31/2025", "1/31/2025", "20250131"])
def test_a_text_without_a_time_is_midnight(connection, text):
    assert moment(connection, text, "varchar") == "2025-01-31 00:00:00"


@pytest.mark.parametrize("kind", ["timestamp", "timestamp_ms", "timestamp_ns", "timestamptz"])
def test_a_typed_time_is_the_same_whatever_its_precision(connection, kind):
    assert moment(connection, NINE_UTC, kind) == NINE_UTC


def test_a_typed_day_is_its_midnight(connection):
    assert moment(connection, "2025-01-31", "date") == "2025-01-31 00:00:00"


@pytest.mark.parametrize("kind", ["varchar", "timestamp", "timestamptz", "date"])
def test_no_time_is_none(connection, kind):
    assert moment(connection, None, kind) is None


@pytest.mark.parametrize("text", ["31/01/2025", "2025-13-01", "soon", "2025-01-31T09:00:00+99Z"])
def test_what_is_no_time_fails_the_build(connection, text):
    with pytest.raises(duckdb.ConversionException):
        moment(connection, text, "varchar")
