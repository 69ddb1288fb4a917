"""``finops allocation``: who pays for shared cost, before a build and after."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli import app
from finops.cli.terminal import as_json_of, console, table
from finops.core.entry_kinds import MEANINGS
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from finops.transform.allocated import AllocatedCost
    from finops.transform.allocation_trial import Allocation, Trial

allocation = typer.Typer(help="Who pays for what is shared.", no_args_is_help=True)
app.add_typer(allocation, name="allocation")

_SHOWN = 4
"""Receivers of an allocation that a table has room for."""


@allocation.command()
def check(
    billing_period: Annotated[
        list[str] | None,
        typer.Option(metavar="YYYY-MM", help="A published month to try the rules on; repeatable. Default: the newest."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the allocations as JSON.")] = False,
) -> None:
    """Check allocation.yml, and show what it would allocate of published months; exit 1 where the gate would fail."""
    from finops.transform import allocation_trial

    trial = allocation_trial.check(Settings(), [BillingPeriod.parse(text) for text in billing_period or []])
    if trial is None:
        nothing = json.dumps({"build_id": None, "moves": []})
        typer.echo(nothing if as_json else "The rules are valid; no month is published.")
        return
    findings = allocation_trial.findings(trial)
    if as_json:
        typer.echo(json.dumps(_trial_as_json(trial), indent=2, ensure_ascii=False))
    else:
        console().print(_moves(trial))
        for finding in findings:
            typer.echo(finding.text)
    if any(finding.is_refused for finding in findings):
        raise typer.Exit(1)


@allocation.command()
def explain(
    billing_period: Annotated[str, typer.Option(metavar="YYYY-MM", help="The month.")],
    cost_center: Annotated[str | None, typer.Option(help="Only this cost centre.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the entries as JSON.")] = False,
) -> None:
    """Show the cost of each cost centre in a published month: its own, and what each rule allocated to it or out."""
    from finops.transform import allocated

    entries = allocated.explain(Settings(), BillingPeriod.parse(billing_period), cost_center)
    if as_json:
        names = allocated.AllocatedCost.__slots__
        typer.echo(json.dumps([as_json_of(entry, *names) for entry in entries], indent=2, ensure_ascii=False))
    else:
        console().print(_entries(entries, billing_period))


def _trial_as_json(trial: Trial) -> dict[str, object]:
    of_rule = ("rule_id", "rule_version", "billing_period", "provider", "billing_currency")
    names = (*of_rule, "effective_cost", "is_divided")
    return {
        "build_id": trial.build_id,
        "billing_periods": list(trial.billing_periods),
        "moves": [
            {**as_json_of(move, *names), "parts": [as_json_of(part, *part.__slots__) for part in move.parts]}
            for move in trial.moves
        ],
        "unmatched": [{"rule_id": rule, "billing_period": period} for rule, period in trial.unmatched],
    }


def _moves(trial: Trial) -> Table:
    rows = []
    for move in trial.moves:
        names = (move.billing_period, f"{move.rule_id} v{move.rule_version}", move.provider, move.billing_currency)
        given = ", ".join(part.cost_center for part in move.senders[:_SHOWN]) + _more(len(move.senders))
        rows.append((*names, given, _receivers(move), f"{move.effective_cost:,.2f}"))
    title = f"What allocation.yml allocates of build {trial.build_id}, effective cost"
    return table(title, ("period", "rule", "provider", "currency", "from", "to", "moved >"), rows)


def _receivers(move: Allocation) -> str:
    if not move.is_divided:
        return "nobody: nothing to divide by, it stays"
    shown = [f"{part.cost_center} {part.effective_cost:,.2f}" for part in move.receivers[:_SHOWN]]
    return ", ".join(shown) + _more(len(move.receivers))


def _more(count: int) -> str:
    return f" and {count - _SHOWN} more" if count > _SHOWN else ""


def _entries(entries: list[AllocatedCost], period: str) -> Table:
    from itertools import groupby

    from rich.markup import escape

    texts, numbers = "cost centre,currency,provider,entry,rule,counterpart", "share >,effective cost >,billed cost >"
    found = table(f"What each cost centre is charged in {period}", f"{texts},{numbers}".split(","))
    for (center, currency), group in groupby(entries, key=lambda e: (e.cost_center, e.billing_currency)):
        effective = billed = Decimal(0)
        for each in group:
            effective, billed = effective + each.effective_cost, billed + each.billed_cost
            rule = "" if each.entry_kind == "direct" else f"{each.rule_id} v{each.rule_version}"
            names = (center, currency, each.provider, MEANINGS[each.entry_kind], rule, each.counterpart if rule else "")
            share = "" if each.share is None else f"{each.share:.2%}"
            found.add_row(*map(escape, names), share, f"{each.effective_cost:,.2f}", f"{each.billed_cost:,.2f}")
        total = (escape(center), currency, "", "total", "", "", "", f"{effective:,.2f}", f"{billed:,.2f}")
        found.add_row(*total, style="bold")
        found.add_section()
    return found
