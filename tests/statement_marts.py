"""Marts that statements are made from, made by the models' own SQL over a test's tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from finops.core.settings import Settings
from finops.stores import closed_files
from finops.stores.state import closing
from finops.stores.state.store import open_state
from finops.transform.statement_inputs import CLOSED_COLUMNS, ENTRY_COLUMNS
from tests.model_sql import model_sql

TABLES = ("mart_chargeback_as_closed", "mart_savings", "mart_charged_costs")
VIEWS = ("mart_cost_variance", "mart_bill_completeness", "mart_budget_use", "mart_unit_costs")
INPUTS = {
    "budgets": "billing_period varchar, billing_currency varchar, cost_center varchar, budget decimal(38, 12)",
    "allocation_drivers": "billing_period varchar, driver varchar, unit varchar, cost_center varchar, "
    "provider varchar, quantity decimal(38, 12)",
    "reporting_currency": "reporting_currency varchar, rate_provider varchar",
    "reporting_rates": "billing_period varchar, billing_currency varchar, rate decimal(38, 12)",
}
"""What the build makes beside the marts, from the configuration."""

Closed = tuple[str, str, Path]
"""Provider and billing period of a closed month, and the file that its rows were frozen in."""


def closed_in(settings: Settings, pairs: Iterable[tuple[str, str]]) -> list[Closed]:
    """Return those of the (provider, billing period) pairs whose month is closed."""
    with open_state(settings).connect() as connection:
        months = closing.closed_periods(connection)
    files = {str(period): closed_files.folder_of(settings, period) / closed_files.CHARGES for period in months}
    return [(provider, month, files[month]) for provider, month in sorted(set(pairs)) if month in files]


def create_inputs(connection: duckdb.DuckDBPyConnection, closed: Sequence[Closed]) -> None:
    """Create what the build makes beside the marts; without configuration there are no rows."""
    for name, columns in INPUTS.items():
        connection.execute(f"create table if not exists main.{name} ({columns})")
    frozen = " union all by name ".join(
        f"select '{period}' as billing_period, * from read_parquet('{file}', hive_partitioning = false)"
        f" where provider = '{provider}'"
        for provider, period, file in closed
    )
    nulls = ", ".join(f"null::{kind} as {name}" for name, kind in CLOSED_COLUMNS.items())
    connection.execute(f"create or replace table main.closed_charges as {frozen or f'select {nulls} where false'}")
    moved = " union all by name ".join(
        f"select '{period}' as billing_period, {', '.join(list(ENTRY_COLUMNS)[1:])}"
        f" from read_parquet('{allocated}', hive_partitioning = false) where provider = '{provider}'"
        for provider, period, file in closed
        if (allocated := file.with_name(closed_files.ALLOCATED)).exists()
    )
    nulls = ", ".join(f"null::{kind} as {name}" for name, kind in ENTRY_COLUMNS.items())
    connection.execute(f"create or replace table main.closed_entries as {moved or f'select {nulls} where false'}")


def queries(closed: Sequence[Closed], chosen: str = "true", schema: str = "main") -> dict[str, str]:
    """Return the SELECT of each, over marts in ``schema``; tables of the rows that are ``chosen``."""
    beside = (*INPUTS, "closed_charges", "closed_entries")
    given = {
        "ref": lambda name: f"main.{name}" if name in beside else f"{schema}.{name}",
        "is_in_scope": lambda *_: f"({chosen})",
        "periods_in_scope": lambda: [{"provider": p, "billing_period": m, "is_closed": True} for p, m, _ in closed],
    }
    return {name: model_sql(name, **given) for name in (*TABLES, *VIEWS)}
