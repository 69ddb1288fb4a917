"""``finops deliveries``: what has landed, and how to go back to the delivery before."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, OneProvider, as_json_of, console, table
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from finops.stores.state.ledger import Delivery

deliveries = typer.Typer(help="Deliveries: list them, go back to the one before.", no_args_is_help=True)
app.add_typer(deliveries, name="deliveries")

Who = Annotated[str, typer.Option("--by", help="Who answers for it.")]
Why = Annotated[str, typer.Option("--why", help="The reason.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The delivery's id, or the first 6 or more characters of it.")]


@deliveries.command("list")
def list_deliveries(
    provider: OneProvider = None,
    billing_period: Annotated[str | None, typer.Option(metavar="YYYY-MM", help="Only this month's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List every delivery that has landed: which are current, which were replaced or withdrawn."""
    from finops.stores.state import ledger
    from finops.stores.state.store import open_state

    period = BillingPeriod.parse(billing_period) if billing_period else None
    with open_state(Settings()).begin() as connection:
        found = _described(connection, ledger.every(connection, provider, period))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    columns = ("id", "provider", "source", "period", "format", "landed (UTC)", "rows >", "cost >", "state")
    console().print(table("Deliveries", columns, map(_cells, found)) if found else "Nothing has landed.")


@deliveries.command()
def show(delivery: Id, as_json: AsJson = False) -> None:
    """Show a delivery: where it came from, its files, its totals, and who withdrew it."""
    from finops.stores.state import withdrawals
    from finops.stores.state.store import open_state

    with open_state(Settings()).begin() as connection:
        (found,) = _described(connection, [withdrawals.find(connection, delivery)])
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        for each in value if isinstance(value, list) else [value]:
            shown = ", ".join(f"{k} {v}" for k, v in each.items()) if isinstance(each, dict) else each
            typer.echo(f"{name:<17} {shown}")


@deliveries.command()
def withdraw(
    delivery: Id,
    by: Who,
    why: Why,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be current, and change nothing.")] = False,
) -> None:
    """Make the delivery before current again. Nothing is deleted; a closed month keeps its statements."""
    from finops.core.locks import exclusive
    from finops.stores.state import period_inputs, withdrawals
    from finops.stores.state.store import open_state

    settings = Settings()
    by, why = _required(by, "--by"), _required(why, "--why")
    engine = open_state(settings)
    with engine.begin() as connection:
        found = withdrawals.find(connection, delivery)
    with exclusive(settings, f"ingest-{found.provider}"), engine.begin() as connection:
        if dry_run:
            restored = withdrawals.before(connection, found)
        else:
            restored = withdrawals.withdraw(connection, found, by=by, why=why)
        pending = {(each.provider, each.billing_period) for each in period_inputs.pending(connection)}
    typer.echo(_withdrawn(found, restored, dry_run=dry_run))
    bill = f"{found.provider} {found.billing_period}"
    if not dry_run and (found.provider, found.billing_period) in pending:
        typer.echo(f"{bill} is pending: `finops build` builds it from what is current now")
    elif not dry_run:
        typer.echo(f"{bill} is published from what is current now, or there is nothing to build it from")


@deliveries.command()
def dismiss(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The rejection's number in `finops status`.")],
    by: Who,
    why: Why,
) -> None:
    """Take a rejection off the list in `finops status`, until other files are rejected or for another reason."""
    from finops.stores.state import rejections
    from finops.stores.state.store import open_state

    by, why = _required(by, "--by"), _required(why, "--why")
    with open_state(Settings()).begin() as connection:
        found = rejections.dismiss(connection, number, by=by, why=why)
    typer.echo(f"Dismissed {number}: {found.provider} {found.source} {found.billing_period or ''} {found.outcome}")


def _required(text: str, option: str) -> str:
    found = " ".join(text.split())
    if not found:
        raise typer.BadParameter(f"{option} is empty")
    return found


def _withdrawn(found: Delivery, restored: Delivery | None, *, dry_run: bool) -> str:
    done = "Would withdraw" if dry_run else "Withdrew"
    now = f"the month has no bill of {found.source}"
    if restored is not None:
        now = f"{restored.delivery_id} is current, landed {restored.landed_at:%Y-%m-%d %H:%M} UTC"
    return f"{done} {found.delivery_id} of {found.provider} {found.source} {found.billing_period}: {now}"


def _described(connection: Connection, found: list[Delivery]) -> list[dict[str, Any]]:
    from finops.stores.state import ledger, withdrawals

    current = {each.delivery_id for each in ledger.current(connection)}
    withdrawn = withdrawals.of(connection, [each.delivery_id for each in found])
    names = ("delivery_id", "provider", "source", "billing_period", "format", "origin", "produced_at", "landed_at")
    described = []
    for each in found:
        history = [as_json_of(w, *w.__slots__) for w in withdrawn.get(each.delivery_id, [])]
        state = "current" if each.delivery_id in current else "replaced"
        if history and history[0]["lifted_at"] is None:
            state = f"withdrawn by {history[0]['withdrawn_by']}: {history[0]['reason']}"
        described.append(
            {
                **as_json_of(each, *names, "row_count", "byte_count"),
                "state": state,
                "totals": [as_json_of(total, *total.__slots__) for total in each.totals],
                "files": [as_json_of(file, *file.__slots__) for file in each.files],
                "withdrawals": history,
            }
        )
    return described


def _cells(each: dict[str, Any]) -> tuple[str, ...]:
    costs = "\n".join(f"{Decimal(t['source_cost']):,.2f} {t['billing_currency']}" for t in each["totals"])
    names = (each["delivery_id"][:12], each["provider"], each["source"], each["billing_period"], each["format"])
    return (*names, each["landed_at"][:16].replace("T", " "), f"{each['row_count']:,}", costs, each["state"])
