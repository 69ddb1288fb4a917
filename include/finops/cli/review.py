"""``finops review``: the KPIs of a week, as a page, a PDF and CSV."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from finops.cli import app
from finops.cli.terminal import AsJson
from finops.core.periods import a_day
from finops.core.settings import Settings


@app.command()
def review(
    week: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="The Monday it begins with; else the last whole week with KPIs."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the files here instead of reviews/ in FINOPS_HOME.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the weekly review: each KPI with its target, its change and the reasons for it."""
    from finops.pipelines.review import write
    from finops.review.service import summary

    written = write(Settings(), None if week is None else a_day(week, "--week"), out)
    if as_json:
        typer.echo(json.dumps({**summary(written.review), "folder": str(written.folder)}, indent=2))
        return
    found = summary(written.review)
    typer.echo(f"Review of the week of {found['week']}:")
    for each in found["matters"]:
        typer.echo(f"- {each}")
    typer.echo(f"It is at {written.folder / 'index.html'}")
