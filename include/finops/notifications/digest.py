"""The events of a day or a week as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from finops.core.events import Event, Severity
from finops.notifications.routing import DIGEST
from finops.policy.channels import Digest
from finops.stores.state.outbox import Entry

_LISTED = 30


def digest_of(digest: Digest, since: datetime, until: datetime, entries: Sequence[Entry]) -> Event | None:
    """Return the digest of the events put from ``since`` until ``until``; None where there is none to tell."""
    told = [each for each in entries if each.event.kind != DIGEST]
    if not told:
        return None
    ordered = sorted(told, key=lambda each: (-each.event.severity.rank, each.created_at))
    lines = [f"{_mark(each)}: {' '.join(each.event.title.split())[:200]}" for each in ordered[:_LISTED]]
    if len(told) > _LISTED:
        lines.append(f"and {len(told) - _LISTED} more: `finops notify status --json` has them")
    counted = Counter(each.event.severity for each in told)
    span = f"{since.astimezone(UTC):%Y-%m-%d %H:%M} to {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    of_period = "day" if digest.every == "day" else "week"
    return Event(
        kind=DIGEST,
        key=f"{DIGEST}/{of_period}/{until.astimezone(UTC):%Y-%m-%dT%H:%M}/{'+'.join(digest.to)}",
        severity=Severity.INFO,
        title=f"{len(told)} {'event' if len(told) == 1 else 'events'} of the {of_period}, {span}",
        text="\n".join(lines),
        facts=tuple((str(each), str(counted[each])) for each in reversed(Severity) if counted[each]),
    )


def _mark(entry: Entry) -> str:
    event = entry.event
    if event.resolves:
        return "Resolved"
    state = "ended" if entry.ended_at else f"with {entry.acknowledged_by}" if entry.acknowledged_at else "open"
    return f"{str(event.severity).capitalize()}, {state}"
