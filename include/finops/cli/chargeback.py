"""``finops chargeback``: statements per cost centre and for the whole company."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli import app
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.chargeback.publish.models import StatementSet
    from finops.chargeback.service import CloseReport
    from finops.chargeback.statement.models import Section

chargeback = typer.Typer(help="Statements of what each cost centre is charged.", no_args_is_help=True)
app.add_typer(chargeback, name="chargeback")


@chargeback.command()
def publish(
    billing_period: Annotated[str, typer.Option(help="The month, as YYYY-MM.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write to; FINOPS_HOME/statements.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print totals and files as JSON.")] = False,
) -> None:
    """Write HTML, XLSX, CSV and PDF statements of a published month; a closed month's stay as they are."""
    from finops.chargeback import service

    done = service.publish(Settings(), BillingPeriod.parse(billing_period), out)
    typer.echo(json.dumps(_content(done), indent=2, ensure_ascii=False) if as_json else _as_text(done))


@chargeback.command()
def close(
    billing_period: Annotated[str, typer.Option(help="The month, as YYYY-MM.")],
    by: Annotated[str, typer.Option(help="Who closes it; stands on the statements.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what closing would do.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Make a month's statements final, for good; refused while the books or an invoice do not tie out."""
    from finops.chargeback import service

    report = service.close(Settings(), BillingPeriod.parse(billing_period), by, dry_run=dry_run)
    for warning in report.warnings:
        typer.echo(f"finops: warning: {warning}", err=True)
    typer.echo(_report_as_json(report) if as_json else _report_as_text(report))


def _report_as_json(report: CloseReport) -> str:
    content = {
        "billing_period": str(report.billing_period),
        "build_id": report.build_id,
        "is_closed": report.files is not None,
        "tied_invoices": report.tied_invoices,
        "signed_off_invoices": report.signed_off,
        "invoices_not_given": list(report.not_given),
        "open_before": [str(period) for period in report.open_before],
        "adjustments": report.adjustments,
        "files": None if report.files is None else _content(report.files),
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _report_as_text(report: CloseReport) -> str:
    period, files = report.billing_period, report.files
    signed = f", {report.signed_off} signed off" if report.signed_off else ""
    lines = [f"Every stage of {period} is equal; {report.tied_invoices} invoices tie to the cent{signed}"]
    if report.not_given:
        lines.append(f"No invoice was entered for {', '.join(report.not_given)}")
    if report.adjustments:
        lines.append(f"Its statements carry {report.adjustments} adjustments to closed months")
    if report.open_before:
        lines.append(f"Still open before it: {', '.join(map(str, report.open_before))}")
    if files is None:
        return "\n".join([*lines, f"{period} can be closed; nothing was written"])
    return "\n".join([*lines, f"{period} is closed: final statements in {files.path}, digest {files.digest[:12]}"])


def _content(done: StatementSet) -> dict[str, object]:
    return {
        "path": str(done.path),
        "billing_period": str(done.billing_period),
        "build_id": done.build_id,
        "status": done.status,
        "digest": done.digest,
        "statements": list(done.totals),
        "files": [*map(asdict, done.files)],
    }


def _as_text(done: StatementSet) -> str:
    from finops.chargeback.statement.sections import total_charged

    if done.notice:
        return f"{done.notice} ({done.path / 'index.html'})"
    company, *others = done.statements
    lines = [
        f"Statements of {done.billing_period} from build {done.build_id}",
        f"  {'':<34} {'total charged':>18} {'direct cost':>18} {'billed cost':>18}",
    ]
    for each in others:
        lines += [_row(each.label_of(str(each.cost_center)), *_amounts(section), section) for section in each.sections]
    for section in company.sections:
        if (loose := total_charged.not_allocated(section)) != (0, None, None) or section.unallocated:
            billed = section.unallocated.shown.billed if section.unallocated else 0
            lines.append(_row("not allocated", loose.total, loose.direct, billed, section))
    lines += [_row("whole company", *_amounts(section), section) for section in company.sections]
    return "\n".join([*lines, f"Open {done.path / 'index.html'}"])


def _amounts(section: Section) -> tuple[int, int, int]:
    """Return total charged, direct and billed cost in smallest units."""
    return section.total_charged, section.total.effective, section.total.billed


def _row(who: str, charged: int, direct: int, billed: int, section: Section) -> str:
    from finops.pages import wording

    amounts = (f"{wording.money(units, section.digits):>18}" for units in (charged, direct, billed))
    return f"  {wording.name(who):<34} {' '.join(amounts)} {section.currency}"
