"""``finops budgets gate`` and ``approve``: may an expensive job start now, and who says that it may."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from finops.cli.budgets import budgets
from finops.cli.terminal import AsJson
from finops.core.errors import BadInput
from finops.core.periods import a_day
from finops.core.settings import Settings


@budgets.command()
def gate(
    budget: Annotated[list[str] | None, typer.Argument(metavar="[BUDGET]...", help="Ids of budgets.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="DIMENSION=VALUE", help="Instead: every budget that counts such charges; repeatable."),
    ] = None,
    cost: Annotated[str | None, typer.Option(metavar="AMOUNT", help="Estimated cost of the job.")] = None,
    currency: Annotated[str | None, typer.Option(metavar="CODE", help="Its currency.")] = None,
    most: Annotated[
        list[str] | None,
        typer.Option(metavar="THRESHOLD", help="How far with the job: forecast 100 and probability 80 unless given."),
    ] = None,
    window: Annotated[
        str | None, typer.Option(metavar="TIMES", help="Off-peak: '22:00-06:00 Europe/Berlin mon-fri'.")
    ] = None,
    spot: Annotated[
        str | None, typer.Option(metavar="LIMIT", help="Price of a machine hour: 'p4d.24xlarge us-east-1 12.50 USD'.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Ask AWS for the spot price; else the latest bills.")] = False,
    unpublished: Annotated[
        str, typer.Option(metavar="start|defer|skip", help="Where a budget or price is not published, or is too old.")
    ] = "defer",
    max_age: Annotated[int, typer.Option(min=0, metavar="DAYS", help="How old what is published may be.")] = 7,
    at: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DDTHH:MM", help="As of this moment (UTC) instead of now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a job may start now, by its budgets, their forecast, the time of day and the price of spot machines.

    Exit status: 0 it may, 1 not now (the reason is printed), 2 bad use, or there is no such budget.
    """
    from finops.pipelines import budgets as pipeline

    optional: dict[str, Any] = {"most": most} if most else {}
    answer = pipeline.may_start(
        Settings(),
        now=None if at is None else _moment(at),
        ec2_client_of=_ec2 if live else None,
        budgets=budget or (),
        scope=dict(map(_pair, scope or ())),
        cost=cost,
        currency=currency,
        window=window,
        spot=spot,
        unpublished=unpublished,
        max_age=max_age,
        **optional,
    )
    if as_json:
        typer.echo(json.dumps(answer.as_json(), indent=2))
    else:
        typer.echo(f"{answer.verdict}: {answer.why}")
        if answer.next_at is not None:
            typer.echo(f"ask again at {answer.next_at:%Y-%m-%dT%H:%M}Z")
    if not answer.is_start:
        raise typer.Exit(1)


@budgets.command()
def approve(
    budget: Annotated[str, typer.Argument(metavar="BUDGET", help="Its id in budgets.yml.")],
    by: Annotated[str, typer.Option(help="Who approves.")],
    until: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Last day (UTC); a past one ends an approval.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Let jobs start although this budget would hold them back. It is recorded; the newest approval counts."""
    from finops.budgets.gate import service

    found = service.approve(Settings(), budget, by=by, until=a_day(until, "--until"), reason=reason)
    typer.echo(f"{found.budget}: {found.approved_by} approves until {found.approved_until}: {found.reason}")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise BadInput(f"--scope {text!r} is not understood; write it as ai_project=atlas")
    return name.strip(), value.strip()


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"--at {text!r} is no moment; write it as 2025-06-30T22:00") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _ec2(region: str) -> Any:
    import boto3

    return boto3.client("ec2", region_name=region)
