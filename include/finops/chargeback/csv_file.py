"""A statement's lines as CSV: exact decimals beside the cents that add up, text that no spreadsheet runs."""

from __future__ import annotations

import csv
from pathlib import Path

from finops.chargeback.models import DetailLine, Section, Statement
from finops.chargeback.rounding import from_units
from finops.core.spreadsheet import neutralise

TEXT_COLUMNS = (
    "cost_center",
    "provider",
    "provider_name",
    "service_category",
    "service_name",
    "ai_project",
    "ai_model",
    "ai_stage",
    "charge_category",
)
EXACT_COLUMNS = ("effective_cost", "billed_cost", "contracted_cost", "list_cost")
COLUMNS = (
    "billing_period",
    "line",
    "billing_currency",
    *TEXT_COLUMNS,
    "has_required_tags",
    "effective_cost_rounded",
    "billed_cost_rounded",
    *EXACT_COLUMNS,
)


def write_csv(statement: Statement, path: Path) -> None:
    """Write one line per published row of the statement, UTF-8, as RFC 4180 has it.

    The columns ending in ``_rounded`` sum to the statement's totals; the others hold every decimal.
    """
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(COLUMNS)
        number = 0
        for section in statement.sections:
            for line in section.details:
                number += 1
                writer.writerow([str(statement.billing_period), number, *_cells(line, section)])


def _cells(line: DetailLine, section: Section) -> list[str]:
    charge = line.charge
    return [
        neutralise(charge.billing_currency),
        *(neutralise(getattr(charge, column)) for column in TEXT_COLUMNS),
        "true" if charge.has_required_tags else "false",
        f"{from_units(line.effective, section.digits):f}",
        f"{from_units(line.billed, section.digits):f}",
        *(f"{getattr(charge, column):f}" for column in EXACT_COLUMNS),
    ]
