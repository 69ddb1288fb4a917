"""``finops status``: what has landed, what waits, what was built and published."""

from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, console, table
from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table
    from sqlalchemy import Connection

    from finops.stores.state.ledger import Delivery
    from finops.stores.state.rejections import Rejection


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show current deliveries, what waits or was refused, pending builds, closed months, the last publication."""
    from finops.stores.state.store import open_state

    settings = Settings()
    with open_state(settings).begin() as connection:
        found = _collect(connection)
    found["published"] = _published(settings)
    found["resolved_by_another_policy"] = _outdated(settings)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    out = console()
    for each in _tables(found):
        out.print(each if each.row_count else f"{each.title}: none")
    published = found["published"]
    out.print(f"Published: {published['build_id']} at {published['path']}" if published else "Nothing is published.")
    outdated = found["resolved_by_another_policy"]
    if outdated:
        out.print(
            f"Tags resolved by another policy than the present one: {', '.join(outdated)}; "
            "`finops build --billing-period YYYY-MM` resolves a month again"
        )


def _collect(connection: Connection) -> dict[str, Any]:
    from finops.stores.state import builds, closing, period_inputs, rejections

    return {
        "deliveries": _deliveries(connection),
        "not_taken": [
            {**_period_of(each), "outcome": each.outcome, "since": each.since.isoformat(), "reason": each.reason}
            for each in rejections.standing(connection)
        ],
        "pending": [
            {
                "provider": each.provider,
                "billing_period": str(each.billing_period),
                "waits_for": f"its {each.missing_half} export" if each.missing_half else None,
            }
            for each in period_inputs.pending(connection)
        ],
        "builds": [
            {
                **asdict(each),
                "started_at": each.started_at.isoformat(),
                "finished_at": each.finished_at.isoformat() if each.finished_at else None,
            }
            for each in builds.builds(connection)
        ],
        "closed": [
            {
                "billing_period": str(each.billing_period),
                "closed_at": each.closed_at.isoformat(),
                "closed_by": each.closed_by,
                "build_id": each.build_id,
                "statements_digest": each.statements_digest,
                "rules": each.rules,
            }
            for each in closing.closed_periods(connection).values()
        ],
    }


def _deliveries(connection: Connection) -> list[dict[str, Any]]:
    from finops.stores import snapshots
    from finops.stores.state import ledger

    counts = snapshots.counts(connection)
    return [
        {
            **_period_of(each),
            "format": each.format,
            "delivery_id": each.delivery_id,
            "produced_at": each.produced_at.isoformat(),
            "landed_at": each.landed_at.isoformat(),
            "row_count": each.row_count,
            "loads": counts.get((each.provider, each.billing_period), 0),
            "totals": [
                {
                    "billing_currency": t.billing_currency,
                    "source_cost": f"{t.source_cost:f}",
                    "billed_cost": f"{t.billed_cost:f}",
                }
                for t in each.totals
            ],
        }
        for each in ledger.current(connection)
    ]


def _period_of(each: Delivery | Rejection) -> dict[str, Any]:
    period = None if each.billing_period is None else str(each.billing_period)
    return {"provider": each.provider, "source": each.source, "billing_period": period}


def _published(settings: Settings) -> dict[str, str] | None:
    from finops.stores import published

    try:
        latest = published.latest(settings)
    except NotReady:
        return None
    return {"build_id": latest.build_id, "path": str(latest.path)}


def _outdated(settings: Settings) -> list[str]:
    """Return the published months, as provider/YYYY-MM, whose tags another policy than the present one resolved."""
    from finops.policy import tags
    from finops.stores import published

    try:
        return published.latest(settings).resolved_otherwise(tags.load(settings).digest)
    except NotReady:
        return []
    except BadInput as error:
        return [f"not known, since {error}"]


def _tables(found: dict[str, Any]) -> list[Table]:
    return [
        table(title, columns.split(","), map(cells, found[key]))
        for key, title, columns, cells in (
            (
                "deliveries",
                "Current deliveries",
                "provider,source,period,format,landed (UTC),rows >,snapshots >,cost >",
                _delivery_cells,
            ),
            ("not_taken", "Rejected", "provider,source,period,outcome,since (UTC),reason", _rejection_cells),
            ("pending", "Pending", "provider,period,state", _pending_cells),
            ("builds", "Last builds", "build,started (UTC),finished,outcome,detail", _build_cells),
            ("closed", "Closed months", "period,by,at (UTC),build,statements,rules", _closed_cells),
        )
    ]


def _delivery_cells(each: dict[str, Any]) -> tuple[str, ...]:
    costs = (f"{Decimal(t['source_cost']):,.2f} {t['billing_currency']}" for t in each["totals"])
    counts = (f"{each['row_count']:,}", f"{each['loads']:,}")
    names = (each["provider"], each["source"], each["billing_period"], each["format"])
    return (*names, _minute(each["landed_at"]), *counts, "\n".join(costs))


def _rejection_cells(each: dict[str, Any]) -> tuple[str, ...]:
    names = (each["provider"], each["source"], each["billing_period"] or "")
    return (*names, each["outcome"], _minute(each["since"]), each["reason"])


def _pending_cells(each: dict[str, Any]) -> tuple[str, ...]:
    state = f"waits for {each['waits_for']}" if each["waits_for"] else "to be built"
    return (each["provider"], each["billing_period"], state)


def _build_cells(each: dict[str, Any]) -> tuple[str, ...]:
    moments = (_minute(each["started_at"]), _minute(each["finished_at"]))
    return (each["build_id"], *moments, each["outcome"], each["detail"])


def _closed_cells(each: dict[str, Any]) -> tuple[str, ...]:
    rules = "\n".join(f"{name} {digest[:12]}" for name, digest in each["rules"].items())
    names = (each["billing_period"], each["closed_by"], _minute(each["closed_at"]), each["build_id"])
    return (*names, each["statements_digest"][:12], rules)


def _minute(moment: str | None) -> str:
    return moment[:16].replace("T", " ") if moment else ""
