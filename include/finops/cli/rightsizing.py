"""``finops rightsizing``: what could be saved, and actions on clouds, from proposal to what they did save."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, as_json_of, console, table
from finops.core.errors import BadInput
from finops.core.periods import a_day
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.rightsizing.engine.applying import Result
    from finops.stores.state.actions import Action

rightsizing = typer.Typer(help="What could be saved, and actions on clouds that save it.", no_args_is_help=True)
app.add_typer(rightsizing, name="rightsizing")

_Ident = Annotated[str, typer.Argument(metavar="ID", help="Id of the action, as `list` shows it.")]
_Some = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only these actions.")]
_By = Annotated[str, typer.Option("--by", metavar="WHO", help="Who decides.")]
_Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why.")]
_SHOWN = (
    *("action_id", "status", "rule", "action", "provider", "account", "region", "resource_id", "parameters"),
    *("currency", "monthly_cost", "monthly_saving", "requested_by", "requested_at", "expires_at", "finished_at"),
    *("reason", "rollback_of"),
)
_SUPPRESSED = ("finding_key", "author", "reason", "until")


@rightsizing.command()
def plan(
    write: Annotated[bool, typer.Option("--write", help="Plan the proposed actions, for approval.")] = False,
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Who asks for them.")] = "finops",
    run_date: Annotated[
        str | None, typer.Option("--run-date", metavar="YYYY-MM-DD", help="Play a past run date again.")
    ] = None,
    as_code: Annotated[
        Path | None, typer.Option("--as-code", metavar="DIR", help="Write the published findings as code.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what could be saved. With --write the published proposals become actions that wait for approval.

    With --as-code they become files for Terraform and Kubernetes in a folder per owner, with a text for the pull
    request; no action is made.
    """
    if as_code is not None:
        if write or run_date is not None:
            raise BadInput("--as-code writes the findings that are published last; leave --write and --run-date out")
        _write_code(as_code, as_json=as_json)
        return
    day = None if run_date is None else a_day(run_date, "run date")
    if write:
        _plan(by, day, as_json=as_json)
        return
    from finops.rightsizing import service

    rows = service.findings(Settings(), day)
    if as_json:
        plain = [{name: _text(value) for name, value in row.items()} for row in rows]
        typer.echo(json.dumps({"findings": plain}, indent=2))
        return
    columns = ("rule", "resource", "saves a month >", "action", "status", "reason")
    cells = (
        (
            row["rule"],
            row["resource_id"],
            _amount(row["monthly_saving"], row["billing_currency"]),
            row["action"],
            row["status"],
            row["reason"],
        )
        for row in rows
    )
    console().print(table("Findings", columns, cells))


def _write_code(folder: Path, *, as_json: bool) -> None:
    from finops.rightsizing import as_code

    written = [str(each) for each in as_code.write(Settings(), folder)]
    said = "\n".join(written) or "no published finding can be written as code"
    _say(said, {"files": written}, as_json=as_json)


def _plan(by: str, day: date | None, *, as_json: bool) -> None:
    from finops.pipelines import actions as pipeline

    made = pipeline.plan(Settings(), by, day)
    if as_json:
        refused = [{"finding": each.finding_key, "reason": each.reason} for each in made.not_planned]
        planned = [as_json_of(each, *_SHOWN) for each in made.planned]
        typer.echo(json.dumps({"planned": planned, "not_planned": refused}, indent=2))
        return
    console().print(_table("Planned", made.planned))
    rows = [(each.finding_key, each.reason) for each in made.not_planned]
    console().print(table("Not planned", ("finding", "why"), rows))


@rightsizing.command(name="list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Those that have ended too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the actions that wait or are under way, and how often actions succeed."""
    from finops.rightsizing import ledger
    from finops.rightsizing.engine import service
    from finops.stores.state import actions

    every = service.every(Settings())
    found = [each for each in every if everything or each.status in actions.OPEN]
    figures = ledger.figures(every)
    if as_json:
        typer.echo(json.dumps({"actions": [as_json_of(each, *_SHOWN) for each in found], **figures}, indent=2))
        return
    console().print(_table("Actions", found))
    if figures["success_rate"] is not None:
        typer.echo(f"{figures['success_rate']:.0%} of the actions that were begun are done")


@rightsizing.command()
def approve(ident: _Ident, by: _By, why: _Why = "", as_json: AsJson = False) -> None:
    """Approve an action. Who asked for it cannot, and two must where much is at stake."""
    from finops.pipelines import actions as pipeline
    from finops.rightsizing.engine import approving

    made = approving.approve(pipeline.tools(Settings()), ident, by, why)
    if as_json:
        typer.echo(json.dumps({"action_id": ident, "approvals": made.approvals, "needed": made.needed}, indent=2))
        return
    rest = "it can be applied" if made.is_complete else "another person must approve it"
    typer.echo(f"{ident}: {made.approvals} of {made.needed} approvals; {rest}")


@rightsizing.command()
def reject(ident: _Ident, by: _By, why: _Why, as_json: AsJson = False) -> None:
    """Reject an action. Its finding may be proposed again after the cool-down."""
    from finops.pipelines import actions as pipeline
    from finops.rightsizing.engine import approving

    approving.reject(pipeline.tools(Settings()), ident, by, why)
    _say(f"{ident} is rejected", {"action_id": ident, "status": "rejected"}, as_json=as_json)


@rightsizing.command()
def dismiss(ident: _Ident, by: _By, why: _Why, as_json: AsJson = False) -> None:
    """Reject an action because it is no waste: its finding is not proposed again for 90 days."""
    from finops.pipelines import actions as pipeline
    from finops.rightsizing.engine import approving

    made = approving.dismiss(pipeline.tools(Settings()), ident, by, why)
    said = f"{ident} is rejected, and {made.finding_key} is not proposed before {made.until}"
    _say(said, {"action_id": ident, "status": "rejected", **as_json_of(made, *_SUPPRESSED)}, as_json=as_json)


@rightsizing.command()
def suppress(
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="Its finding_key: rule:provider:resource.")],
    by: _By,
    why: _Why,
    until: Annotated[str, typer.Option("--until", metavar="YYYY-MM-DD", help="First day on which it may be again.")],
    as_json: AsJson = False,
) -> None:
    """Let a finding not be proposed before a day."""
    from finops.pipelines import actions as pipeline
    from finops.rightsizing.engine import approving

    made = approving.suppress(pipeline.tools(Settings()), finding, by, why, a_day(until, "--until"))
    said = f"{made.finding_key} is not proposed before {made.until}"
    _say(said, as_json_of(made, *_SUPPRESSED), as_json=as_json)


@rightsizing.command()
def enable(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule that was set aside.")],
    by: _By,
    why: _Why,
    as_json: AsJson = False,
) -> None:
    """Let a rule propose again that was set aside because its savings did not come about."""
    from finops.pipelines import actions as pipeline
    from finops.rightsizing.engine import approving

    approving.enable(pipeline.tools(Settings()), rule, by, why)
    _say(f"{rule} proposes again", {"rule": rule, "is_enabled": True}, as_json=as_json)


@rightsizing.command()
def apply(idents: _Some = None, as_json: AsJson = False) -> None:
    """Apply approved actions, all or those named. While dry_run is true it says what it would do."""
    from finops.pipelines import actions as pipeline

    _show(pipeline.apply(Settings(), idents or ()), as_json=as_json)


@rightsizing.command()
def resume(as_json: AsJson = False) -> None:
    """Go on with actions that were left half way."""
    from finops.pipelines import actions as pipeline

    _show(pipeline.resume(Settings()), as_json=as_json)


@rightsizing.command()
def rollback(ident: _Ident, by: _By, why: _Why = "", as_json: AsJson = False) -> None:
    """Undo an action that is done, or go back from half way."""
    from finops.pipelines import actions as pipeline

    _show([pipeline.rollback(Settings(), ident, by, why)], as_json=as_json)


@rightsizing.command()
def abandon(ident: _Ident, by: _By, why: _Why, as_json: AsJson = False) -> None:
    """End an action that is under way, because a person has put its resource right: it is left as it is."""
    from finops.pipelines import actions as pipeline

    done = pipeline.abandon(Settings(), ident, by, why)
    _say(f"{ident} is abandoned", as_json_of(done, "action_id", "outcome", "reason"), as_json=as_json)


@rightsizing.command()
def verify(as_json: AsJson = False) -> None:
    """Read again what was changed some days ago; exit status 1 where it is not as intended any more."""
    from finops.pipelines import actions as pipeline

    found = pipeline.verify(Settings())
    if as_json:
        names = ("action_id", "days", "is_as_intended", "fault")
        typer.echo(json.dumps({"verified": [as_json_of(each, *names) for each in found]}, indent=2))
    for each in [] if as_json else found:
        held = "as intended" if each.is_as_intended else each.fault or "not as intended any more"
        typer.echo(f"{each.action_id} after {each.days} days: {held}")
    if not all(each.is_as_intended for each in found):
        raise typer.Exit(1)


@rightsizing.command()
def savings(as_json: AsJson = False) -> None:
    """Publish what actions have saved so far, against what they were estimated to."""
    from finops.pipelines import actions as pipeline

    found = pipeline.settle_savings(Settings())
    if as_json:
        rows = [
            as_json_of(each.action, "action_id", "rule", "currency")
            | as_json_of(each, "month", "days", "estimated", "realised", "added_cost")
            for each in found
        ]
        typer.echo(json.dumps({"savings": rows}, indent=2))
        return
    columns = ("month", "action", "rule", "estimated >", "realised >")
    cells = (
        (
            each.month,
            each.action.action_id,
            each.action.rule,
            _amount(each.estimated, each.action.currency),
            _amount(each.realised, each.action.currency),
        )
        for each in found
    )
    console().print(table("Savings", columns, cells))


@rightsizing.command()
def journal(
    ident: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this action.")] = None,
    verify_chain: Annotated[bool, typer.Option("--verify", help="Check that no entry was changed.")] = False,
    known: Annotated[str, typer.Option("--known", metavar="HASH", help="A hash that an entry must have.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what was decided and done, entry by entry; --verify checks the chain of hashes, exit status 1 if broken."""
    from finops.rightsizing.engine import service

    if verify_chain:
        verdict = service.verify_journal(Settings(), known)
        if as_json:
            typer.echo(json.dumps(as_json_of(verdict, "entries", "head", "fault"), indent=2))
        else:
            typer.echo(verdict.fault or f"{verdict.entries} entries hold; the last hash is {verdict.head}")
        raise typer.Exit(1 if verdict.fault else 0)
    entries = service.journal(Settings(), ident)
    if as_json:
        names = ("sequence", "at", "action_id", "kind", "content", "hash")
        typer.echo(json.dumps({"journal": [as_json_of(each, *names) for each in entries]}, indent=2))
        return
    cells = (
        (str(each.sequence), f"{each.at:%Y-%m-%d %H:%M:%S}", each.action_id, each.kind, _said(each.content))
        for each in entries
    )
    console().print(table("Journal", ("entry >", "at (UTC)", "action", "what", "content"), cells))


def _say(said: str, content: dict[str, Any], *, as_json: bool) -> None:
    typer.echo(json.dumps(content, indent=2) if as_json else said)


def _show(found: list[Result], *, as_json: bool) -> None:
    if as_json:
        rows = [as_json_of(each, "action_id", "outcome", "reason") for each in found]
        typer.echo(json.dumps({"results": rows}, indent=2))
    else:
        rows_ = [(each.action_id, each.outcome, each.reason) for each in found]
        console().print(table("Actions", ("action", "outcome", "why"), rows_))
    from finops.rightsizing.engine.applying import is_failure

    if any(map(is_failure, found)):
        raise typer.Exit(1)


def _table(title: str, found: Any) -> Any:
    columns = ("id", "status", "what", "resource", "saves a month >", "until (UTC)", "why")
    return table(title, columns, map(_cells, found))


def _cells(each: Action) -> tuple[str, ...]:
    saves = _amount(each.monthly_saving, each.currency)
    until = f"{each.expires_at:%Y-%m-%d %H:%M}" if each.status in ("planned", "approved") else ""
    return each.action_id, each.status, each.action, each.resource_id, saves, until, each.reason


def _said(content: Any) -> str:
    shown = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return shown if len(shown) <= 200 else f"{shown[:199]}…"


def _amount(amount: Decimal, currency: str) -> str:
    return f"{amount:,.2f} {currency}"


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date | datetime) else value
