"""Which channels an event goes to, and who hears of it when one of them fails."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from finops.core.events import Event, Severity
from finops.core.text import shown
from finops.policy.channels import AnyChannel, Channels, Route
from finops.policy.cost_centers import CostCenters

CHANNEL_FAILED = "channel_failed"
DIGEST = "digest"


def channels_for(content: Channels, event: Event, known: CostCenters | None = None) -> list[str]:
    """Return the channels of every route that matches, the event's own, and its cost centre's, each once.

    Those of ``otherwise`` where there is none of these. A name that ``channels.yml`` has not is passed over.
    """
    matching = [route for route in content.routes if _matches(route, event)]
    own = [event.channel, known.channel_of(event.owner) if known else ""]
    found = [*(name for route in matching for name in route.to), *(each for each in own if content.named(each))]
    return list(dict.fromkeys(found if found or matching else content.otherwise))


def instead_of(content: Channels, failed: str, told: Collection[str]) -> str | None:
    """Return the first channel that can tell what another could not, and has not been given it; None for none."""
    named = dict.fromkeys([*content.instead, *(each.name for each in content.channels)])
    return next((name for name in named if name != failed and name not in told), None)


def due_at(channel: AnyChannel, severity: Severity, now: datetime) -> datetime:
    """Return when a channel may be told: now, or for what is not critical when its quiet hours end."""
    if channel.quiet_hours is None or severity is Severity.CRITICAL:
        return now
    return channel.quiet_hours.ends(now)


def failure_of(channel: AnyChannel, fault: str, now: datetime) -> Event:
    """Return the event that a channel fails: one for each channel, kind of fault and day."""
    kind = hashlib.sha256(fault.encode()).hexdigest()[:8]
    return Event(
        kind=CHANNEL_FAILED,
        key=f"{CHANNEL_FAILED}/{channel.name}/{now:%Y-%m-%d}/{kind}",
        severity=Severity.WARNING,
        title=f"Channel {channel.name} does not get its messages",
        text=f"{channel.name}: {shown(fault, 500)}.",
        facts=(("Channel", channel.name),),
        next_steps=(
            f"Mend it, try it with `finops notify test {channel.name}`, and send what is parked with "
            f"`finops notify deliver --parked {channel.name}`.",
        ),
        group=CHANNEL_FAILED,
    )


def _matches(route: Route, event: Event) -> bool:
    wanted = ((route.kind, event.kind), (route.severity, event.severity), (route.owner, event.owner))
    return all(not allowed or value in allowed for allowed, value in wanted)
