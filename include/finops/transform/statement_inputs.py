"""What the marts of statements need besides bills, below ``inputs/ops``: budgets, rates, closed months as they were."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from finops.core.database import scratch
from finops.core.money import SQL_TYPE, exact
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.sql import compose, identifier, in_scope, join
from finops.policy import exchange_rates
from finops.policy.budgets import Budget
from finops.stores import closed_files
from finops.stores.state.closing import ClosedPeriod
from finops.transform.parquet_table import write_table

Scope = Collection[tuple[str, str]]
"""The (provider, billing period) pairs that are built."""

CLOSED_COLUMNS = {
    "billing_period": "varchar",
    "provider": "varchar",
    "billing_currency": "varchar",
    "cost_center": "varchar",
    "provider_name": "varchar",
    "service_category": "varchar",
    "service_name": "varchar",
    "ai_project": "varchar",
    "ai_model": "varchar",
    "ai_stage": "varchar",
    "charge_category": "varchar",
    "has_required_tags": "boolean",
    "effective_cost": SQL_TYPE,
    "billed_cost": SQL_TYPE,
}

ENTRY_COLUMNS = {name: CLOSED_COLUMNS[name] for name in ("billing_period", "provider", "billing_currency")} | {
    "cost_center": "varchar",
    "effective_cost": SQL_TYPE,
}


def write(
    settings: Settings,
    folder: Path,
    scope: Scope,
    budgets: Collection[Budget],
    closed: Mapping[BillingPeriod, ClosedPeriod],
) -> None:
    """Write what the marts of these months, and of those after them, need.

    Raise Finding when a closed month's rows are not what was recorded, BadInput for exchange rates that are invalid.
    """
    periods = with_next({period for _, period in scope})
    write_table(
        folder / "budgets.parquet",
        f"billing_period varchar, billing_currency varchar, cost_center varchar, budget {SQL_TYPE}",
        (
            (period, each.currency, each.cost_center, each.amount)
            for period in sorted(periods)
            for each in budgets
            if each.is_of(BillingPeriod.parse(period))
        ),
    )
    _write_rates(settings, folder, periods, closed)
    for name, file, columns in (
        ("closed_charges", closed_files.CHARGES, CLOSED_COLUMNS),
        ("closed_entries", closed_files.ALLOCATED, ENTRY_COLUMNS),
    ):
        months = {period: month for period, month in closed.items() if file in month.frozen}
        _write_closed(settings, folder / f"{name}.parquet", scope, months, file, columns)


def _write_rates(
    settings: Settings, folder: Path, periods: Collection[str], closed: Mapping[BillingPeriod, ClosedPeriod]
) -> None:
    """Write the reporting currency, if there is one, and what a unit of each currency is in it.

    Rates have twelve decimals here, as all quantities of the marts.
    """
    chosen, rates = exchange_rates.known(settings, closed)
    reporting = chosen.reporting_currency
    write_table(
        folder / "reporting_currency.parquet",
        "reporting_currency varchar, rate_provider varchar",
        [] if reporting is None else [(reporting, chosen.provider_rates)],
    )
    found = {(period, source): each.rate for (period, source, target), each in rates.items() if target == reporting}
    write_table(
        folder / "reporting_rates.parquet",
        f"billing_period varchar, billing_currency varchar, rate {SQL_TYPE}",
        ((str(period), source, exact(rate)) for (period, source), rate in found.items() if str(period) in periods),
    )


def with_next(periods: Collection[str]) -> set[str]:
    """Return the months and those after them, which are compared with them."""
    return {*periods, *(str(BillingPeriod.parse(period).next) for period in periods)}


def _write_closed(
    settings: Settings,
    target: Path,
    scope: Scope,
    closed: Mapping[BillingPeriod, ClosedPeriod],
    name: str,
    columns: Mapping[str, str],
) -> None:
    """Write the rows of a file that closed months in scope were frozen with, of the providers in scope."""
    periods = {BillingPeriod.parse(period) for _, period in scope} & set(closed)
    if not periods:
        write_table(target, ", ".join(f"{column} {kind}" for column, kind in columns.items()), ())
        return
    frozen = (
        compose(
            "select {period} as billing_period, * from read_parquet({file}, hive_partitioning = false)",
            period=str(period),
            file=closed_files.verified(settings, closed[period], name),
        )
        for period in sorted(periods)
    )
    copy = """
        copy (select {columns} from ({frozen}) where {scope})
        to {target} (format parquet)
    """
    rows, chosen = join(" union all by name ", frozen), join(", ", map(identifier, columns))
    with scratch() as connection:
        connection.execute(compose(copy, columns=chosen, frozen=rows, scope=in_scope(scope), target=target))
