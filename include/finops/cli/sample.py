"""``finops sample``: native bills of an invented company."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli import app
from finops.cli.terminal import a_provider, progress_bar
from finops.core.periods import BillingPeriod
from finops.core.providers import CLOUDS, Provider

if TYPE_CHECKING:
    from finops.sample.models import SampleReport


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    months: Annotated[int, typer.Option(help="How many billing periods.")] = 6,
    lines_per_month: Annotated[int, typer.Option(help="CUR lines a month; Azure and GCP each get a third.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed and size give the same bytes.")] = 7,
    first_period: Annotated[str | None, typer.Option(help="First billing period, YYYY-MM; 2025-01.")] = None,
    provider: Annotated[
        list[Provider] | None,
        typer.Option(parser=a_provider, metavar="CLOUD", help="Only this cloud; may be repeated."),
    ] = None,
    with_telemetry: Annotated[
        bool, typer.Option("--telemetry/--no-telemetry", help="Also what the billed resources did.")
    ] = True,
    with_restatement: Annotated[
        bool,
        typer.Option("--restatement", help="Google's last month is too high; restated/ has the right one."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the totals as JSON.")] = False,
) -> None:
    """Write native bills of AWS, Azure and GCP for an invented company, with labelled anomalies and telemetry."""
    from finops.sample import service

    first = BillingPeriod.parse(first_period) if first_period else None
    with progress_bar() as progress:
        report = service.generate(
            out,
            months=months,
            lines_per_month=lines_per_month,
            seed=seed,
            first_period=first,
            providers=tuple(provider or CLOUDS),
            with_telemetry=with_telemetry,
            with_restatement=with_restatement,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(service.summary(report), indent=2))
    else:
        _tell(report)


def _tell(report: SampleReport) -> None:
    first, last = report.periods[0], report.periods[-1]
    typer.echo(f"{report.row_count:,} lines of {first} to {last} in {len(report.files)} files under {report.out}")
    typer.echo(f"{len(report.labels)} labelled anomalies in {report.out / 'labels.csv'}")
    if report.truth_count:
        typer.echo(f"{report.truth_count} truths of the telemetry in {report.out / 'telemetry' / 'truths.json'}")
