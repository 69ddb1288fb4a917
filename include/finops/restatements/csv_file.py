"""The changes as CSV: exact decimals, text that no spreadsheet runs, and no file half-written."""

from __future__ import annotations

from pathlib import Path

from finops.core.atomic import replacing
from finops.core.errors import BadInput
from finops.core.spreadsheet import cell, write_rows
from finops.restatements.models import AMOUNTS, Change, Difference

TEXT_COLUMNS = (
    "billing_currency",
    "sub_account_id",
    "sub_account_name",
    "service_name",
    "cost_center",
    "charge_category",
)


def write(difference: Difference, out: Path) -> None:
    """Write one line per change, in their order. Raise BadInput when the file is no CSV or cannot be written."""
    if out.suffix != ".csv":
        raise BadInput(f"{out} must end in .csv")
    try:
        with replacing(out) as temporary:
            rows = ((difference.billing_period, *_cells(change)) for change in difference.changes)
            write_rows(temporary, ("billing_period", "provider", *TEXT_COLUMNS, *AMOUNTS), rows)
    except OSError as error:
        raise BadInput(f"cannot write {out}: {error.strerror}") from error


def _cells(change: Change) -> list[str]:
    texts = [cell(getattr(change, column)) for column in ("provider", *TEXT_COLUMNS)]
    return [*texts, *(cell(getattr(change.amounts, column)) for column in AMOUNTS)]
