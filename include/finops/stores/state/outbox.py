"""The outbox: what people are to be told, put in the transaction of the feature that has something to tell.

An event is put once for each key. ``finops.notifications`` gives it to channels (a row of ``outbox_messages`` each) and
sends these: pending → sending, for as long as a lease lasts → sent, parked (a person must act) or dropped (there is
nothing to say). A row that is still ``sending`` after its lease belongs to a run that was killed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from finops.core.events import Event, Severity
from finops.stores.state.tables import outbox_events as e
from finops.stores.state.tables import outbox_messages as m

PENDING, SENDING, SENT, PARKED, DROPPED = "pending", "sending", "sent", "parked", "dropped"
_LONGEST_KEY = 255
_COLUMNS = ("kind", "severity", "owner", "resolves")


@dataclass(frozen=True, slots=True)
class Entry:
    """An event of the outbox, and what has become of it."""

    event: Event
    created_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Message:
    """One event for one channel. Rows with one ``message_id`` are one message."""

    number: int
    event_key: str
    channel: str
    reason: str
    state: str
    due_at: datetime
    message_id: str | None
    attempts: int
    is_in_doubt: bool
    lease_until: datetime | None
    attempted_at: datetime | None
    sent_at: datetime | None
    fault: str | None


def add(connection: Connection, events: Iterable[Event], now: datetime | None = None) -> int:
    """Put events; return how many are new. One whose key is known already is left out.

    Call it in the transaction that keeps the feature's own state: then both are there, or neither.
    """
    at = now or datetime.now(UTC)
    added = 0
    for event in events:
        key, resolves = kept_key(event.key), kept_key(event.resolves)
        values = {name: getattr(event, name) for name in _COLUMNS} | {"resolves": resolves, "kind": event.kind[:80]}
        content = {name: value for name, value in asdict(event).items() if name not in (*_COLUMNS, "key")}
        row = {"event_key": key, **values, "severity": str(event.severity), "content": content, "created_at": at}
        if _insert_once(connection, e, row):
            added += 1
            if resolves:
                is_open = and_(e.c.event_key == resolves, e.c.ended_at.is_(None))
                connection.execute(update(e).where(is_open).values(ended_at=at))
    return added


def kept_key(key: str) -> str:
    """Return a key as it is kept: one that is too long is cut, and told apart by a digest."""
    if len(key) <= _LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{key[: _LONGEST_KEY - 33]}#{digest}"


def serialise(connection: Connection) -> None:
    """Let no other transaction choose what to send meanwhile; SQLite's take turns anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(hashtext('finops_outbox'))"))


def unrouted(connection: Connection) -> list[Entry]:
    """Return the events that no channel was chosen for yet, the oldest first."""
    rows = connection.execute(select(e).where(e.c.routed_at.is_(None)).order_by(e.c.created_at, e.c.event_key))
    return [_entry(row) for row in rows]


def route(connection: Connection, key: str, channels: Mapping[str, datetime], now: datetime) -> None:
    """Give an event to channels, by name, each with the moment before which it is not told there."""
    for channel, due_at in channels.items():
        give(connection, key, channel, "event", due_at)
    connection.execute(update(e).where(e.c.event_key == kept_key(key)).values(routed_at=now))


def give(connection: Connection, key: str, channel: str, reason: str, due_at: datetime) -> bool:
    """Give an event to a channel, once for each reason; tell whether it was new."""
    row = {"event_key": kept_key(key), "channel": channel, "reason": reason, "state": PENDING}
    return _insert_once(connection, m, row | {"due_at": due_at, "attempts": 0, "is_in_doubt": False})


def ready(connection: Connection, channel: str, now: datetime) -> list[tuple[Message, Entry]]:
    """Return what a channel could be sent now, by number: what is due, and what a killed run has left."""
    is_due = and_(m.c.state == PENDING, m.c.due_at <= now)
    is_left = and_(m.c.state == SENDING, m.c.lease_until <= now)
    return _with_entries(connection, m.c.channel == channel, or_(is_due, is_left))


def of_message(connection: Connection, message_id: str) -> list[tuple[Message, Entry]]:
    """Return the rows of one message, by number."""
    return _with_entries(connection, m.c.message_id == message_id)


def is_on_its_way(connection: Connection, key: str, channel: str) -> bool:
    """Tell whether an event is still to be sent to a channel, or being sent."""
    is_open = m.c.state.in_((PENDING, SENDING))
    query = select(m.c.number).where(m.c.event_key == kept_key(key), m.c.channel == channel, is_open)
    return connection.execute(query).first() is not None


def channels_of(connection: Connection, key: str, states: Collection[str] | None = None) -> set[str]:
    """Return the channels that an event was given to; with ``states`` those whose row is in one of them."""
    query = select(m.c.channel).where(m.c.event_key == kept_key(key))
    if states is not None:
        query = query.where(m.c.state.in_(states))
    return set(connection.execute(query).scalars())


def attempts_since(connection: Connection, channel: str, since: datetime) -> int:
    """Return how many messages a channel was sent since a moment, whether they arrived or not."""
    is_one = and_(m.c.channel == channel, m.c.attempted_at > since)
    return connection.execute(select(func.count(m.c.message_id.distinct())).where(is_one)).scalar() or 0


def claim(
    connection: Connection, numbers: Sequence[int], message_id: str, *, now: datetime, until: datetime, in_doubt: bool
) -> None:
    """Take rows as one message, until a moment. Whoever sends must be done by then."""
    values: dict[str, Any] = {"state": SENDING, "message_id": message_id, "lease_until": until, "attempted_at": now}
    values |= {"attempts": m.c.attempts + 1, "is_in_doubt": in_doubt}
    connection.execute(update(m).where(m.c.number.in_(numbers)).values(values))


def finish(connection: Connection, message_id: str, state: str, now: datetime, fault: str | None = None) -> None:
    """Note that a message was sent, parked or dropped."""
    values = {"state": state, "lease_until": None, "fault": fault, "sent_at": now if state == SENT else None}
    connection.execute(update(m).where(m.c.message_id == message_id, m.c.state == SENDING).values(values))


def put_off(connection: Connection, message_id: str, due_at: datetime, fault: str, *, in_doubt: bool) -> None:
    """Note that a message is to be tried again, not before a moment; ``in_doubt``: it may have arrived."""
    values = {"state": PENDING, "lease_until": None, "due_at": due_at, "fault": fault, "is_in_doubt": in_doubt}
    connection.execute(update(m).where(m.c.message_id == message_id, m.c.state == SENDING).values(values))


def hold_channel(connection: Connection, channel: str, until: datetime) -> None:
    """Send nothing to a channel before a moment."""
    is_early = and_(m.c.channel == channel, m.c.state == PENDING, m.c.due_at < until)
    connection.execute(update(m).where(is_early).values(due_at=until))


def drop(connection: Connection, numbers: Sequence[int], why: str) -> None:
    """Note that rows have nothing left to say."""
    connection.execute(update(m).where(m.c.number.in_(numbers)).values(state=DROPPED, fault=why, lease_until=None))


def release(connection: Connection, channel: str, now: datetime) -> int:
    """Let what is parked for a channel be sent again, now that a person has mended it; return how many events."""
    is_parked = and_(m.c.channel == channel, m.c.state == PARKED)
    done = connection.execute(update(m).where(is_parked).values(state=PENDING, due_at=now, attempts=0))
    return done.rowcount


def acknowledge(connection: Connection, key: str, who: str, now: datetime) -> None:
    """Note who looks after an event; the first one stays."""
    is_open = and_(e.c.event_key == kept_key(key), e.c.acknowledged_at.is_(None))
    connection.execute(update(e).where(is_open).values(acknowledged_at=now, acknowledged_by=who))


def unanswered(
    connection: Connection, severities: Collection[Severity], told_by: datetime, since: datetime
) -> list[Entry]:
    """Return the events put since a moment and told by another that nobody has acknowledged and nothing has ended."""
    told = select(m.c.event_key).where(m.c.state == SENT, m.c.sent_at <= told_by)
    is_open = and_(e.c.acknowledged_at.is_(None), e.c.ended_at.is_(None), e.c.resolves == "")
    is_one = and_(e.c.severity.in_([str(each) for each in severities]), e.c.created_at >= since)
    query = select(e).where(is_open, is_one, e.c.event_key.in_(told))
    return [_entry(row) for row in connection.execute(query.order_by(e.c.created_at, e.c.event_key))]


def standing_of(connection: Connection, kinds: Collection[str]) -> list[Entry]:
    """Return the events of some kinds that nothing has ended."""
    query = select(e).where(e.c.kind.in_(kinds), e.c.ended_at.is_(None))
    return [_entry(row) for row in connection.execute(query.order_by(e.c.created_at, e.c.event_key))]


def between(connection: Connection, since: datetime, until: datetime) -> list[Entry]:
    """Return the events that were put at or after ``since`` and before ``until``, the oldest first."""
    query = select(e).where(e.c.created_at >= since, e.c.created_at < until)
    return [_entry(row) for row in connection.execute(query.order_by(e.c.created_at, e.c.event_key))]


def entry(connection: Connection, key: str) -> Entry | None:
    """Return an event by its key."""
    row = connection.execute(select(e).where(e.c.event_key == kept_key(key))).first()
    return None if row is None else _entry(row)


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many rows each (channel, state) has."""
    query = select(m.c.channel, m.c.state, func.count()).group_by(m.c.channel, m.c.state)
    return {(str(row[0]), str(row[1])): int(row[2]) for row in connection.execute(query)}


def standing(connection: Connection, limit: int = 50) -> list[Message]:
    """Return what is not sent and has a fault: parked, or waiting for its next attempt; the newest first."""
    has_fault = and_(m.c.state.in_((PENDING, SENDING, PARKED)), m.c.fault.is_not(None))
    rows = connection.execute(select(m).where(has_fault).order_by(m.c.number.desc()).limit(limit))
    return [Message(**row._mapping) for row in rows]


def _with_entries(connection: Connection, *conditions: Any) -> list[tuple[Message, Entry]]:
    query = select(m, *[column.label(f"event_{column.name}") for column in e.c]).join(e, e.c.event_key == m.c.event_key)
    found = []
    for row in connection.execute(query.where(*conditions).order_by(m.c.number)):
        values = dict(row._mapping)
        of_event = {column.name: values.pop(f"event_{column.name}") for column in e.c if column.name != "event_key"}
        values.pop("event_event_key", None)
        found.append((Message(**values), _entry_of(values["event_key"], of_event)))
    return found


def _entry(row: Row[Any]) -> Entry:
    values = dict(row._mapping)
    return _entry_of(values.pop("event_key"), values)


def _entry_of(key: str, values: Mapping[str, Any]) -> Entry:
    content = values["content"]
    event = Event(
        key=key,
        kind=values["kind"],
        severity=Severity(values["severity"]),
        owner=values["owner"],
        resolves=values["resolves"],
        title=content["title"],
        text=content["text"],
        facts=tuple((name, value) for name, value in content["facts"]),
        links=tuple((label, address) for label, address in content["links"]),
        next_steps=tuple(content["next_steps"]),
        group=content["group"],
        # Events from before there was one have none.
        channel=content.get("channel", ""),
    )
    known = ("created_at", "acknowledged_at", "acknowledged_by", "ended_at")
    return Entry(event, **{name: values[name] for name in known})


def _insert_once(connection: Connection, table: Any, row: dict[str, Any]) -> bool:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    done = connection.execute(dialect.insert(table).values(**row).on_conflict_do_nothing())
    return done.rowcount == 1
