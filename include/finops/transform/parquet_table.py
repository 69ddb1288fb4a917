"""Small tables as Parquet, every value bound."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from finops.core.database import scratch
from finops.core.sql import Sql, compose, join


def write_table(path: Path, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Write rows under these columns (names and types, as `create table` has them) as one file."""
    values = list(rows)
    with scratch() as connection:
        connection.execute(compose("create temp table rows ({columns})", columns=Sql(columns)))
        if values:
            marks = join(", ", [Sql("?")] * len(values[0]))
            connection.executemany(compose("insert into rows values ({marks})", marks=marks), values)
        connection.execute(compose("copy rows to {path} (format parquet)", path=path))
