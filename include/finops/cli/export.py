"""``finops export``: published data as a file to take away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finops.cli import app
from finops.cli.terminal import OneProvider
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

export = typer.Typer(help="Write published data to a file.", no_args_is_help=True)
app.add_typer(export, name="export")

_Out = Annotated[Path, typer.Option("--out", help="The file; its ending says what is written.")]


@export.command()
def mart(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A published mart, for example mart_chargeback.")],
    out: _Out,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="COLUMN=VALUE", help="Only such rows; repeatable, all hold.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="T",
            help="A month of fct_daily_costs as it was: a day (its end), an ISO timestamp (UTC), or a build id.",
        ),
    ] = None,
    billing_period: Annotated[
        str | None, typer.Option("--billing-period", metavar="YYYY-MM", help="The month that --as-of is about.")
    ] = None,
) -> None:
    """Write a mart to CSV, XLSX or Parquet."""
    from finops.transform.export import AsOf, export_mart

    if (as_of is None) != (billing_period is None):
        raise BadInput("--as-of T and --billing-period YYYY-MM go together; --where billing_period=YYYY-MM is for now")
    then = AsOf(BillingPeriod.parse(billing_period), as_of) if billing_period and as_of else None
    count = export_mart(Settings(), name, out, [_condition(text) for text in where or []], then)
    typer.echo(f"{count:,} rows of {name} in {out}")


@export.command()
def focus(
    billing_period: Annotated[str, typer.Option("--billing-period", metavar="YYYY-MM", help="The month.")],
    out: _Out,
    provider: OneProvider = None,
) -> None:
    """Write a month's charges as FOCUS 1.2 has them, to Parquet or CSV."""
    from finops.transform.export import export_focus

    count = export_focus(Settings(), BillingPeriod.parse(billing_period), out, provider)
    typer.echo(f"{count:,} FOCUS charges of {billing_period} in {out}")


@export.command()
def dictionary(out: _Out) -> None:
    """Write the data dictionary of what is published: every table and column, as HTML, or as JSON."""
    from finops.transform.export import export_dictionary

    count = export_dictionary(Settings(), out)
    typer.echo(f"{count:,} tables in {out}")


def _condition(text: str) -> tuple[str, str]:
    column, separator, value = text.partition("=")
    if not separator or not column:
        raise BadInput(f"--where {text!r} is not of the form COLUMN=VALUE")
    return column, value
