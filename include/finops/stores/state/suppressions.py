"""What is not proposed: findings that a person has suppressed, and rules that were set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, delete, select

from finops.stores.state.action_tables import disabled_rules as d
from finops.stores.state.action_tables import suppressions as s
from finops.stores.state.store import upsert


@dataclass(frozen=True, slots=True)
class Suppression:
    """That a finding is not to be proposed before a day."""

    finding_key: str
    author: str
    reason: str
    since: datetime
    until: date


@dataclass(frozen=True, slots=True)
class SetAside:
    """That a rule proposes nothing, since when and why."""

    reason: str
    since: datetime


def suppress(connection: Connection, suppression: Suppression) -> None:
    """Write a suppression; it takes the place of the one of the same finding."""
    values = {"author": suppression.author, "reason": suppression.reason, "since": suppression.since}
    upsert(connection, s, {"finding_key": suppression.finding_key}, values | {"until": str(suppression.until)})


def current(connection: Connection, day: date) -> dict[str, Suppression]:
    """Return the suppressions that hold on a day, by the finding's key."""
    rows = connection.execute(select(s).where(s.c.until > str(day)).order_by(s.c.finding_key))
    return {
        row.finding_key: Suppression(row.finding_key, row.author, row.reason, row.since, date.fromisoformat(row.until))
        for row in rows
    }


def lift(connection: Connection, finding_key: str) -> bool:
    """End a suppression; tell whether there was one."""
    return connection.execute(delete(s).where(s.c.finding_key == finding_key)).rowcount == 1


def set_aside(connection: Connection) -> dict[str, SetAside]:
    """Return the rules that are set aside."""
    return {row.rule: SetAside(row.reason, row.disabled_at) for row in connection.execute(select(d).order_by(d.c.rule))}


def disabled_rules(connection: Connection) -> dict[str, str]:
    """Return the rules that are set aside, each with the reason."""
    return {rule: each.reason for rule, each in set_aside(connection).items()}


def disable(connection: Connection, rule: str, reason: str, at: datetime) -> None:
    """Set a rule aside."""
    upsert(connection, d, {"rule": rule}, {"reason": reason, "disabled_at": at})


def enable(connection: Connection, rule: str) -> bool:
    """Let a rule propose again; tell whether it was set aside."""
    return connection.execute(delete(d).where(d.c.rule == rule)).rowcount == 1
