"""``finops diff``: what did a month's restatements change?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, OneProvider, as_json_of, console, table
from finops.core.dimensions import ABSENT
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from finops.restatements.models import Amounts, Difference, ReplacedSnapshot
    from finops.stores.snapshots import Snapshot, SnapshotDelivery

_CENT = Decimal("0.01")
_MOMENT = "A day (its end), an ISO timestamp (UTC), or the id of a build that published the month."


@app.command()
def diff(
    billing_period: Annotated[str, typer.Option("--billing-period", metavar="YYYY-MM", help="The month.")],
    since: Annotated[
        str | None, typer.Option("--from", metavar="T1", help=f"{_MOMENT} Default: before the last snapshot.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="T2", help=f"{_MOMENT} Default: now.")] = None,
    provider: OneProvider = None,
    as_json: AsJson = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="F.csv", help="Write the changes to this file.")] = None,
) -> None:
    """Show what changed in a month by account, service, cost centre and charge category; exit 0 whatever did."""
    from finops.restatements import csv_file, service

    found = service.diff(Settings(), BillingPeriod.parse(billing_period), since, until, provider)
    if out is not None:
        csv_file.write(found, out)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2))
    else:
        _print(found, out)


def _as_json(found: Difference) -> dict[str, Any]:
    from finops.restatements.csv_file import TEXT_COLUMNS
    from finops.restatements.models import AMOUNTS

    return {
        "billing_period": str(found.billing_period),
        "replaced": [
            {
                "provider": pair.after.provider,
                "before": None if pair.before is None else _snapshot(pair.before),
                "after": _snapshot(pair.after),
                "deliveries": [
                    {"source": each.source, "before": _delivery(each.before), "after": _delivery(each.after)}
                    for each in pair.deliveries
                ],
            }
            for pair in found.replaced
        ],
        "totals": [
            as_json_of(each, "provider", "billing_currency") | as_json_of(each.amounts, *AMOUNTS)
            for each in found.totals
        ],
        "changes": [
            as_json_of(each, "provider", *TEXT_COLUMNS) | as_json_of(each.amounts, *AMOUNTS) for each in found.changes
        ],
    }


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    from finops.stores.snapshots import written

    return {"build_id": snapshot.build_id, "loaded_at": written(snapshot.published_at), "row_count": snapshot.row_count}


def _delivery(delivery: SnapshotDelivery | None) -> dict[str, Any] | None:
    from finops.stores.snapshots import written

    if delivery is None:
        return None
    rows = {"row_count": delivery.row_count}
    return {"delivery_id": delivery.delivery_id, "produced_at": written(delivery.produced_at), **rows}


def _print(found: Difference, out: Path | None) -> None:
    terminal = console(width=200)
    for pair in found.replaced:
        for line in _story(pair):
            terminal.print(line, markup=False)
    if not found.replaced:
        terminal.print(f"{found.billing_period} was not published in between.")
    elif not found.changes:
        terminal.print(f"No billed or effective cost of {found.billing_period} changed.")
    else:
        terminal.print(_totals(found))
        if out is None:
            terminal.print(_changes(found))
    if out is not None:
        terminal.print(f"Changes in {out}: {len(found.changes):,}", markup=False)


def _story(pair: ReplacedSnapshot) -> list[str]:
    """Say which snapshot, and which deliveries, took the place of which."""
    from finops.stores.snapshots import written

    after, before = pair.after, pair.before
    now = f"build {after.build_id} of {written(after.published_at)}"
    if before is None:
        lines = [f"{after.provider}: first published with {now}"]
    else:
        lines = [f"{after.provider}: build {before.build_id} of {written(before.published_at)} → {now}"]
    if before is not None and not before.deliveries:
        lines.append("  the deliveries before were not recorded: they are older than the history")
    lines += [f"  {each.source}: {_told(each.before)} → {_told(each.after)}" for each in pair.deliveries]
    if not pair.deliveries:
        lines.append("  the same deliveries, built again")
    return lines


def _told(delivery: SnapshotDelivery | None) -> str:
    from finops.stores.snapshots import written

    if delivery is None:
        return "none"
    return f"{delivery.delivery_id} written {written(delivery.produced_at)}, {delivery.row_count:,} rows"


def _totals(found: Difference) -> Table:
    rows = [((each.provider, each.billing_currency), each.amounts) for each in found.totals]
    return _table(f"The month {found.billing_period}", ("provider", "currency"), rows)


def _changes(found: Difference) -> Table:
    rows = []
    for each in found.changes:
        account, name = each.sub_account_id, each.sub_account_name
        where = (each.provider, each.billing_currency, account if name in (account, ABSENT) else f"{name} ({account})")
        rows.append(((*where, each.service_name, each.cost_center, each.charge_category), each.amounts))
    names = ("provider", "currency", "account", "service", "cost centre", "category")
    return _table(f"What changed ({len(rows):,})", names, rows)


def _table(title: str, names: tuple[str, ...], rows: Sequence[tuple[tuple[str, ...], Amounts]]) -> Table:
    from finops.restatements.models import AMOUNTS

    columns = (*names, *(f"{name.replace('_', ' ')} >" for name in AMOUNTS))
    cells = (
        (*texts, *(_figure(getattr(amounts, name), is_change=name.endswith("change")) for name in AMOUNTS))
        for texts, amounts in rows
    )
    return table(title, columns, cells)


def _figure(amount: Decimal, *, is_change: bool) -> str:
    if not is_change:
        return f"{amount:,.2f}"
    # To two decimals, a change below a cent would look like none.
    return f"{amount.normalize():+f}" if 0 < abs(amount) < _CENT else f"{amount:+,.2f}"
