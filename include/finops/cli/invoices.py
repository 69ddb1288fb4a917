"""``finops invoices``: what the bills say of each invoice, against the invoice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, Months, as_json_of, console, table
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from decimal import Decimal

    from rich.table import Table

    from finops.chargeback.invoices.models import Comparison, InvoiceCheck

invoices = typer.Typer(help="Tie the bills to the invoices.", no_args_is_help=True)
app.add_typer(invoices, name="invoices")


@invoices.command()
def check(billing_period: Months = None, as_json: AsJson = False) -> None:
    """Compare billed cost with the invoices in invoices.yml; exit 1 on an unexplained cent that nobody signed for."""
    from finops.chargeback import service

    found = service.check_invoices(Settings(), [BillingPeriod.parse(text) for text in billing_period or []])
    for warning in found.warnings:
        typer.echo(f"finops: warning: {warning}", err=True)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
    else:
        _print(found)
    if found.open:
        raise typer.Exit(1)


@invoices.command("sign-off")
def sign_off(
    billing_period: Annotated[str, typer.Option(metavar="YYYY-MM", help="The month.")],
    invoice_id: Annotated[str, typer.Option(help="The invoice, or its billing account where it has no id.")],
    by: Annotated[str, typer.Option(help="Who answers for the difference.")],
    reason: Annotated[str, typer.Option(help="Why it is accepted.")],
    currency: Annotated[str | None, typer.Option(help="Where invoices of two currencies share the name.")] = None,
) -> None:
    """Record who answers for what is unexplained of an invoice; another amount later is not covered by it."""
    from finops.chargeback import service

    done = service.sign_off(
        Settings(), BillingPeriod.parse(billing_period), invoice_id, by=by, reason=reason, currency=currency
    )
    typer.echo(
        f"{done.residue.unexplained:f} {done.currency} of invoice {done.invoice} of {done.billing_period} "
        f"is signed off by {' '.join(by.split())}"
    )


def _as_json(found: InvoiceCheck) -> dict[str, object]:
    return {
        "build_id": found.build_id,
        "is_tied": not found.open,
        "warnings": list(found.warnings),
        "invoices": [_line(each) for each in found.comparisons],
    }


def _line(each: Comparison) -> dict[str, object]:
    given, signed = each.given, each.sign_off
    return {
        **as_json_of(each, "billing_period", "provider", "issuer", "invoice"),
        "billing_accounts": sorted({row.billing_account_id for row in each.billed}),
        "billing_currency": each.currency,
        **as_json_of(each, "status", "billed_cost"),
        "invoice_total": None if given is None else f"{given.total:f}",
        "residue": as_json_of(each.residue, *each.residue.__slots__),
        "signed_off": None if signed is None else {"by": signed.signed_by, "reason": signed.reason},
    }


def _print(found: InvoiceCheck) -> None:
    out = console(width=180)
    out.print(_table(found))
    for each in found.open:
        out.print(f"[red]{each.complaint}[/red]", soft_wrap=True)
    counts = {s: sum(e.status == s for e in found.comparisons) for s in ("ties", "signed off", "not given")}
    words = [f"{counts['ties']} tie to the cent", f"{counts['not given']} not given"]
    words += [f"{counts['signed off']} signed off"] if counts["signed off"] else []
    words += [f"{len(found.open)} with an unexplained difference"] if found.open else []
    out.print(f"{len(found.comparisons)} invoices: {', '.join(words)}.")


def _table(found: InvoiceCheck) -> Table:
    texts = "period,provider,issuer,invoice,cur."
    numbers = "billed >,invoice total >,tax >,credit >,rounding >,unexplained >"
    rows = []
    for each in found.comparisons:
        residue = each.residue
        parts = (residue.tax, residue.credit, residue.rounding, residue.unexplained)
        amounts = ["" if each.given is None else _amount(part) for part in parts]
        total = "" if each.given is None else f"{each.given.total:,}"
        names = (str(each.billing_period), each.provider, each.issuer, each.invoice, each.currency)
        rows.append((*names, f"{each.billed_cost:,.2f}", total, *amounts, each.status))
    return table(f"Invoices and what is billed, build {found.build_id}", f"{texts},{numbers},".split(","), rows)


def _amount(value: Decimal) -> str:
    return "0" if value == 0 else f"{value.normalize():,f}"
