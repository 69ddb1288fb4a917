"""``finops reconcile``: do the bills and what is published agree, stage by stage?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, Months, as_json_of, console, table
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from finops.quality.reconciliation import Line, Reconciliation


@app.command()
def reconcile(billing_period: Months = None, as_json: AsJson = False) -> None:
    """Show the billed cost at every stage, from the source files to allocation; exit 1 when any two differ."""
    from finops.quality import reconciliation

    periods = [BillingPeriod.parse(text) for text in billing_period or []]
    found = reconciliation.reconcile(Settings(), periods)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2))
    else:
        _print(found)
    if not found.is_reconciled:
        raise typer.Exit(1)


def _as_json(found: Reconciliation) -> dict[str, object]:
    return {
        "build_id": found.build_id,
        "is_reconciled": found.is_reconciled,
        "lines": [as_json_of(line, *line.__slots__, "missing", "difference", "is_reconciled") for line in found.lines],
        "pending": [{"provider": provider, "billing_period": period} for provider, period in found.pending],
    }


def _print(found: Reconciliation) -> None:
    out = console()
    if found.lines:
        out.print(_table(found))
    if found.pending:
        waiting = ", ".join(f"{provider} {period}" for provider, period in found.pending)
        out.print(f"Pending, landed but not yet published: {waiting}. `finops build` publishes them.")
    broken = sum(not line.is_reconciled for line in found.lines)
    if broken:
        out.print(f"[red]{broken} of {len(found.lines)} lines do not reconcile.[/red]")
    elif found.lines:
        out.print(f"All {len(found.lines)} lines reconcile: every stage is equal to the last decimal.")


def _table(found: Reconciliation) -> Table:
    from finops.quality.reconciliation import STAGES

    headings = ("provider", "period", "currency", *(f"{name} >" for name in (*STAGES, "difference")))
    made = table(f"Billed cost by stage, build {found.build_id}", headings)
    for line in found.lines:
        amounts = [f"{line.stages[stage]:,.2f}" if stage in line.stages else "[red]missing[/red]" for stage in STAGES]
        made.add_row(line.provider, line.billing_period, line.billing_currency, *amounts, _difference(line))
    return made


def _difference(line: Line) -> str:
    return "0" if line.difference == 0 else f"[red]{line.difference.normalize():,f}[/red]"
