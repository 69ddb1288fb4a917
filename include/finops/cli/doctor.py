"""``finops doctor``: what is missing for runs to work."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, console, table
from finops.core.settings import Settings


@app.command()
def doctor(
    tries_actions: Annotated[
        bool, typer.Option("--actions", help="Try the accounts of rightsizing.yml while dry_run is true, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Try files, places, bills, telemetry, channels and actions; name what is missing, and exit 1 if anything is.

    Nothing is changed. What has its credentials in an Airflow Connection is tried where Airflow runs, by
    `python -m finops_airflow.doctor`.
    """
    from finops.pipelines.doctor import State, run

    found = list(run(Settings(), tries_actions=tries_actions))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
    else:
        rows = ((each.area, each.name, each.state.value, each.text) for each in found)
        console().print(table("What runs depend on", ("area", "what", "state", "found"), rows))
    faults = sum(each.state is State.FAULT for each in found)
    if not as_json:
        typer.echo(f"{faults} of {len(found)} need something" if faults else "nothing is missing")
    if faults:
        raise typer.Exit(1)
