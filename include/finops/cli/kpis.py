"""``finops kpis``: build the KPIs of what is published and landed, and say how they stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, console, progress_bar, table
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.pipelines.kpis import KpiReport

kpis = typer.Typer(help="KPIs of AI work: build them, and say how they stand.", no_args_is_help=True)
app.add_typer(kpis, name="kpis")


@kpis.command()
def build(
    billing_period: Annotated[
        list[str] | None, typer.Option(metavar="YYYY-MM", help="Only this month; repeatable. Else all out of date.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say which months are out of date and build none.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build, check and publish the KPIs of each month whose bills, telemetry or targets are newer than they.

    Exit status: 0 all published, 1 a month failed and stays as it was, 2 a month that is not published.
    """
    from finops.pipelines import kpis as pipeline
    from finops.pipelines.kpis import KpiReport

    settings = Settings()
    months = [BillingPeriod.parse(each) for each in billing_period] if billing_period else None
    if dry_run:
        reports = [KpiReport(each) for each in (months or pipeline.pending(settings, retry=True))]
    else:
        with progress_bar() as progress:
            reports = pipeline.run(settings, months, progress)
    if as_json:
        typer.echo(json.dumps({"is_dry_run": dry_run, "months": [*map(_as_json, reports)]}, indent=2))
    else:
        typer.echo("\n".join(_line(each, dry_run) for each in reports) or "the KPIs of every month are up to date")
    if any(each.fault for each in reports):
        raise typer.Exit(1)


@kpis.command()
def status(as_json: AsJson = False) -> None:
    """Show per published month by which build its KPIs were published, and what is out of date or failed."""
    from finops.pipelines import kpis as pipeline
    from finops.stores import published

    settings = Settings()
    version = published.latest(settings)
    built = version.manifest.get("kpis", {})
    outdated, failed = pipeline.pending(settings, retry=True), pipeline.faults(settings)
    rows = [
        {
            "billing_period": str(month),
            "build_id": built.get(str(month), {}).get("build_id"),
            "is_current": month not in outdated,
            "fault": failed[month].reason if month in failed and month in outdated else None,
        }
        for month in version.billing_periods
    ]
    if as_json:
        typer.echo(json.dumps({"months": rows}, indent=2))
        return
    columns = ("month", "published by build", "state", "fault")
    console().print(table("KPIs", columns, map(_cells, rows)))


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    state = "up to date" if row["is_current"] else "failed" if row["fault"] else "out of date"
    return row["billing_period"], row["build_id"] or "none", state, row["fault"] or ""


def _line(report: KpiReport, dry_run: bool) -> str:
    if dry_run:
        return f"{report.month} would be built"
    if report.fault is not None:
        return f"{report.month} stays as it was: {report.fault}"
    return f"{report.month} is published by build {report.build_id}"


def _as_json(report: KpiReport) -> dict[str, str | None]:
    return {"billing_period": str(report.month), "build_id": report.build_id, "fault": report.fault}
