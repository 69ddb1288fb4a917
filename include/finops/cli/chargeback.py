"""``finops chargeback``: statements per cost centre and for the whole company."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli import app
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.chargeback.models import Statement, StatementSet

chargeback = typer.Typer(help="Statements of what each cost centre is charged.", no_args_is_help=True)
app.add_typer(chargeback, name="chargeback")


@chargeback.callback()
def _group() -> None:
    """Statements of what each cost centre is charged."""


@chargeback.command()
def publish(
    billing_period: Annotated[str, typer.Option(help="The month, as YYYY-MM.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write to; FINOPS_HOME/statements.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print totals and files as JSON.")] = False,
) -> None:
    """Write HTML, XLSX, CSV and PDF statements of a published month, per cost centre and for the whole company."""
    from finops.chargeback import service

    done = service.publish(Settings(), BillingPeriod.parse(billing_period), out)
    typer.echo(_as_json(done) if as_json else _as_text(done))


def _as_json(done: StatementSet) -> str:
    from finops.chargeback import service

    content = {
        "path": str(done.path),
        "billing_period": str(done.billing_period),
        "build_id": done.build_id,
        "statements": service.summary(done.statements),
        "files": [{"path": each.path, "sha256": each.sha256, "size": each.size} for each in done.files],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _as_text(done: StatementSet) -> str:
    company, *others = done.statements
    lines = [f"Statements of {done.billing_period}, effective (charged) and billed cost, from build {done.build_id}"]
    lines += [line for each in others for line in _totals(each)]
    lines += [line for line in _not_allocated(company)]
    lines += _totals(company)
    return "\n".join([*lines, f"Open {done.path / 'index.html'}"])


def _totals(statement: Statement) -> list[str]:
    from finops.chargeback import wording

    who = "whole company" if statement.cost_center is None else wording.name(statement.cost_center)
    return [
        _row(who, wording.money(s.total.effective, s.digits), wording.money(s.total.billed, s.digits), s.currency)
        for s in statement.sections
    ]


def _not_allocated(company: Statement) -> list[str]:
    from finops.chargeback import wording

    return [
        _row(
            "not allocated",
            wording.money(s.unallocated.shown.effective, s.digits),
            wording.money(s.unallocated.shown.billed, s.digits),
            s.currency,
        )
        for s in company.sections
        if s.unallocated is not None
    ]


def _row(who: str, effective: str, billed: str, currency: str) -> str:
    return f"  {who:<28} {effective:>18} {billed:>18} {currency}"
