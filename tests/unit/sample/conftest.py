"""Samples that the tests of this folder read: a few months at two sizes, made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from finops.core.providers import Provider
from finops.core.telemetry import TelemetryKind
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


@pytest.fixture(scope="session")
def ask(half_year: SampleReport) -> Query:
    """Ask the six months: a view for each kind, and ``billed`` with the provider, day, resource and quantity."""
    connection = connect(half_year.out)
    for kind in TelemetryKind:
        files = half_year.out / "telemetry" / kind / "*.parquet"
        if not files.parent.exists():
            continue
        connection.execute(f"create view {kind} as from read_parquet('{files}', filename = true)")
    connection.execute(
        "create table billed as "
        "select 'aws' as provider, line_item_usage_start_date as day, line_item_resource_id as resource_id, "
        "line_item_usage_amount as quantity, line_item_usage_end_date as until, "
        "strftime(bill_billing_period_start_date, '%Y-%m') as period from aws "
        "union all select 'azure', strptime(date, '%m/%d/%Y'), ResourceId, cast(quantity as double), "
        "strptime(date, '%m/%d/%Y') + interval 1 day, strftime(strptime(date, '%m/%d/%Y'), '%Y-%m') from azure "
        "where half = 'meridian-amortized' "
        "union all select 'gcp', timezone('UTC', usage_start_time), resource.global_name, "
        "usage.amount_in_pricing_units, timezone('UTC', usage_end_time), "
        "invoice.month[:4] || '-' || invoice.month[5:] from gcp"
    )
    return lambda sql: connection.cursor().execute(sql).fetchall()


@pytest.fixture(scope="session")
def truths(half_year: SampleReport) -> Callable[[str], list[dict[str, Any]]]:
    """Return all that is known under a name; there must be something."""
    everything = json.loads((half_year.out / "telemetry" / "truths.json").read_text(encoding="utf-8"))

    def named(name: str) -> list[dict[str, Any]]:
        found = [each for each in everything if each["name"] == name]
        assert found
        return found

    return named
