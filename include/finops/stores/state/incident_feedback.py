"""What people said of incidents of cost: the last word on each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from finops.stores.state.store import upsert
from finops.stores.state.tables import incident_feedback as f


@dataclass(frozen=True, slots=True)
class Said:
    """One answer. ``verdict`` is ``yes``, ``no`` or ``planned``; ``why`` may be empty."""

    incident_id: str
    verdict: str
    said_by: str
    why: str
    said_at: datetime


def record(connection: Connection, said: Said) -> None:
    """Note an answer in place of an earlier one on the same incident."""
    values = asdict(said)
    upsert(connection, f, {"incident_id": values.pop("incident_id")}, values)


def answers(connection: Connection) -> dict[str, Said]:
    """Return the answers by incident."""
    return {row.incident_id: Said(**row._mapping) for row in connection.execute(select(f).order_by(f.c.incident_id))}
