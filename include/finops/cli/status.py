"""``finops status``: what has landed, what waits, what was built and published."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import typer

from finops.cli import app
from finops.cli.terminal import AsJson, as_json_of, console, table
from finops.core.errors import BadInput, NotReady
from finops.core.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table
    from sqlalchemy import Connection

    from finops.stores.state.held_back import HeldBack


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show current deliveries, what was rejected, pending builds, what is held back, the last publication."""
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
    # A line each, unbroken: what is to be done stands in it, to be copied.
    for each in found["held_back"]:
        out.print(f"Held back since {_minute(each['held_at'])} UTC: {each['what']}", soft_wrap=True, markup=False)
    if not found["held_back"]:
        out.print("Held back: none")
    published = found["published"]
    out.print(f"Published: {published['build_id']} at {published['path']}" if published else "Nothing is published.")
    outdated = found["resolved_by_another_policy"]
    if outdated:
        out.print(
            f"Tags resolved by another policy than the present one: {', '.join(outdated)}; "
            "`finops build --billing-period YYYY-MM` resolves a month again"
        )


def _collect(connection: Connection) -> dict[str, Any]:
    from finops.stores.state import builds, closing, held_back, period_inputs, rejections

    return {
        "deliveries": _deliveries(connection),
        "not_taken": [
            as_json_of(each, "number", "provider", "source", "billing_period", "outcome", "since", "reason")
            for each in rejections.standing(connection)
        ],
        "pending": [
            as_json_of(each, "provider", "billing_period")
            | {"waits_for": f"its {each.missing_half} export" if each.missing_half else None}
            for each in period_inputs.due(connection)
        ],
        "held_back": [held_back_as_json(each) for each in held_back.standing(connection)],
        "builds": [as_json_of(each, *each.__slots__) for each in builds.builds(connection)],
        "closed": [
            as_json_of(each, "billing_period", "closed_at", "closed_by", "build_id", "statements_digest", "rules")
            for each in closing.closed_periods(connection).values()
        ],
    }


def held_back_as_json(held: HeldBack) -> dict[str, Any]:
    """Return what is held back as JSON has it: why, from which deliveries and files, and what to do."""
    from finops.pipelines import marts

    deliveries = [
        {**as_json_of(each, "delivery_id", "source"), "files": [file.source_key for file in each.files]}
        for each in held.deliveries
    ]
    names = ("provider", "billing_period", "stage", "reason", "build_id", "held_at")
    texts = {"remedy": marts.remedy(held), "what": marts.describe(held)}
    return {**as_json_of(held, *names), "deliveries": deliveries, **texts}


def _deliveries(connection: Connection) -> list[dict[str, Any]]:
    from finops.stores import snapshots
    from finops.stores.state import ledger

    counts = snapshots.counts(connection)
    names = ("provider", "source", "billing_period", "format", "delivery_id", "produced_at", "landed_at", "row_count")
    return [
        {
            **as_json_of(each, *names),
            "loads": counts.get((each.provider, each.billing_period), 0),
            "totals": [as_json_of(total, "billing_currency", "source_cost", "billed_cost") for total in each.totals],
        }
        for each in ledger.current(connection)
    ]


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
            ("not_taken", "Rejected", "number >,provider,source,period,outcome,since (UTC),reason", _rejection_cells),
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
    names = (str(each["number"]), each["provider"], each["source"], each["billing_period"] or "")
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
