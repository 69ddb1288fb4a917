"""The journal of actions: append-only, each entry with the hash of the one before, so that a change to one shows.

Entries are written in the transaction of what they record. ``verify`` finds an entry that was changed, removed or put
between others. That the newest were cut off shows only against a hash that was noted elsewhere: give it as ``known``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text

from finops.stores.state.action_tables import action_journal as j

FIRST_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One entry. ``content`` is what JSON can hold."""

    sequence: int
    at: datetime
    action_id: str
    kind: str
    content: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking the chain has found: how many entries hold, the hash of the last, and the first fault."""

    entries: int
    head: str
    fault: str


def append(connection: Connection, action_id: str, kind: str, content: Mapping[str, Any], at: datetime) -> JournalEntry:
    """Write an entry after the newest one."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(hashtext('finops_action_journal'))"))
    last = connection.execute(select(j.c.sequence, j.c.hash).order_by(j.c.sequence.desc()).limit(1)).first()
    sequence, previous = (1, FIRST_HASH) if last is None else (last.sequence + 1, last.hash)
    written = canonical(content)
    at = at.astimezone(UTC)
    row = {"sequence": sequence, "at": at, "action_id": action_id, "kind": kind, "content": written}
    digest = hash_of(previous, row)
    connection.execute(insert(j).values(**row, previous_hash=previous, hash=digest))
    return JournalEntry(sequence, at, action_id, kind, json.loads(written), digest)


def entries(connection: Connection, action_id: str | None = None) -> list[JournalEntry]:
    """Return the entries, of one action or of all, the oldest first."""
    query = select(j).order_by(j.c.sequence)
    if action_id is not None:
        query = query.where(j.c.action_id == action_id)
    rows = connection.execute(query)
    return [
        JournalEntry(row.sequence, row.at, row.action_id, row.kind, json.loads(row.content), row.hash) for row in rows
    ]


def verify(connection: Connection, known: str = "") -> Verdict:
    """Check the whole chain; ``known`` is a hash that some entry must have."""
    previous, count, seen = FIRST_HASH, 0, not known
    for row in _rows(connection):
        if row["sequence"] != count + 1:
            return Verdict(count, previous, f"entry {count + 1} is missing")
        if row["previous_hash"] != previous or hash_of(previous, row) != row["hash"]:
            return Verdict(count, previous, f"entry {count + 1} is not what was written")
        previous, count = row["hash"], count + 1
        seen = seen or previous == known
    return Verdict(count, previous, "" if seen else f"no entry has the hash {known}: entries were cut off")


def canonical(content: Mapping[str, Any]) -> str:
    """Return content as the one JSON text that its hash is made of."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def hash_of(previous: str, row: Mapping[str, Any]) -> str:
    """Return the hash of an entry: of the one before, and of everything that the entry says."""
    said = {name: row[name] for name in ("sequence", "action_id", "kind", "content")} | {"at": row["at"].isoformat()}
    return hashlib.sha256(f"{previous}{canonical(said)}".encode()).hexdigest()


def _rows(connection: Connection) -> Iterator[Mapping[str, Any]]:
    for row in connection.execute(select(j).order_by(j.c.sequence)):
        yield dict(row._mapping)
