"""``finops conformance``: how much of FOCUS 1.2 the published bills fill, and what is not mapped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, Months, OneProvider, as_json_of, console, show_progress, table
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from finops.conformance.models import Coverage, Finding, Report

_COVERAGE = ("provider", "column", "state", "applicable", "filled", "share", "must", "rule")


@app.command()
def conformance(billing_period: Months = None, provider: OneProvider = None, as_json: AsJson = False) -> None:
    """Show how far each FOCUS column is filled; list unknown services, units, line types, and repairs, with spend."""
    from finops.conformance import service

    periods = [BillingPeriod.parse(text) for text in billing_period or []]
    found = service.report(Settings(), periods, provider, progress=show_progress)
    show_progress("", 0, 0)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2))
    else:
        _print(found)


def _as_json(found: Report) -> dict[str, Any]:
    return {
        "build_id": found.build_id,
        "billing_periods": list(found.billing_periods),
        "rows": found.rows,
        "columns": [as_json_of(each, *_COVERAGE) for each in found.coverage],
        "findings": [as_json_of(each, *each.__slots__) for each in found.findings],
    }


def _print(found: Report) -> None:
    from finops.conformance.models import Kind

    out = console()
    out.print(_columns(found))
    breaches = sum(each.is_breach for each in found.coverage)
    says = f"[red]{breaches} columns are null on rows where FOCUS forbids it.[/red]"
    out.print(says if breaches else "No column is null where FOCUS forbids it.")
    titles = {
        Kind.SERVICE: "Services the seeds do not know (category Other)",
        Kind.UNIT: "Units not in FOCUS's unit format, or that the seeds spell otherwise",
        Kind.LINE_TYPE: "Native line types that are not mapped",
        Kind.REPAIR: "Repairs of native FOCUS rows, by rule",
    }
    for kind, title in titles.items():
        rows = [each for each in found.findings if each.kind is kind]
        out.print(_findings(title, rows) if rows else f"{title}: none")


def _columns(found: Report) -> Table:
    months = " to ".join(dict.fromkeys((found.billing_periods[0], found.billing_periods[-1])))
    headings = ("column", *(f"{provider}, {rows:,} rows" for provider, rows in found.rows.items()))
    made = table(f"FOCUS 1.2 columns, {months}, build {found.build_id}", headings)
    by_provider = {provider: {e.column: e for e in found.coverage if e.provider == provider} for provider in found.rows}
    for column in dict.fromkeys(each.column for each in found.coverage):
        made.add_row(column, *(_cell(columns[column]) for columns in by_provider.values()))
    return made


def _cell(each: Coverage) -> str:
    from finops.conformance.models import State

    if each.state is State.PARTLY and each.share is not None:
        # A column that misses one row in a million is not filled, whatever rounding makes of it.
        text = f"{each.state} {min(each.share, 0.999):.1%} of {each.applicable:,}"
    else:
        text = each.state.value
    if each.is_breach:
        return f"[red]{text}[/red]"
    return f"[dim]{text}[/dim]" if each.state is State.NOT_APPLICABLE else text


def _findings(title: str, rows: Iterable[Finding]) -> Table:
    cells = ((e.provider, e.name, e.why, f"{e.rows:,}", f"{e.billed_cost:,.2f}", e.billing_currency) for e in rows)
    return table(title, ("provider", "name", "why", "rows >", "billed cost >", "currency"), cells)
