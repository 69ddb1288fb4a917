"""``finops budgets``: how budgets stand, and what amounts history and forecast propose."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, as_json_of, console, table
from finops.core.errors import BadInput
from finops.core.periods import BillingPeriod, a_day
from finops.core.settings import Settings
from finops.policy.budgets import Threshold

if TYPE_CHECKING:
    from finops.budgets.mirror.models import Mirrored, Step
    from finops.budgets.models import Evaluation
    from finops.stores.state.budget_approvals import Approval
    from finops.stores.state.budget_states import BudgetState

budgets = typer.Typer(help="Budgets: how they stand, and what amounts could be.", no_args_is_help=True)
app.add_typer(budgets, name="budgets")

_APPROVAL = ("budget", "approved_by", "approved_until", "reason", "approved_at")
_LIFTED = ("budget", "period_first", "threshold", "limit_amount", "value", "changed_at")


@budgets.command()
def check(
    run_date: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="As of this day, of which nothing is known; else as of the last bill."),
    ] = None,
    budget: Annotated[
        list[str] | None, typer.Option("--budget", metavar="ID", help="Only this budget; repeatable.")
    ] = None,
    current: Annotated[
        bool, typer.Option("--current", help="Only periods that still run, not the ones that ended last.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is spent of each budget, what is expected, and the probability that it will be used up.

    Nothing is written and nobody is told. Exit status: 0 no budget is breached, 1 one is, 2 bad use or input.
    """
    from finops.budgets import service

    settings = Settings()
    found = service.evaluate_all(settings, None if run_date is None else a_day(run_date, "--run-date"))
    if budget and (unknown := sorted(set(budget) - found.ids)):
        raise BadInput(f"--budget {unknown[0]!r} is none of budgets.yml; there are {', '.join(sorted(found.ids)[:20])}")
    shown = [
        each for each in found.evaluations if (not budget or each.line.id in budget) and not (current and each.is_over)
    ]
    approved, lifted = _recorded(settings, shown)
    if as_json:
        listed = [_as_json(each, found.others.get(each.line.id, ())) for each in shown]
        says = {"run_date": str(found.run_date), "budgets": listed, "warnings": list(found.warnings)}
        noted = {"approvals": [as_json_of(each, *_APPROVAL) for each in approved]}
        noted["lifted"] = [as_json_of(each, *_LIFTED) for each in lifted]
        typer.echo(json.dumps({**says, **noted}, indent=2))
    else:
        _print(shown, str(found.run_date))
        _print_recorded(shown, approved, lifted)
        for each in found.warnings:
            typer.echo(f"warning: {each}", err=True)
    if any(each.is_missed for each in shown):
        raise typer.Exit(1)


@budgets.command()
def plan(
    by: Annotated[str, typer.Option(metavar="DIMENSION", help="A budget for each value of it.")] = "cost_center",
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="YYYY-MM", help="First month; else the one after the last published."),
    ] = None,
    months: Annotated[int, typer.Option(min=1, max=60, help="How many months.")] = 12,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the proposal there, as YAML.")] = None,
    as_json: AsJson = False,
) -> None:
    """Propose an amount per month from whole months, the last 28 days and their growth; write it only with --out."""
    from finops.budgets import plan as planning
    from finops.core.atomic import write_whole
    from finops.stores import published

    settings = Settings()
    proposed = planning.propose(settings, by)
    begin = BillingPeriod.parse(first) if first else published.latest(settings).billing_periods[-1].next
    end = begin
    for _ in range(months - 1):
        end = end.next
    if out is not None:
        try:
            write_whole(out, planning.as_yaml(proposed, by, str(begin), str(end)))
        except OSError as error:
            raise BadInput(f"--out {out} cannot be written ({error.strerror}); name another file") from None
    if as_json:
        listed = [
            {
                by: each.value,
                "currency": each.currency,
                "amount": f"{each.amount:f}",
                "mean": f"{each.mean:f}",
                "run_rate": f"{each.run_rate:f}",
                "growth": each.growth,
                "margin": each.margin,
                "months": each.months,
            }
            for each in proposed
        ]
        typer.echo(json.dumps({"from": str(begin), "to": str(end), "budgets": listed}, indent=2))
        return
    rows = [
        (
            each.value,
            f"{each.amount:,f} {each.currency}",
            f"{each.mean:,f}",
            f"{each.run_rate:,f}",
            f"{each.growth:.1%}",
            f"{each.margin:.1%}",
            str(each.months),
        )
        for each in proposed
    ]
    columns = (by, "per month >", "mean month >", "run-rate >", "growth >", "margin >", "months >")
    console().print(table(f"Proposed budgets, {begin} to {end}", columns, rows))
    if out is not None:
        typer.echo(f"written to {out}; look at it, then put what you keep into budgets.yml")


@budgets.command()
def mirror(
    name: Annotated[list[str] | None, typer.Option("--mirror", metavar="NAME", help="Only it; repeatable.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this nothing is changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what AWS, Azure and Google Cloud have as budgets, and what would make them those of budgets.yml.

    Budgets of others are read and never touched. Exit status: 0 done or shown, 1 a cloud failed, 2 bad use or input.
    """
    from finops.pipelines import budgets as pipeline

    found = pipeline.mirror(Settings(), name or (), apply=apply)
    if as_json:
        typer.echo(json.dumps({"applied": apply, "mirrors": [_mirror_as_json(each) for each in found]}, indent=2))
    elif not found:
        typer.echo("budgets.yml names no mirrors; docs/features/budgets.md says how")
    else:
        for each in found:
            _print_mirror(each, apply=apply)
    if any(each.has_failed for each in found):
        raise typer.Exit(1)


def _print_mirror(mirrored: Mirrored, *, apply: bool) -> None:
    def cells(step: Step) -> tuple[str, ...]:
        told = _figures(step)
        done = (
            "" if not apply or step.what not in ("create", "update", "remove") else "failed" if step.fault else "done"
        )
        amounts = (_with_currency(told[key], told["currency"]) for key in ("amount", "actual", "forecast"))
        return (step.what, done, step.budget, step.name, *amounts, step.fault or step.why)

    mirror = mirrored.mirror
    if mirrored.steps:
        columns = ("what", "", "budget", "there", "amount >", "spent there >", "forecast there >", "why")
        title = f"{mirror.name}: {mirror.provider} {mirror.scope}{'' if apply else ' (nothing is changed)'}"
        console().print(table(title, columns, map(cells, mirrored.steps)))
    if mirrored.fault:
        typer.echo(f"error: {mirrored.fault}", err=True)


def _figures(step: Step) -> dict[str, Any]:
    """Return the amount that is there or shall be, and what the cloud says is spent and expected."""
    there, terms = step.found, step.wanted.terms if step.wanted else None
    return {
        "amount": terms.amount if terms else there.amount if there else None,
        "currency": terms.currency if terms else there.currency if there else "",
        "actual": there.actual if there else None,
        "forecast": there.forecast if there else None,
    }


def _with_currency(amount: Any, currency: str) -> str:
    return "" if amount is None else f"{amount:,.2f} {currency}".strip()


def _mirror_as_json(mirrored: Mirrored) -> dict[str, Any]:
    def of(step: Step) -> dict[str, Any]:
        figures = {key: f"{value:f}" if isinstance(value, Decimal) else value for key, value in _figures(step).items()}
        said = {"what": step.what.value, "budget": step.budget, "name": step.name}
        return said | figures | {"why": step.why, "fault": step.fault}

    mirror = mirrored.mirror
    head = {"name": mirror.name, "provider": mirror.provider, "scope": mirror.scope, "fault": mirrored.fault}
    return head | {"budgets": [of(each) for each in mirrored.steps]}


def _print(shown: list[Evaluation], run_date: str) -> None:
    from finops.budgets import states, told

    def cells(now: Evaluation) -> tuple[str, ...]:
        line = now.line
        reached = [str(each) for each in sorted(line.thresholds, key=states.rank) if now.has_reached(each)]
        return (
            f"{'  ' * line.depth}{line.id}",
            told.period(line, now.span),
            told.amount(line, now.limit),
            told.amount(line, now.actual),
            told.percent(told.used(now)),
            told.amount(line, now.forecast),
            told.percent(now.probability),
            "" if now.days_until_breach is None else str(now.days_until_breach),
            now.standing.value,
            reached[-1] if reached else "",
        )

    columns = (
        "budget",
        "period",
        "limit >",
        "spent >",
        "used >",
        "forecast >",
        "breach >",
        "days >",
        "state",
        "worst reached",
    )
    console().print(table(f"Budgets as of {run_date}", columns, map(cells, shown)))
    if not shown:
        typer.echo("no budget has a period then; budgets.yml says which there are")


def _recorded(settings: Settings, shown: list[Evaluation]) -> tuple[list[Approval], list[BudgetState]]:
    """Return the approvals that hold today, and the breaches that were lifted, of what is shown."""
    from finops.budgets import service
    from finops.budgets.gate.service import approvals
    from finops.stores.state.store import is_begun, open_state

    if not is_begun(settings):
        return [], []
    ids = {each.line.id for each in shown}
    approved = [each for name, each in sorted(approvals(settings).items()) if name in ids]
    with open_state(settings).connect() as connection:
        return approved, service.lifted(connection, shown)


def _print_recorded(shown: list[Evaluation], approved: list[Approval], lifted: list[BudgetState]) -> None:
    from finops.budgets import told

    for approval in approved:
        who = f"approved by {approval.approved_by} until {approval.approved_until}"
        typer.echo(f"{approval.budget}: jobs may start, {who}: {approval.reason}")
    by_period = {(each.line.id, each.span.first): each for each in shown}
    for state in lifted:
        now = by_period[state.budget, state.period_first]
        was, cause = Threshold.parse(state.threshold), told.cause(now, state)
        typer.echo(f"{state.budget}, {told.period(now.line, now.span)}: no longer at {told.threshold(was)}. {cause}")


def _as_json(now: Evaluation, others: tuple[str, ...]) -> dict[str, Any]:
    from finops.budgets.rows import of_budget

    return {
        name: None if value is None else value if isinstance(value, str | int | float) else _text(value)
        for name, value in of_budget(now, others).items()
    }


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else f"{value:f}"
