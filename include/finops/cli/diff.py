"""``finops diff``: what did a month's restatements change?"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.cli import app
from finops.core.dimensions import ABSENT
from finops.core.formats import Provider
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from finops.restatements.models import Amounts, Difference, ReplacedLoad
    from finops.stores.snapshots import Load, LoadedDelivery

_WIDTH = 200
_CENT = Decimal("0.01")
_MOMENT = "A day (its end), an ISO timestamp (UTC), or the id of a build that loaded the month."


@app.command()
def diff(
    billing_period: Annotated[str, typer.Option("--billing-period", metavar="YYYY-MM", help="The month.")],
    since: Annotated[
        str | None, typer.Option("--from", metavar="T1", help=f"{_MOMENT} Default: before the last load.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="T2", help=f"{_MOMENT} Default: now.")] = None,
    provider: Annotated[Provider | None, typer.Option("--provider", help="Only this provider's charges.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
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
    return {
        "billing_period": str(found.billing_period),
        "replaced": [
            {
                "provider": pair.after.provider,
                "before": None if pair.before is None else _load(pair.before),
                "after": _load(pair.after),
                "deliveries": [
                    {
                        "source": each.source,
                        "before": None if each.before is None else _delivery(each.before),
                        "after": None if each.after is None else _delivery(each.after),
                    }
                    for each in pair.deliveries
                ],
            }
            for pair in found.replaced
        ],
        "totals": [
            {"provider": each.provider, "billing_currency": each.billing_currency, **_amounts(each.amounts)}
            for each in found.totals
        ],
        "changes": [
            {
                "provider": each.provider,
                "billing_currency": each.billing_currency,
                "sub_account_id": each.sub_account_id,
                "sub_account_name": each.sub_account_name,
                "service_name": each.service_name,
                "cost_center": each.cost_center,
                "charge_category": each.charge_category,
                **_amounts(each.amounts),
            }
            for each in found.changes
        ],
    }


def _load(load: Load) -> dict[str, Any]:
    from finops.stores.snapshots import written

    return {"build_id": load.build_id, "loaded_at": written(load.loaded_at), "row_count": load.row_count}


def _delivery(delivery: LoadedDelivery) -> dict[str, Any]:
    from finops.stores.snapshots import written

    return {
        "delivery_id": delivery.delivery_id,
        "produced_at": written(delivery.produced_at),
        "row_count": delivery.row_count,
    }


def _amounts(amounts: Amounts) -> dict[str, str]:
    from finops.restatements.models import AMOUNTS

    return {name: format(getattr(amounts, name), "f") for name in AMOUNTS}


def _print(found: Difference, out: Path | None) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    for pair in found.replaced:
        for line in _story(pair):
            console.print(line, markup=False)
    if not found.replaced:
        console.print(f"{found.billing_period} was not loaded in between.")
    elif not found.changes:
        console.print(f"No billed or effective cost of {found.billing_period} changed.")
    else:
        console.print(_totals(found))
        if out is None:
            console.print(_changes(found))
    if out is not None:
        console.print(f"Changes in {out}: {len(found.changes):,}", markup=False)


def _story(pair: ReplacedLoad) -> list[str]:
    """Say which load, and which deliveries, took the place of which."""
    from finops.stores.snapshots import written

    after, before = pair.after, pair.before
    now = f"build {after.build_id} of {written(after.loaded_at)}"
    if before is None:
        lines = [f"{after.provider}: first loaded with {now}"]
    else:
        lines = [f"{after.provider}: build {before.build_id} of {written(before.loaded_at)} → {now}"]
    if before is not None and not before.deliveries:
        lines.append("  the deliveries before were not noted: they are older than the history of loads")
    lines += [f"  {each.source}: {_told(each.before)} → {_told(each.after)}" for each in pair.deliveries]
    if not pair.deliveries:
        lines.append("  the same deliveries, built again")
    return lines


def _told(delivery: LoadedDelivery | None) -> str:
    from finops.stores.snapshots import written

    if delivery is None:
        return "none"
    return f"{delivery.delivery_id} written {written(delivery.produced_at)}, {delivery.row_count:,} rows"


def _totals(found: Difference) -> Table:
    rows = [((each.provider, each.billing_currency), each.amounts) for each in found.totals]
    return _table(f"The month {found.billing_period}", ("provider", "currency"), rows)


def _changes(found: Difference) -> Table:
    rows = [
        (
            (
                each.provider,
                each.billing_currency,
                _account(each.sub_account_id, each.sub_account_name),
                each.service_name,
                each.cost_center,
                each.charge_category,
            ),
            each.amounts,
        )
        for each in found.changes
    ]
    names = ("provider", "currency", "account", "service", "cost centre", "category")
    return _table(f"What changed ({len(rows):,})", names, rows)


def _account(identity: str, name: str) -> str:
    return identity if name in (identity, ABSENT) else f"{name} ({identity})"


def _table(title: str, names: tuple[str, ...], rows: Sequence[tuple[tuple[str, ...], Amounts]]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    from finops.restatements.models import AMOUNTS

    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name, overflow="fold")
    for name in AMOUNTS:
        table.add_column(name.replace("_", " "), justify="right")
    for texts, amounts in rows:
        figures = [_figure(getattr(amounts, name), is_change=name.endswith("change")) for name in AMOUNTS]
        table.add_row(*map(escape, texts), *figures)
    return table


def _figure(amount: Decimal, *, is_change: bool) -> str:
    if not is_change:
        return f"{amount:,.2f}"
    # To two decimals, a change below a cent would look like none.
    return f"{amount.normalize():+f}" if 0 < abs(amount) < _CENT else f"{amount:+,.2f}"
