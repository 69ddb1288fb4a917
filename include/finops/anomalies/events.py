"""What people hear of incidents: that one is open, that it is suspected to be an attack, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from finops.anomalies.read import Row
from finops.core.events import Event, Severity
from finops.core.money import cents

OPENED, CLOSED = "incident_opened", "incident_closed"


def of_incidents(rows: Iterable[Row]) -> list[Event]:
    """Return the events of published incidents, those that were found by looking at the past later left out.

    An incident's keys stay, so each of its events is told once however often it is published.
    """
    return [event for row in rows if not row["is_backfill"] for event in _of(row)]


def _of(row: Row) -> Iterator[Event]:
    opened = f"incident {row['incident_id']}"
    yield Event(
        kind=OPENED,
        key=opened,
        severity=Severity.CRITICAL if row["is_suspected_attack"] else Severity.WARNING,
        title=f"{row['title']}: {_money(row, 'excess_cost')} more than expected",
        text=row["cause"],
        facts=_facts(row),
        owner=row["owner_cost_center"],
        links=(("Incident", row["link"]),),
        next_steps=tuple(each for each in (row["mitigation"], row["advice"]) if each),
        group="incidents",
    )
    if row["state"] == "closed":
        yield Event(
            kind=CLOSED,
            key=f"{opened} closed",
            severity=Severity.INFO,
            title=f"{row['title']}: over ({row['ending']}), {_money(row, 'excess_cost')} in all",
            text=row["cause"],
            owner=row["owner_cost_center"],
            links=(("Incident", row["link"]),),
            group="incidents",
            resolves=opened,
        )


def _facts(row: Row) -> tuple[tuple[str, str], ...]:
    facts = [
        ("Since", str(row["first_day"])),
        ("Expected", _money(row, "expected_cost")),
        ("Actual", _money(row, "actual_cost")),
        ("If it goes on", _money(row, "projected_excess_cost")),
        ("Owner", row["owner"] or "unknown"),
    ]
    if row["is_suspected_attack"]:
        facts.append(("Suspected attack", f"requests {row['traffic_times'] or 0:.0f} times the usual"))
    return tuple(facts)


def _money(row: Row, column: str) -> str:
    return f"{cents(row[column]):,} {row['billing_currency']}"
