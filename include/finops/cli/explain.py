"""``finops chargeback explain``: the charges of the bills behind one line of a statement."""

from __future__ import annotations

import csv
import json
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli.chargeback import chargeback
from finops.cli.terminal import as_json_of
from finops.core.entry_kinds import MEANINGS
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.core.spreadsheet import neutralise

if TYPE_CHECKING:
    from finops.chargeback.explain.models import Explanation

_MOST = 40


@chargeback.command()
def explain(
    statement: Annotated[str, typer.Argument(help="Month and folder of the statement: 2025-07/cc-1001.")],
    line: Annotated[str, typer.Argument(help="The line's id, as in statement.csv and shared.csv.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print every charge as CSV.")] = False,
) -> None:
    """List the charges, or the quantity at its price, that a line of a published statement is made of."""
    from finops.chargeback import service

    if as_json and as_csv:
        raise BadInput("--json and --csv exclude each other; give one of them")
    found = service.explain(Settings(), statement, line)
    if as_csv:
        _write_csv(found)
    else:
        typer.echo(_as_json(found) if as_json else _as_text(found))


def _cells(found: Explanation) -> list[dict[str, str]]:
    return [
        {
            "what": each.what,
            **{name: _plain(value) for name, value in each.row.items()},
            "effective_part": f"{each.effective_part:f}",
            "billed_part": f"{each.billed_part:f}",
        }
        for each in found.sources
    ]


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _write_csv(found: Explanation) -> None:
    rows = _cells(found)
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(sys.stdout, names, restval="")
    writer.writeheader()
    numbers = {name for name in names if name.endswith(("_cost", "_part")) or name == "quantity"}
    for row in rows:
        writer.writerow({name: text if name in numbers else neutralise(text) for name, text in row.items()})


def _as_json(found: Explanation) -> str:
    content = {
        **as_json_of(found, "statement", "line_id", "rule_id", "rule_version", "source_digest", "build_id"),
        "billing_currency": found.currency,
        **as_json_of(found, "factor", "effective_cost", "billed_cost", "effective_rest", "billed_rest"),
        "sources": _cells(found),
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _measured(row: dict[str, Any]) -> str:
    return f"{row['quantity'].normalize():f} {row['unit']}" if "quantity" in row else ""


def _as_text(found: Explanation) -> str:
    sources = "source" if len(found.sources) == 1 else "sources"
    rule = "direct cost" if found.rule_id == "direct" else f"rule {found.rule_id}, version {found.rule_version}"
    lines = [
        f"Line {found.line_id} of {found.statement}: {rule}, from build {found.build_id}",
        f"  {len(found.sources):,} {sources}, each × {found.factor.normalize():f}, digest {found.source_digest[:16]}",
        f"  {'effective':>22} {'billed':>22}",
    ]
    largest = sorted(found.sources, key=lambda each: -abs(each.effective_part))
    for each in largest[:_MOST]:
        named = filter(None, map(each.row.get, ("resource_id", "service_name", "rule_id")))
        name = next(named, None) or _measured(each.row)
        when = each.row.get("charge_period_start") or MEANINGS.get(each.row.get("entry_kind", ""), "")
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in f"{when}  {name}")[:80]
        lines.append(f"  {each.effective_part:>22.12f} {each.billed_part:>22.12f}  {text}")
    if len(largest) > _MOST:
        lines.append(f"  and {len(largest) - _MOST:,} more; --csv and --json list all")
    if found.effective_rest or found.billed_rest:
        lines.append(f"  {found.effective_rest:>22.12f} {found.billed_rest:>22.12f}  what rounding of the shares left")
    lines.append(f"  {found.effective_cost:>22.12f} {found.billed_cost:>22.12f}  {found.currency}, the line")
    return "\n".join(lines)
