"""``finops chargeback journal``: a month's chargeback as double entries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.chargeback import chargeback
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.chargeback.journal.models import Journal


@chargeback.command()
def journal(
    billing_period: Annotated[str, typer.Option(help="The month, as YYYY-MM.")],
    out: Annotated[Path, typer.Option(help="File to write, .csv or .xlsx.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print totals and the file as JSON.")] = False,
) -> None:
    """Write balanced entries for the general ledger; accounts are those of gl_accounts.yml."""
    from finops.chargeback.journal import service

    done = service.write(Settings(), BillingPeriod.parse(billing_period), out)
    typer.echo(_as_json(done) if as_json else _as_text(done))


def _as_json(done: Journal) -> str:
    content = {
        "path": str(done.path),
        "sha256": done.sha256,
        "billing_period": str(done.billing_period),
        "build_id": done.build_id,
        "entries": len(done.entries),
        "totals": [
            {"currency": currency, "debit": f"{debit:f}", "credit": f"{credit:f}"}
            for currency, (debit, credit) in done.totals.items()
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _as_text(done: Journal) -> str:
    lines = [f"Journal of {done.billing_period} from build {done.build_id}: {len(done.entries)} entries"]
    for currency, (debit, credit) in done.totals.items():
        lines.append(f"  debit {debit:>22,} credit {credit:>22,} {currency}")
    return "\n".join([*lines, f"Written to {done.path}"])
