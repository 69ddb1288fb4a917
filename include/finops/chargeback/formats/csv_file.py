"""A statement's lines as CSV: exact decimals beside the cents that add up, text that no spreadsheet runs."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from finops.chargeback.statement.facts import CHARGE_KEY, DIRECT
from finops.chargeback.statement.models import AdjustmentLine, DetailLine, Section, SharedLine, Statement
from finops.chargeback.statement.sections import invoices, total_charged
from finops.core.money import from_units
from finops.core.spreadsheet import cell, neutralise, write_rows
from finops.pages.figures import Row, Table

TEXT_COLUMNS = CHARGE_KEY[1:]
EXACT_COLUMNS = ("effective_cost", "billed_cost", "contracted_cost", "list_cost")
STANDING = ("status", "costs_until")
"""What a line says of the statement it stands in, beside the month: no figure, and other words once it is closed."""
NAME = "cost_center_name"
"""What the cost centre is called in ``cost_centers.yml``; empty where it has no name. No figure either."""
COLUMNS = (
    "billing_period",
    *STANDING,
    "line",
    "billing_currency",
    *TEXT_COLUMNS,
    "has_required_tags",
    "effective_cost_rounded",
    "billed_cost_rounded",
    *EXACT_COLUMNS,
    "line_id",
    "rule_id",
    "rule_version",
    "source_digest",
    NAME,
)


def write_csv(statement: Statement, path: Path) -> None:
    """Write one line per published row of the statement, UTF-8, as RFC 4180 has it.

    The columns ending in ``_rounded`` sum to the statement's totals; the others hold every decimal. Every line says
    whether the statement is provisional or final, and the last day that it has costs of: who reads it may have no more.
    """
    about = {
        "billing_period": statement.billing_period,
        "status": statement.status,
        "costs_until": statement.last_day,
        "rule_id": DIRECT,
        "rule_version": 0,
    }
    names = dict(statement.names)
    found = [(section, line) for section in statement.sections for line in section.details]
    lines = (
        _cells(
            COLUMNS,
            line.charge,
            about
            | {"line": n, "source_digest": line.source_digest, NAME: names.get(line.charge.cost_center, "")}
            | _rounded(line, section),
        )
        for n, (section, line) in enumerate(found, start=1)
    )
    write_rows(path, COLUMNS, lines)


def _cells(columns: Sequence[str], row: object, said: Mapping[str, object]) -> Iterator[str]:
    """Yield the cells of a line: what is said of it, and else its row's own values."""
    return (cell(said[name] if name in said else getattr(row, name)) for name in columns)


def _rounded(line: DetailLine | SharedLine | AdjustmentLine, section: Section) -> dict[str, object]:
    effective, billed = (from_units(units, section.digits) for units in (line.effective, line.billed))
    return {"effective_cost_rounded": effective, "billed_cost_rounded": billed}


def figures_sha256(path: Path) -> str:
    """Return the sha256 of a CSV file of lines without ``STANDING`` and names: the same before and after a close."""
    figures = io.StringIO(newline="")
    writer = csv.writer(figures)
    with path.open(encoding="utf-8", newline="") as handle:
        lines = csv.reader(handle)
        header = next(lines)
        kept = [place for place, name in enumerate(header) if name not in (*STANDING, NAME)]
        writer.writerows([line[place] for place in kept] for line in (header, *lines))
    return hashlib.sha256(figures.getvalue().encode()).hexdigest()


SHARED_COLUMNS = (
    "billing_period",
    "line_id",
    "billing_currency",
    "cost_center",
    "provider",
    "entry_kind",
    "rule_id",
    "rule_version",
    "rule_digest",
    "counterpart",
    "share",
    "weight",
    "effective_cost_rounded",
    "billed_cost_rounded",
    "effective_cost",
    "billed_cost",
    "source_digest",
    NAME,
)


def write_shared(statement: Statement, path: Path) -> None:
    """Write one line per entry of a rule for shared cost. With ``statement.csv`` they sum to direct and shared cost."""
    about, names = {"billing_period": statement.billing_period}, dict(statement.names)
    found = [(section, line) for section in statement.sections if section.shared for line in section.shared.lines]
    lines = (
        _cells(
            SHARED_COLUMNS,
            line.entry,
            about | {NAME: names.get(line.entry.cost_center, "")} | _rounded(line, section),
        )
        for section, line in found
    )
    write_rows(path, SHARED_COLUMNS, lines)


SCHEDULE_COLUMNS = ("billing_period", "billing_currency", "schedule", "row", "remark", "column", "value")


def write_schedules(statement: Statement, path: Path) -> None:
    """Write the figures of every table, the total charged first, and the invoices; a share is a part of one."""
    found: list[tuple[str, Table]] = list(statement.schedules)
    for section in statement.sections:
        total = total_charged.table(section, is_company=statement.cost_center is None)
        found += [(section.currency, each) for each in (*filter(None, [total]), *section.schedules)]
    found += [("", each) for each in invoices.tables(statement)]
    month = str(statement.billing_period)
    lines = (
        [month, neutralise(currency), table.name, *figure]
        for currency, table in found
        for row in table.all_rows
        for figure in _figures(table, row)
    )
    write_rows(path, SCHEDULE_COLUMNS, lines)


def _figures(table: Table, row: Row) -> Iterator[list[str]]:
    for heading, figure in zip(table.headings[1:], row.cells, strict=True):
        if figure.value is not None:
            text = neutralise(figure.value) if isinstance(figure.value, str) else f"{figure.value:f}"
            yield [neutralise(row.label), neutralise(row.remark), heading, text]


ADJUSTMENT_COLUMNS = (
    "shown_in",
    "billing_period",
    "line",
    "billing_currency",
    "cost_center",
    "provider",
    "service_category",
    "service_name",
    "charge_category",
    "effective_cost_rounded",
    "billed_cost_rounded",
    "effective_cost",
    "billed_cost",
    "origin",
    NAME,
)


def write_adjustments(statement: Statement, path: Path) -> None:
    """Write one line per adjustment to a closed month (``billing_period``); exact and rounded like the lines."""
    about, names = {"shown_in": statement.billing_period}, dict(statement.names)
    found = [(s, n.adjustment, n) for s in statement.sections if s.adjustments for n in s.adjustments.lines]
    lines = (
        _cells(
            ADJUSTMENT_COLUMNS,
            each,
            about
            | {"line": n, "origin": each.origin.text, NAME: names.get(each.cost_center, "")}
            | _rounded(line, section),
        )
        for n, (section, each, line) in enumerate(found, start=1)
    )
    write_rows(path, ADJUSTMENT_COLUMNS, lines)
