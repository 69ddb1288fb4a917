"""What a build reads: hard links to the landed files in its scope, and what the state store says of them.

Everything lies below ``inputs/`` of the workspace and is made for each build, so dbt's sources are constant text and
its parsed project stays warm whatever the scope.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.atomic import sha256_of
from finops.core.database import scratch
from finops.core.errors import BadInput
from finops.core.formats import NESTED, SourceFormat, columns_of
from finops.core.money import SQL_TYPE
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, identifier, join
from finops.policy import budgets
from finops.policy.allocation import Rules
from finops.policy.allocation.drivers import Quantity, quantities
from finops.policy.tags import TagPolicy
from finops.stores.state.closing import ClosedPeriod
from finops.stores.state.ledger import Delivery, LandedFile
from finops.stores.state.period_inputs import PeriodInput
from finops.transform import allocation_inputs, statement_inputs, tag_inputs
from finops.transform.parquet_table import write_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCOPE_COLUMNS = "provider varchar, billing_period varchar, source_formats varchar, is_closed boolean"
_EMPTY = Path("provider=none", "source=none", "billing_period=none", "delivery=none")


def prepare(
    settings: Settings,
    scope: Sequence[PeriodInput],
    policy: TagPolicy,
    allocation: Rules,
    closed: Mapping[BillingPeriod, ClosedPeriod],
) -> list[Quantity]:
    """Replace ``inputs/`` with what this scope needs, and make the folders its fact goes into.

    Return the quantities that shared cost is divided by.

    Raise BadInput when a landed file is gone, or a budget or a file of quantities cannot be used; Finding when a closed
    month's rows are not what was recorded.
    """
    periods = {str(item.billing_period) for item in scope}
    # First, so that nothing is touched when one of these files is invalid.
    driven, budgeted = quantities(settings, allocation, statement_inputs.with_next(periods)), budgets.load(settings)
    shutil.rmtree(settings.inputs_dir, ignore_errors=True)
    for item in scope:
        for delivery in item.deliveries:
            _link(settings, delivery)
        part = settings.focus_dir / f"provider={item.provider}" / f"billing_period={item.billing_period}"
        part.mkdir(parents=True, exist_ok=True)
    for source_format in {each.staged_as for each in SourceFormat}:
        write_empty_files(settings.inputs_dir / source_format, source_format)
    folder = settings.inputs_dir / "ops"
    _write_operations(folder, scope, closed)
    tag_inputs.write(folder, policy)
    allocation_inputs.write(folder, allocation, driven, periods)
    pairs = [(item.provider, str(item.billing_period)) for item in scope]
    statement_inputs.write(settings, folder, pairs, budgeted, closed)
    return driven


def damaged_file(settings: Settings, item: PeriodInput) -> str | None:
    """Return, in one line with the remedy, which landed file of a period is gone or was changed; None where none is."""
    for delivery in item.deliveries:
        for file in delivery.files:
            landed = settings.landing_dir / delivery.relative_path / file.local_name
            try:
                if (found := sha256_of(landed)) != file.sha256:
                    return _is_changed(landed, file, found, delivery)
            except FileNotFoundError:
                return _is_gone(landed, delivery)
    return None


def _is_gone(landed: Path, delivery: Delivery) -> str:
    return f"{landed} was landed and is gone; restore it, or {_land_again(delivery)}"


def _is_changed(landed: Path, file: LandedFile, found: str, delivery: Delivery) -> str:
    return (
        f"{landed} is not what was landed (sha256 {file.sha256[:12]}… then, {found[:12]}… now); remove it and "
        f"{_land_again(delivery)}"
    )


def _land_again(delivery: Delivery) -> str:
    return f"run `finops ingest` for {delivery.provider} {delivery.billing_period}, which lands it again"


def _link(settings: Settings, delivery: Delivery) -> None:
    landed = settings.landing_dir / delivery.relative_path
    for file in delivery.files:
        kind = "parquet" if file.local_name.endswith(".parquet") else "csv"
        folder = settings.inputs_dir / delivery.format.staged_as / kind / delivery.relative_path
        folder.mkdir(parents=True, exist_ok=True)
        try:
            os.link(landed / file.local_name, folder / file.local_name)
        except FileNotFoundError:
            raise BadInput(_is_gone(landed / file.local_name, delivery)) from None


def write_empty_files(folder: Path, source_format: SourceFormat) -> None:
    """Write files without rows that have every column of the format under every name it goes by.

    Read by name beside the deliveries, they make staging bind whatever a delivery lacks. A nested column is text here,
    which gives way to the type that the deliveries have; where they have several, it is a variant, which holds each.
    """
    names = {name: column.duckdb_type for column in columns_of(source_format) for name in column.names}
    types = _nested_types(folder / "parquet")
    names |= {name: "VARIANT" if len(types[name]) > 1 else "VARCHAR" for name in NESTED & set(names)}
    parquet, text = folder / "parquet" / _EMPTY, folder / "csv" / _EMPTY
    parquet.mkdir(parents=True)
    text.mkdir(parents=True)
    columns = join(", ", (compose("null::{type} as {name}", type=Sql(t), name=identifier(n)) for n, t in names.items()))
    copy = "copy (select {columns} where false) to {file} (format parquet)"
    with scratch() as connection:
        connection.execute(compose(copy, columns=columns, file=parquet / "empty.parquet"))
    with (text / "empty.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(names)


def _nested_types(folder: Path) -> dict[str, set[str]]:
    """Return the types that the nested columns have in the Parquet files below a folder, by name."""
    types: dict[str, set[str]] = {name: set() for name in NESTED}
    by_lower_name = {name.lower(): found for name, found in types.items()}
    with scratch() as connection:
        for file in folder.rglob("*.parquet"):
            described = connection.execute(compose("describe from {file}", file=file)).fetchall()
            # Any column may have this type, a date too.
            if of_json := [name for name, kind, *_ in described if kind == "JSON"]:
                _write_json_as_text(connection, file, of_json)
            for name, kind, *_ in described:
                by_lower_name.get(name.lower(), set()).add("VARCHAR" if name in of_json else kind)
    return types


def _write_json_as_text(connection: DuckDBPyConnection, file: Path, columns: Sequence[str]) -> None:
    """Replace a link by a copy whose columns of type JSON are text.

    Read beside a file that has text, JSON is the type of both, and text that is no JSON would stop the build. A JSON
    string becomes what it says, without its quotes: a time is written so.
    """
    is_string = "json_valid({name}::varchar) and json_type({name}) = 'VARCHAR'"
    text = f"case when {is_string} then {{name}} ->> '$' else {{name}}::varchar end as {{name}}"
    texts = join(", ", (compose(text, name=identifier(name)) for name in columns))
    copy = "copy (select * replace ({texts}) from {file}) to {written} (format parquet)"
    written = file.with_suffix(".written")
    connection.execute(compose(copy, texts=texts, file=file, written=written))
    written.replace(file)


def _write_operations(folder: Path, scope: Sequence[PeriodInput], closed: Mapping[BillingPeriod, ClosedPeriod]) -> None:
    folder.mkdir(parents=True)
    deliveries = [delivery for item in scope for delivery in item.deliveries]
    key = "provider varchar, source varchar, source_format varchar, billing_period varchar, delivery_id varchar"
    write_table(
        folder / "scope.parquet",
        SCOPE_COLUMNS,
        (
            (
                item.provider,
                str(item.billing_period),
                ",".join(sorted({d.format.staged_as.value for d in item.deliveries})),
                item.billing_period in closed,
            )
            for item in scope
        ),
    )
    write_table(
        folder / "deliveries.parquet",
        f"{key}, row_count bigint, produced_at timestamptz, landed_at timestamptz",
        ((*_key(d), d.row_count, d.produced_at, d.landed_at) for d in deliveries),
    )
    write_table(
        folder / "control_totals.parquet",
        f"{key}, billing_currency varchar, row_count bigint, source_cost {SQL_TYPE}, billed_cost {SQL_TYPE}",
        ((*_key(d), *astuple(total)) for d in deliveries for total in d.totals),
    )


def _key(delivery: Delivery) -> tuple[str, str, str, str, str]:
    period = str(delivery.billing_period)
    return delivery.provider, delivery.source, delivery.format, period, delivery.delivery_id
