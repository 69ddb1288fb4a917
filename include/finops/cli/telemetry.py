"""``finops telemetry``: land usage telemetry, and say what has landed."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, as_json_of, console, progress_bar, table
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.core.telemetry import TelemetryKind

if TYPE_CHECKING:
    from finops.policy.telemetry import TelemetrySource
    from finops.stores.state.telemetry import Holding
    from finops.telemetry.models import IngestReport

telemetry = typer.Typer(help="Usage telemetry: land it, and say what has landed.", no_args_is_help=True)
app.add_typer(telemetry, name="telemetry")

_DAYS_SHOWN = 7
"""Days that are listed of one source; ``--json`` has them all."""

_COUNTS = ("unchanged", "read_files", "known_files", "rows", "repeated", "overlapping", "set_apart")


@telemetry.command()
def ingest(
    source: Annotated[
        list[str] | None, typer.Option(help="Only this source of telemetry.yml; repeatable. With --from its name.")
    ] = None,
    day: Annotated[
        list[str] | None, typer.Option(metavar="YYYY-MM-DD", help="Only this day (UTC); repeatable.")
    ] = None,
    kind: Annotated[TelemetryKind | None, typer.Option(help="With --from: what the files hold.")] = None,
    origin: Annotated[
        str | None, typer.Option("--from", help="A folder, a file or a pattern; else include/config/telemetry.yml.")
    ] = None,
    accept_smaller: Annotated[
        bool, typer.Option("--accept-smaller", help="Make days anew without the files that are gone.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is new and land nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Land what is new, day by day, rolled up to the hour. Files that were read before cost one look-up.

    A monitoring system is asked for the days that are not whole yet; with --day for these, whether whole or not.

    Exit status: 0 all accepted, 1 a file is still being written or a system does not answer, 2 something was refused.
    """
    from finops.pipelines import telemetry as pipeline

    settings = Settings()
    days = [_a_day(text) for text in day] if day else None
    reports: list[IngestReport] = []
    for each in _chosen(settings, source or [], kind, origin):
        with progress_bar() as progress:
            report = pipeline.take(
                *(settings, each), days=days, accept_smaller=accept_smaller, dry_run=dry_run, progress=progress
            )
        reports.append(report)
    rejections = [each for report in reports for each in report.rejections]
    if as_json:
        typer.echo(json.dumps({"is_dry_run": dry_run, "sources": [*map(_as_json, reports)]}, indent=2))
    else:
        typer.echo("\n".join(line for report in reports for line in _as_text(report, dry_run)) or "no telemetry source")
    for rejection in rejections:
        typer.echo(f"finops: {'waiting' if rejection.is_waiting else 'refused'}: {rejection.reason}", err=True)
    if rejections:
        raise typer.Exit(1 if all(each.is_waiting for each in rejections) else 2)


@telemetry.command()
def status(as_json: AsJson = False) -> None:
    """Show by source and kind which days have landed, and how many rows."""
    from finops.telemetry import service

    found = service.status(Settings())
    if as_json:
        typer.echo(json.dumps({"telemetry": [*map(_holding, found)]}, indent=2))
        return
    if not found:
        typer.echo("No telemetry is configured, and none has landed.")
        return
    columns = ("source", "kind", "days >", "oldest day", "newest day", "rows >", "set apart >", "landed (UTC)")
    console().print(table("Telemetry", columns, map(_cells, found)))


@telemetry.command()
def columns() -> None:
    """List the columns of each kind, as docs/features/telemetry.md has them."""
    from finops.telemetry.page import columns_page

    typer.echo(columns_page(), nl=False)


def _chosen(
    settings: Settings, names: list[str], kind: TelemetryKind | None, origin: str | None
) -> list[TelemetrySource]:
    from pydantic import ValidationError

    from finops.pipelines import telemetry as pipeline
    from finops.policy.telemetry import FileSource

    if origin is None:
        if kind is not None:
            raise BadInput("--kind needs --from; without it the sources are those of telemetry.yml")
        return pipeline.sources_of(settings, names)
    if kind is None or len(names) > 1:
        raise BadInput(f"--from needs --kind, one of {', '.join(TelemetryKind)}, and at most one --source for its name")
    try:
        return [FileSource.model_validate({"name": names[0] if names else "files", "kind": kind, "from": origin})]
    except ValidationError:
        raise BadInput(
            f"--source {names}: a name has lower-case letters, digits, - and _, at most 60; --from must not be empty"
        ) from None


def _a_day(text: str) -> date:
    try:
        if len(text) != len("YYYY-MM-DD"):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"day {text!r} is not of the form YYYY-MM-DD, for example 2025-01-31") from None


def _as_json(report: IngestReport) -> dict[str, Any]:
    landed = [as_json_of(each, "delivery_id", "row_count", "byte_count", "sha256") for each in report.landed]
    days = [{"day": str(each.day)} | values for each, values in zip(report.landed, landed, strict=True)]
    rejected = [
        as_json_of(each, "file", "reason", "is_waiting") | {"day": str(each.day) if each.day else None}
        for each in report.rejections
    ]
    head = {"source": report.source, "kind": report.kind.value}
    found = {"landed": days, "rejected": rejected, "notes": list(report.notes)}
    return head | found | as_json_of(report, *_COUNTS)


def _as_text(report: IngestReport, dry_run: bool) -> list[str]:
    verb = "new" if dry_run else "landed"
    lines = [
        f"{verb} {report.source} {report.kind} {each.day}: {each.row_count:,} rows"
        for each in report.landed[:_DAYS_SHOWN]
    ]
    if rest := report.landed[_DAYS_SHOWN:]:
        lines.append(f"{verb} {report.source} {report.kind}: {len(rest)} days more, to {rest[-1].day}")
    counts = [
        f"{len(report.landed):,} days {verb}",
        f"{report.unchanged:,} unchanged",
        f"{len(report.rejections):,} rejected",
        f"{report.read_files:,} files read with {report.rows:,} rows",
        f"{report.known_files:,} known",
    ]
    others = (
        ("repeated", "repeated"),
        ("overlapping", "replaced by a later file"),
        ("set_apart", "in the future, set apart"),
    )
    counts += [f"{count:,} rows {words}" for name, words in others if (count := getattr(report, name))]
    return [*lines, f"{report.source}: {', '.join(counts)}"]


def _holding(each: Holding) -> dict[str, Any]:
    dates = {name: str(day) if (day := getattr(each, name)) else None for name in ("oldest_day", "newest_day")}
    figures = as_json_of(each, "days", "row_count", "set_apart", "landed_at")
    return {"source": each.source, "kind": each.kind.value} | dates | figures


def _cells(each: Holding) -> tuple[str, ...]:
    days = (f"{each.days:,}", str(each.oldest_day or ""), str(each.newest_day or ""))
    landed_at = f"{each.landed_at:%Y-%m-%d %H:%M}" if each.landed_at else ""
    return (each.source, each.kind, *days, f"{each.row_count:,}", f"{each.set_apart:,}", landed_at)
