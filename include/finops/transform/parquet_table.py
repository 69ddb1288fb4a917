"""Small tables as Parquet, every value bound."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from finops.core.database import scratch
from finops.core.sql import Sql, compose, identifier, join


def write_table(path: Path, columns: dict[str, str], rows: Iterable[tuple[object, ...]]) -> None:
    """Write rows under these columns (name → DuckDB's type) as one file."""
    declared = join(", ", (compose("{name} {type}", name=identifier(n), type=Sql(t)) for n, t in columns.items()))
    values = list(rows)
    with scratch() as connection:
        connection.execute(compose("create temp table rows ({declared})", declared=declared))
        if values:
            marks = join(", ", [Sql("?")] * len(columns))
            connection.executemany(compose("insert into rows values ({marks})", marks=marks), values)
        connection.execute(compose("copy rows to {path} (format parquet)", path=path))
