"""``finops state``: the state store, where it was lost."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, as_json_of
from finops.core.settings import Settings

state = typer.Typer(help="Mend a state store that was lost.", no_args_is_help=True)
app.add_typer(state, name="state")


@state.command()
def adopt(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be adopted, and record nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Record the closed months whose files are there and that the state store does not know; begin a lost store."""
    from finops.chargeback import service

    found = service.adopt(Settings(), dry_run=dry_run)
    if as_json:
        names = ("billing_period", "closed_at", "closed_by", "build_id", "statements_digest")
        typer.echo(json.dumps({"dry_run": dry_run, "adopted": [as_json_of(each, *names) for each in found]}, indent=2))
        return
    for each in found:
        at = f"{each.closed_at:%Y-%m-%d %H:%M} UTC"
        does = "Would adopt" if dry_run else "Adopted"
        typer.echo(f"{does} {each.billing_period}, closed by {each.closed_by}, {at}: its files are as recorded")
    if not found:
        typer.echo("Every closed month is recorded.")
