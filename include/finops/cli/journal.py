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
    from finops.chargeback.journal.models import Journal, Totals


@chargeback.command()
def journal(
    billing_period: Annotated[str, typer.Option(help="The month, as YYYY-MM.")],
    out: Annotated[Path, typer.Option(help="File to write, .csv or .xlsx.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print totals and the file as JSON.")] = False,
) -> None:
    """Write balanced entries for the general ledger; accounts are those of gl_accounts.yml."""
    from finops.chargeback import service

    done = service.write_journal(Settings(), BillingPeriod.parse(billing_period), out)
    typer.echo(_as_json(done) if as_json else _as_text(done))


def _as_json(done: Journal) -> str:
    from finops.chargeback.journal.models import totals_of

    content = {
        "path": str(done.path),
        "sha256": done.sha256,
        "billing_period": str(done.billing_period),
        "build_id": done.build_id,
        "entries": len(done.entries),
        "totals": _listed(done.totals),
        "kinds": [
            {
                "kind": what,
                "documents": sorted({entry.document for entry in entries}),
                "entries": len(entries),
                "totals": _listed(totals_of(entries)),
            }
            for what, entries in done.by_kind.items()
        ],
        "notices": list(done.notices),
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _listed(totals: Totals) -> list[dict[str, str]]:
    found = ((currency, *amounts) for currency, amounts in totals.items())
    return [{"currency": currency, "debit": f"{debit:f}", "credit": f"{credit:f}"} for currency, debit, credit in found]


def _as_text(done: Journal) -> str:
    from finops.chargeback.journal.models import totals_of

    lines = [f"Journal of {done.billing_period} from build {done.build_id}: {len(done.entries)} entries"]
    shown = [(what, totals_of(entries)) for what, entries in done.by_kind.items()]
    for what, totals in (*shown, *([("together", done.totals)] if len(shown) > 1 else [])):
        for currency, (debit, credit) in totals.items():
            lines.append(f"  {what:<12} debit {debit:>22,} credit {credit:>22,} {currency}")
    return "\n".join([*lines, *done.notices, f"Written to {done.path}"])
