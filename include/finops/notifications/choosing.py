"""What is sent next: events to channels, escalation, digests, and rows of one channel to one message.

Every function works in the caller's transaction. Nothing here sends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from finops.core.events import Event, Severity
from finops.core.settings import Settings
from finops.notifications import routing
from finops.notifications.digest import digest_of
from finops.notifications.models import Message
from finops.policy.channels import AnyChannel, Channels, PagerDuty
from finops.policy.cost_centers import CostCenters
from finops.stores.state import outbox

OLDEST = timedelta(days=7)
"""An event that waited longer for a channel is history, and in no message of its own."""
_MOST_EVENTS = 40
_ESCALATION = "escalation-"
_OPEN = (outbox.PENDING, outbox.SENDING)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this run alone may send, and how often it was tried with this time."""

    message: Message
    numbers: tuple[int, ...]
    attempts: int


def prepare(connection: Connection, content: Channels, owners: CostCenters, now: datetime) -> None:
    """Give new events to their channels, escalate what nobody has acknowledged, and make digests that are due."""
    _add_digests(connection, content, now)
    for entry in outbox.unrouted(connection):
        names = routing.channels_for(content, entry.event, owners)
        if entry.event.resolves:
            # Whoever heard of it hears of its end.
            known = outbox.channels_of(connection, entry.event.resolves)
            names = list(dict.fromkeys([*names, *sorted(known & {each.name for each in content.channels})]))
        if entry.created_at < now - OLDEST:
            names = []
        outbox.route(connection, entry.event.key, _when(content, names, entry.event.severity, now), now)
    for number, step in enumerate(content.escalation):
        told_by = now - timedelta(minutes=step.after_minutes)
        for entry in outbox.unanswered(connection, step.severity, told_by, now - OLDEST):
            if entry.event.kind != routing.DIGEST:
                for name, at in _when(content, step.to, entry.event.severity, now).items():
                    outbox.give(connection, entry.event.key, name, f"{_ESCALATION}{number}", at)


def _add_digests(connection: Connection, content: Channels, now: datetime) -> None:
    for each in content.digests:
        since, until = each.last(now)
        event = digest_of(each, since, until, outbox.between(connection, since, until))
        if event is not None and outbox.add(connection, [event], now):
            outbox.route(connection, event.key, _when(content, each.to, event.severity, now), now)


def _when(content: Channels, names: Iterable[str], severity: Severity, now: datetime) -> dict[str, datetime]:
    found = {name: content.named(name) for name in names}
    return {name: routing.due_at(channel, severity, now) for name, channel in found.items() if channel}


def claim(
    connection: Connection,
    settings: Settings,
    content: Channels,
    channel: AnyChannel,
    *,
    now: datetime,
    lease: timedelta,
) -> Claimed | None:
    """Take the next message of a channel; None when there is none, or the channel has had its share of this minute."""
    outbox.serialise(connection)
    if outbox.attempts_since(connection, channel.name, now - timedelta(minutes=1)) >= channel.per_minute:
        return None
    rows = _sendable(connection, channel, now)
    if not rows:
        return None
    first = rows[0][0]
    if first.message_id:
        # Sent before: the very same rows go out, under the same key.
        chosen = [each for each in outbox.of_message(connection, first.message_id) if each[0].state in _OPEN]
    else:
        chosen = _grouped(channel, rows)
    message_id = first.message_id or _identity(channel, [row for row, _ in chosen])
    in_doubt = any(row.is_in_doubt or row.state == outbox.SENDING for row, _ in chosen)
    numbers = tuple(row.number for row, _ in chosen)
    outbox.claim(connection, numbers, message_id, now=now, until=now + lease, in_doubt=in_doubt)
    created = min(entry.created_at for _, entry in chosen)
    events = tuple(_addressed(settings, entry.event) for _, entry in chosen)
    remark = _remark(content, chosen[0][0])
    return Claimed(Message(message_id, events, created, in_doubt, remark), numbers, first.attempts + 1)


Rows = list[tuple[outbox.Message, outbox.Entry]]


def _sendable(connection: Connection, channel: AnyChannel, now: datetime) -> Rows:
    """Return the rows that may go out now, critical ones first; an end never goes before its beginning."""
    found: Rows = []
    for row, entry in outbox.ready(connection, channel.name, now):
        quiet_until = routing.due_at(channel, entry.event.severity, now)
        if quiet_until > now and row.state == outbox.PENDING:
            continue
        if entry.event.resolves:
            if outbox.is_on_its_way(connection, entry.event.resolves, channel.name):
                continue
            if isinstance(channel, PagerDuty) and not _was_told(connection, entry.event.resolves, channel):
                outbox.drop(connection, [row.number], "there is no alert to resolve")
                continue
        found.append((row, entry))
    return sorted(found, key=lambda each: (-each[1].event.severity.rank, each[0].number))


def _was_told(connection: Connection, key: str, channel: AnyChannel) -> bool:
    return channel.name in outbox.channels_of(connection, key, [outbox.SENT])


def _grouped(channel: AnyChannel, rows: Rows) -> Rows:
    """Return the rows that go out with the first one: of its group, or all where more wait than may be sent."""
    first, entry = rows[0]
    if isinstance(channel, PagerDuty):
        # Each alert has a key of its own.
        return rows[:1]
    fresh = [each for each in rows if each[0].message_id is None and each[0].reason == first.reason]
    if len(fresh) > channel.per_minute:
        return fresh[:_MOST_EVENTS]
    group = entry.event.group
    same = [each for each in fresh if each[1].event.group == group] if group else rows[:1]
    return same[:_MOST_EVENTS]


def _identity(channel: AnyChannel, rows: list[outbox.Message]) -> str:
    parts = "\n".join([channel.name, *(f"{row.event_key} {row.reason}" for row in rows)])
    return hashlib.sha256(parts.encode()).hexdigest()[:40]


def _addressed(settings: Settings, event: Event) -> Event:
    """Return an event whose links to pages of the platform can be opened, where it is known where they are served."""
    if not settings.site_url:
        return event
    base = settings.site_url.rstrip("/")
    links = tuple((label, url if "://" in url else f"{base}/{url.lstrip('/')}") for label, url in event.links)
    return replace(event, links=links)


def _remark(content: Channels, row: outbox.Message) -> str:
    if row.reason == "instead":
        return "Told here because another channel failed."
    if row.reason.startswith(_ESCALATION):
        number = int(row.reason.removeprefix(_ESCALATION))
        minutes = content.escalation[number].after_minutes if number < len(content.escalation) else None
        return f"Nobody has acknowledged this{f' for {minutes} minutes' if minutes else ''}."
    return ""


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)
