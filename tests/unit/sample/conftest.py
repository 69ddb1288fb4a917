"""Samples that the tests of this folder read: a few months at two sizes, made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finops.core.providers import Provider
from finops.sample.models import SampleReport
from finops.sample.service import generate

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def half_year(tmp_path_factory: pytest.TempPathFactory) -> SampleReport:
    """Six months of a company large enough that every kind of line appears."""
    return generate(tmp_path_factory.mktemp("half-year") / "out", months=6, lines_per_month=12_000)


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> SampleReport:
    """Twelve months: the whole life of every commitment that is bought in one and spread over the others."""
    out = tmp_path_factory.mktemp("year") / "out"
    return generate(out, months=12, lines_per_month=2_000, providers=[Provider.AWS, Provider.AZURE])


def connect(out: Path) -> duckdb.DuckDBPyConnection:
    """Open the three bills as views ``aws``, ``azure`` (text) and ``gcp``, read as any reader would."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for name, pattern in (("aws", "aws/*/data/*/*.parquet"), ("gcp", "gcp/*/*/*.parquet")):
        if (out / name).exists():
            source = f"read_parquet('{out / pattern}', hive_partitioning = false, filename = true)"
            connection.execute(f"create view {name} as from {source}")
    connection.execute(
        "create table azure as select *, split_part(filename, '/', -4) as half from "
        f"read_csv('{out / 'azure/*/*/*/*.csv.gz'}', all_varchar = true, filename = true, hive_partitioning = false)"
    )
    return connection


@pytest.fixture(scope="session")
def half_year_query(half_year: SampleReport) -> Query:
    """Ask the six months."""
    connection = connect(half_year.out)
    return lambda sql: connection.cursor().execute(sql).fetchall()


@pytest.fixture(scope="session")
def year_query(year: SampleReport) -> Query:
    """Ask the twelve months."""
    connection = connect(year.out)
    return lambda sql: connection.cursor().execute(sql).fetchall()
