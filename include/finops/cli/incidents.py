"""``finops incidents``: find incidents of cost, show them, and say which were right."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, console, progress_bar, table
from finops.core.errors import BadInput
from finops.core.periods import a_day
from finops.core.settings import Settings

incidents = typer.Typer(help="Incidents of cost: what nobody expected, why, and what to do.", no_args_is_help=True)
app.add_typer(incidents, name="incidents")

_Ident = Annotated[str, typer.Argument(metavar="ID", help="Its id, INC-…")]


@incidents.command()
def detect(
    run_date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Judge days up to this one; else all that has bills.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look for anomalies in what is published, update the register of incidents, publish it and write the pages."""
    from finops.pipelines import incidents as pipeline

    settings = Settings()
    with progress_bar() as progress:
        version = pipeline.run(settings, None if run_date is None else a_day(run_date, "--run-date"), progress)
    index = pipeline.write_pages(settings)
    rows = _known(settings)
    counts = {state: sum(row["state"] == state for row in rows) for state in ("open", "closed")}
    if as_json:
        typer.echo(json.dumps({"build_id": version.build_id, **counts, "index": str(index)}, indent=2))
        return
    typer.echo(f"{counts['open']} incidents are open, {counts['closed']} closed; the pages begin at {index}")


@incidents.command(name="list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the open incidents, the newest first."""
    rows = [row for row in _known(Settings()) if everything or row["state"] == "open"]
    rows.sort(key=lambda row: (row["first_day"], abs(row["excess_cost"])), reverse=True)
    if as_json:
        typer.echo(json.dumps({"incidents": [*map(_plain, rows)]}, indent=2))
        return
    columns = ("id", "where", "kind", "days", "impact >", "state", "answer")
    console().print(table("Incidents", columns, map(_cells, rows)))


@incidents.command()
def show(ident: _Ident, as_json: AsJson = False) -> None:
    """Show an incident: what it cost, its cause, and what to do."""
    from finops.anomalies import read

    settings = Settings()
    row = _one(settings, ident)
    causes = read.causes_of(settings, ident)
    if as_json:
        typer.echo(json.dumps({**_plain(row), "causes": [*map(_plain, causes)]}, indent=2))
        return
    typer.echo(
        f"{row['incident_id']} {row['title']} ({row['kind']}, {_state(row)}), {row['first_day']} to {row['last_day']}"
    )
    typer.echo(
        f"It cost {row['actual_cost']:.2f} {row['billing_currency']} where {row['expected_cost']:.2f} were expected: "
        f"{row['excess_cost']:+.2f}"
    )
    typer.echo(f"Cause: {row['cause']}")
    typer.echo(f"What to do: {row['advice']}")
    columns = ("dimension", "value", "added >", "of the excess >")
    cells = ((c["dimension"], c["value"], f"{c['excess_cost']:+.2f}", f"{c['share']:.0%}") for c in causes)
    console().print(table("Cause", columns, cells))


@incidents.command()
def feedback(
    ident: _Ident,
    verdict: Annotated[str, typer.Argument(metavar="yes|no|planned", help="Whether it was right, or was planned.")],
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Who says so.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say whether an incident was right. A no makes the same cost raise less, planned silences it while it lasts."""
    from finops.anomalies import feedback as answers

    settings = Settings()
    said = answers.record(settings, (row["incident_id"] for row in _known(settings)), ident, verdict, by, why)
    if as_json:
        typer.echo(
            json.dumps({"incident": ident, "verdict": said.verdict, "by": said.said_by, "why": said.why}, indent=2)
        )
        return
    typer.echo(f"{ident}: {said.verdict} by {said.said_by}; the next run takes it into account")


def _known(settings: Settings) -> list[dict[str, Any]]:
    from finops.anomalies import read

    return read.incidents(read.version_of(settings))


def _one(settings: Settings, ident: str) -> dict[str, Any]:
    found = next((row for row in _known(settings) if row["incident_id"] == ident), None)
    if found is None:
        raise BadInput(f"there is no incident {ident!r}; `finops incidents list --all` shows those that were raised")
    return found


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    days = f"{row['first_day']} – {row['last_day']}"
    impact = f"{row['excess_cost']:,.2f} {row['billing_currency']}"
    return row["incident_id"], row["title"], row["kind"], days, impact, _state(row), row["verdict"] or ""


def _state(row: dict[str, Any]) -> str:
    return "open" if row["state"] == "open" else f"closed: {row['ending']}"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as JSON has it: exact amounts, days and moments as text."""
    return {name: _text(value) for name, value in row.items()}


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date | datetime) else value
