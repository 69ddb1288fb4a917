"""``finops notify``: try a channel, see what was sent, acknowledge an event, deliver by hand."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, console, table
from finops.core.errors import Finding, FinopsError
from finops.core.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

notify = typer.Typer(help="Tell people: channels, what was sent, who looks after it.", no_args_is_help=True)
app.add_typer(notify, name="notify")


@notify.command("test")
def try_one(channel: Annotated[str, typer.Argument(help="Its name in channels.yml.")], as_json: AsJson = False) -> None:
    """Send a message of trial to a channel, at once; exit 1 when it does not take it."""
    from finops.notifications.service import named, try_channel

    settings = Settings()
    named(settings, channel)
    fault = None
    try:
        try_channel(settings, channel)
    except FinopsError as error:
        fault = str(error)
    if as_json:
        typer.echo(json.dumps({"channel": channel, "is_taken": fault is None, "fault": fault}, indent=2))
    elif fault is None:
        typer.echo(f"{channel} took a message of trial")
    if fault is not None:
        raise Finding(f"channel {channel}: {fault}")


@notify.command()
def status(as_json: AsJson = False) -> None:
    """Show what each channel was sent, what waits or has failed and why, and what nobody looks after."""
    from finops.notifications.service import status

    found = status(Settings())
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    out = console()
    for each in _tables(found):
        out.print(each if each.row_count else f"{each.title}: none")
    if found["without_channel_yet"]:
        out.print(f"{found['without_channel_yet']} events wait for the next delivery (`finops notify deliver`)")


@notify.command()
def ack(
    key: Annotated[str, typer.Argument(help="Key of the event, as the message has it.")],
    by: Annotated[str, typer.Option("--by", help="Who looks after it.")],
    as_json: AsJson = False,
) -> None:
    """Say who looks after an event, so that nobody else is called for it. The first one stays."""
    from finops.notifications.service import acknowledge

    entry = acknowledge(Settings(), key, by)
    if as_json:
        at = None if entry.acknowledged_at is None else entry.acknowledged_at.isoformat()
        typer.echo(json.dumps({"key": entry.event.key, "by": entry.acknowledged_by, "at": at}, indent=2))
        return
    typer.echo(f"{entry.acknowledged_by} looks after {entry.event.key!r}")


@notify.command()
def deliver(
    parked: Annotated[
        str | None, typer.Option("--parked", metavar="CHANNEL", help="Send what is parked for a channel, too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send what is due, as the DAG does every five minutes; exit 1 when an event reaches nobody."""
    from finops.notifications.service import release
    from finops.pipelines import notices

    settings = Settings()
    if parked is not None:
        release(settings, parked)
    report = notices.deliver(settings)
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        typer.echo(f"{report.sent} sent, {report.put_off} to be tried again, {report.parked} parked")
        for fault in report.faults:
            typer.echo(f"- {fault}")
    if report.untold:
        raise Finding(f"{report.untold} events reach nobody; `finops notify status` says why")


def _tables(found: dict[str, Any]) -> list[Table]:
    states = ("pending", "sending", "sent", "parked", "dropped")
    channels = [
        [each["channel"], each["type"] or "not in channels.yml", *(str(each[s]) for s in states)]
        for each in found["channels"]
    ]
    failed = [[each[name] or "" for name in ("channel", "state", "key", "fault", "next")] for each in found["failed"]]
    unanswered = [[each["since"][:16], each["key"], each["title"]] for each in found["open"]]
    return [
        table("Channels", ["channel", "type", *(f"{each} >" for each in states)], channels),
        table("Failed", ["channel", "state", "event", "fault", "tried again"], failed),
        table("Critical, and nobody looks after it", ["since", "key", "event"], unanswered),
    ]
