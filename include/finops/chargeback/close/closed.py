"""The files of a closed month: its rows as Parquet, its final statements; written once, checked whenever read.

``closed/billing_period=YYYY-MM/`` under FINOPS_HOME holds ``charges.parquet`` (its rows of ``mart_chargeback``),
``adjustments.parquet`` (those to earlier closed months that its statements show), ``allocated.parquet`` (what the rules
for shared cost allocated), ``rules/`` (see ``frozen_rules``), ``statements/`` and ``record.json``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from finops.chargeback.statement.facts import Adjustment, AllocationEntry, Charge, Origin
from finops.core.atomic import sha256_of, sync_file, sync_folder
from finops.core.dimensions import ABSENT
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.stores.closed_files import ALLOCATED, CHARGES, unsettled_folder, verified, write_record
from finops.stores.state.closing import RULES, ClosedPeriod

ADJUSTMENTS = "adjustments.parquet"
_DECIMALS = ("effective_cost", "billed_cost", "contracted_cost", "list_cost", "share", "weight")


def new_folder(settings: Settings, period: BillingPeriod) -> Path:
    """Return an empty folder in which the files of a month about to be closed are written."""
    settings.closed_dir.mkdir(parents=True, exist_ok=True)
    folder = unsettled_folder(settings, period)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def freeze(
    folder: Path, charges: Sequence[Charge], adjustments: Sequence[Adjustment], entries: Sequence[AllocationEntry]
) -> dict[str, str]:
    """Write the rows and return the sha256 of each file."""
    changed = [
        {
            "billing_period": str(each.billing_period),
            **{f.name: getattr(each, f.name) for f in fields(Adjustment) if f.name not in ("billing_period", "origin")},
            "statements_digest": each.origin.statements_digest,
            "loads": json.dumps(each.origin.loads),
        }
        for each in adjustments
    ]
    texts = ("billing_period", "cost_center", "provider", "billing_currency", "service_category")
    names = (*texts, "service_name", "charge_category", "effective_cost", "billed_cost", "statements_digest", "loads")
    for name, kind, rows in ((CHARGES, Charge, charges), (ALLOCATED, AllocationEntry, entries)):
        columns = [f.name for f in fields(kind)]
        _write(folder / name, [{each: getattr(row, each) for each in columns} for row in rows], columns)
    _write(folder / ADJUSTMENTS, changed, names)
    return {name: sha256_of(folder / name) for name in (CHARGES, ADJUSTMENTS, ALLOCATED)}


def finish(folder: Path, record: ClosedPeriod) -> None:
    """Write the record into a folder that holds all else, and flush it; from here on nobody changes it."""
    write_record(folder, record)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            path.chmod(0o444)
            sync_file(path)
        else:
            sync_folder(path)
    sync_folder(folder)


def read_charges(settings: Settings, closed: ClosedPeriod) -> tuple[Charge, ...]:
    """Return a closed month's rows as they were. Raise Finding when the file is not what was recorded."""
    return tuple(Charge(**row) for row in _read(settings, closed, CHARGES))


def read_adjustments(settings: Settings, closed: ClosedPeriod) -> tuple[Adjustment, ...]:
    """Return the adjustments that a closed month's statements show. Raise Finding like ``read_charges``."""
    found = []
    for row in _read(settings, closed, ADJUSTMENTS):
        origin = Origin(row.pop("statements_digest"), tuple(json.loads(row.pop("loads"))))
        # Months closed before adjustments had a category: their sums are the same without it.
        row.setdefault("service_category", ABSENT)
        found.append(Adjustment(**{**row, "billing_period": BillingPeriod.parse(row["billing_period"])}, origin=origin))
    return tuple(found)


def read_entries(settings: Settings, closed: ClosedPeriod) -> tuple[AllocationEntry, ...] | None:
    """Return what rules allocated in a closed month; None where it was closed before that was frozen.

    Raise Finding like ``read_charges``.
    """
    if ALLOCATED not in closed.frozen:
        return None
    return tuple(AllocationEntry(**row) for row in _read(settings, closed, ALLOCATED))


def as_closed(settings: Settings, month: ClosedPeriod | None, file: str) -> Settings:
    """Return the settings that ``file`` is read by for a month: the frozen folder's where the file was frozen there.

    Raise Finding when the frozen file is not what was recorded.
    """
    if month is None or file not in month.rules:
        return settings
    path = verified(settings, month, f"{RULES}/{file}")
    return settings.model_copy(update={"config_dir": path.parent})


def _write(path: Path, rows: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def kind(name: str) -> pa.DataType:
        if name in _DECIMALS:
            return pa.decimal128(38, 12)
        if name == "rule_version":
            return pa.int64()
        return pa.bool_() if name == "has_required_tags" else pa.string()

    schema = pa.schema([(name, kind(name)) for name in names])
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path, compression="zstd")


def _read(settings: Settings, closed: ClosedPeriod, name: str) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    path = verified(settings, closed, name)
    # Not by path alone: the reader would take the month from the folder's name as a column of its own.
    with path.open("rb") as file:
        return pq.read_table(file).to_pylist()
