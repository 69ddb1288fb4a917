"""Deliver what waits in the outbox: take a message, send it, note what became of it; each step is one transaction.

A run that is killed after it took a message leaves it to the next run, once its lease is over. What was sent and not
noted is then sent again under the same key: PagerDuty and a webhook's receiver know it by that, mail by its Message-ID,
and in Slack and Teams it says of itself that it may be there twice.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from finops.core.errors import BadInput
from finops.core.events import Event, Severity
from finops.core.settings import Settings
from finops.notifications import choosing, routing
from finops.notifications.choosing import Claimed, utc_now
from finops.notifications.models import Broken, Busy, Message, NoAnswer, Refused, Report, one_line
from finops.notifications.secrets import Connections
from finops.notifications.sending import send
from finops.policy import channels as policy
from finops.policy import cost_centers
from finops.policy.channels import AnyChannel, Channels
from finops.policy.cost_centers import CostCenters
from finops.stores.state import outbox
from finops.stores.state.store import open_state

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
"""A message is sent within it, or was left by a run that was killed: no channel takes longer than a few times 15 s."""
_PASSES = 4
"""What fails is told through another channel, in the same run as long as some channel works."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
ATTEMPTS = 15
"""About nine hours; then a message is parked, and told through another channel."""
_MAY_BE_TOLD = (outbox.PENDING, outbox.SENDING, outbox.SENT)
TOLD_AFTER = 3
"""Attempts in a row without an answer, after which another channel says so."""


def deliver(
    settings: Settings,
    *,
    connections: Connections = lambda _: None,
    now: Callable[[], datetime] = utc_now,
    lease: timedelta = LEASE,
) -> Report:
    """Send what is due to every channel; return what was done. A channel that fails stops no other.

    Raise BadInput for an invalid ``channels.yml``. Without channels nothing is done.
    """
    content, report = policy.load(settings), Report()
    if not content.channels:
        return report
    engine, silent = open_state(settings), set[str]()
    known = _cost_centers(settings)
    for _ in range(_PASSES):
        with engine.begin() as connection:
            outbox.serialise(connection)
            choosing.prepare(connection, content, known, now())
        before = (report.sent, report.parked)
        for channel in content.channels:
            if channel.name not in silent:
                run = _Run(settings, engine, content, channel, connections, now, lease, report)
                if not run.empty():
                    silent.add(channel.name)
        if (report.sent, report.parked) == before:
            break
    return report


def _cost_centers(settings: Settings) -> CostCenters:
    """Return what is known of cost centres; nothing of an invalid file, which must not keep anybody from being told."""
    try:
        return cost_centers.load(settings)
    except BadInput as error:
        logger.warning("%s", one_line(str(error)))
        return CostCenters()


@dataclass(frozen=True, slots=True)
class _Run:
    """One channel, as long as it takes messages."""

    _settings: Settings
    _engine: Engine
    _content: Channels
    _channel: AnyChannel
    _connections: Connections
    _now: Callable[[], datetime]
    _lease: timedelta
    _report: Report

    def empty(self) -> bool:
        """Send what is due. Return False when the channel is to be left alone for the rest of this run."""
        claimed = self._next()
        while claimed is not None:
            sent = None
            try:
                send(self._settings, self._channel, claimed.message, self._connections)
                sent = claimed
            except (Busy, NoAnswer) as error:
                self._put_off(claimed, error)
                return False
            except (Refused, Broken) as error:
                self._park(claimed, error)
            except Exception as error:
                # A fault of ours: left alone, the message would be taken again and keep all others waiting.
                self._park(claimed, BadInput(f"it could not be sent ({type(error).__name__}: {error})"))
            claimed = self._next(sent)
        return True

    def _next(self, sent: Claimed | None = None) -> Claimed | None:
        """Note that a message was sent, and take the next one, in one transaction."""
        with self._engine.begin() as connection:
            if sent is not None:
                outbox.finish(connection, sent.message.message_id, outbox.SENT, self._now())
            found = choosing.claim(
                connection, self._settings, self._content, self._channel, now=self._now(), lease=self._lease
            )
        self._report.sent += sent is not None
        return found

    def _put_off(self, claimed: Claimed, error: Busy | NoAnswer) -> None:
        if claimed.attempts >= ATTEMPTS:
            self._park(claimed, error)
            return
        fault, now = self._note(error), self._now()
        pause = error.after if isinstance(error, Busy) else None
        in_doubt = claimed.message.is_repeat or (isinstance(error, NoAnswer) and error.is_in_doubt)
        with self._engine.begin() as connection:
            due_at = now + (pause or pause_after(claimed))
            outbox.put_off(connection, claimed.message.message_id, due_at, fault, in_doubt=in_doubt)
            if pause:
                outbox.hold_channel(connection, self._channel.name, now + pause)
            if claimed.attempts == TOLD_AFTER:
                self._tell_of_failure(connection, claimed, fault)
        self._report.put_off += 1

    def _park(self, claimed: Claimed, error: Exception) -> None:
        fault, now = self._note(error), self._now()
        with self._engine.begin() as connection:
            outbox.finish(connection, claimed.message.message_id, outbox.PARKED, now, fault)
            for event in claimed.message.events:
                given = outbox.channels_of(connection, event.key)
                name = routing.instead_of(self._content, self._channel.name, given)
                if name is not None:
                    outbox.give(connection, event.key, name, "instead", now)
                elif not outbox.channels_of(connection, event.key, _MAY_BE_TOLD):
                    self._report.untold += 1
            self._tell_of_failure(connection, claimed, fault)
        self._report.parked += 1

    def _tell_of_failure(self, connection: Connection, claimed: Claimed, fault: str) -> None:
        """Put it that the channel fails, for another one. That word of it failed is told to the next, not put anew."""
        if any(event.kind == routing.CHANNEL_FAILED for event in claimed.message.events):
            return
        name = routing.instead_of(self._content, self._channel.name, ())
        event = routing.failure_of(self._channel, fault, self._now())
        if name is not None and outbox.add(connection, [event], self._now()):
            outbox.route(connection, event.key, {name: self._now()}, self._now())

    def _note(self, error: Exception) -> str:
        fault = one_line(str(error))
        line = f"channel {self._channel.name}: {fault}"
        logger.warning("%s", line)
        self._report.faults.append(line)
        return fault


def pause_after(claimed: Claimed) -> timedelta:
    """Return how long to wait after an attempt: twice as long each time, and spread, so that not all come at once."""
    doubled = _FIRST_PAUSE * 2 ** min(claimed.attempts - 1, 10)
    spread = 0.75 + 0.5 * int(claimed.message.message_id[:4], 16) / 0xFFFF
    return min(doubled, _LONGEST_PAUSE) * spread


def try_channel(settings: Settings, name: str, *, connections: Connections = lambda _: None) -> None:
    """Send a message of trial to a channel, past outbox, quiet hours and limits. Raise what it raises."""
    channel = named(settings, name)
    event = Event(
        kind="test",
        key=f"test/{name}/{uuid.uuid4().hex}",
        severity=Severity.INFO,
        title=f"Channel {name} works",
        text="This is a message of trial; nothing is to be done.",
        facts=(("Channel", name),),
    )
    events = [event]
    if isinstance(channel, policy.PagerDuty):
        # It would stay open, and call somebody.
        events.append(Event("test", f"{event.key}/end", Severity.INFO, event.title, "", resolves=event.key))
    for each in events:
        send(settings, channel, Message(uuid.uuid4().hex, (each,), utc_now()), connections)


def release(settings: Settings, name: str) -> int:
    """Let what is parked for a channel be sent by the next delivery; return how many events."""
    channel = named(settings, name)
    with open_state(settings).begin() as connection:
        return outbox.release(connection, channel.name, utc_now())


def acknowledge(settings: Settings, key: str, who: str) -> outbox.Entry:
    """Note who looks after an event, so that it is not escalated; return it. Raise BadInput for an unknown key."""
    with open_state(settings).begin() as connection:
        outbox.acknowledge(connection, key, who, utc_now())
        entry = outbox.entry(connection, key)
    if entry is None:
        raise BadInput(f"there is no event {one_line(key, 255)!r}; `finops notify status` shows the keys")
    return entry


def status(settings: Settings) -> dict[str, Any]:
    """Return each channel's counts by state, what has failed, and the critical events nobody looks after."""
    content = policy.load(settings)
    with open_state(settings).begin() as connection:
        counts = outbox.counts(connection)
        standing = outbox.standing(connection)
        unrouted = len(outbox.unrouted(connection))
        open_events = outbox.unanswered(connection, [Severity.CRITICAL], utc_now(), utc_now() - choosing.OLDEST)
    names = dict.fromkeys([*(each.name for each in content.channels), *sorted({name for name, _ in counts})])
    types = {each.name: str(getattr(each, "type", "")) for each in content.channels}
    states = (outbox.PENDING, outbox.SENDING, outbox.SENT, outbox.PARKED, outbox.DROPPED)
    return {
        "channels": [
            {"channel": name, "type": types.get(name), **{state: counts.get((name, state), 0) for state in states}}
            for name in names
        ],
        "without_channel_yet": unrouted,
        "failed": [
            {"key": each.event_key, "channel": each.channel, "state": each.state, "attempts": each.attempts}
            | {"fault": each.fault, "next": each.due_at.isoformat() if each.state == outbox.PENDING else None}
            for each in standing
        ],
        "open": [
            {"key": each.event.key, "title": each.event.title, "since": each.created_at.isoformat()}
            for each in open_events
        ],
    }


def named(settings: Settings, name: str) -> AnyChannel:
    """Return a channel by its name. Raise BadInput where ``channels.yml`` has none."""
    content = policy.load(settings)
    channel = content.named(name)
    if channel is None:
        known = ", ".join(each.name for each in content.channels) or "none yet"
        raise BadInput(f"there is no channel {name!r} in {policy.FILE}; known are {known}")
    return channel
