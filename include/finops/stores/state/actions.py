"""Actions on resources as they stand: one row each, changed only together with an entry of the journal.

planned → approved → applying → applied, or failed, or backed_out (it is as it was before), or abandoned (a person has
ended it, and it is as it is). A planned or approved one can be rejected, refused (a guardrail) or expired instead; an
applied one becomes rolled_back. One run at a time works on an action: it takes the lease, and each of its writes checks
that it still has it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from finops.core.errors import BadInput, Unavailable
from finops.stores.state.action_tables import action_approvals as p
from finops.stores.state.action_tables import actions as a

PLANNED, APPROVED, APPLYING, APPLIED = "planned", "approved", "applying", "applied"
FAILED, BACKED_OUT, ABANDONED, ROLLED_BACK = "failed", "backed_out", "abandoned", "rolled_back"
REJECTED, REFUSED, EXPIRED = "rejected", "refused", "expired"
OPEN = (PLANNED, APPROVED, APPLYING)
"""What is still to come, or under way."""
BEGUN = (APPLYING, APPLIED, FAILED, BACKED_OUT, ABANDONED, ROLLED_BACK)
"""What may have changed its resource."""


@dataclass(frozen=True, slots=True)
class Action:
    """An action on a resource. See the table for its columns."""

    action_id: str
    status: str
    finding_key: str
    rule: str
    run_date: str
    provider: str
    account: str
    region: str
    zone: str
    resource_id: str
    resource_type: str
    action: str
    parameters: Mapping[str, Any]
    currency: str
    monthly_cost: Decimal
    monthly_saving: Decimal
    matched: int
    about: Mapping[str, Any]
    baseline: Mapping[str, Any]
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    effective_from: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    reason: str = ""
    before: Mapping[str, Any] | None = None
    inverse: Mapping[str, Any] | None = None
    is_backing_out: bool = False
    rollback_of: str | None = None
    verified: Mapping[str, Any] = field(default_factory=dict)
    lease_owner: str | None = None
    lease_until: datetime | None = None

    @property
    def owner(self) -> str:
        """Cost centre or person that the resource belongs to."""
        return str(self.about.get("owner", ""))


@dataclass(frozen=True, slots=True)
class Approval:
    """That a person has approved an action."""

    approver: str
    approved_at: datetime
    why: str


def serialise(connection: Connection) -> None:
    """Let no other transaction plan or begin actions meanwhile; SQLite's take turns anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(hashtext('finops_actions'))"))


def add(connection: Connection, action: Action) -> bool:
    """Write an action; return False, with nothing written, where its id is known already."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    done = connection.execute(dialect.insert(a).values(**asdict(action)).on_conflict_do_nothing())
    return done.rowcount == 1


def get(connection: Connection, action_id: str) -> Action | None:
    """Return an action by its id."""
    row = connection.execute(select(a).where(a.c.action_id == action_id)).first()
    return None if row is None else _action(row)


def require(connection: Connection, action_id: str) -> Action:
    """Return an action by its id. Raise BadInput where there is none."""
    found = get(connection, action_id)
    if found is None:
        raise BadInput(f"there is no action {action_id!r}; `finops rightsizing list` shows them")
    return found


def all_of(connection: Connection, statuses: Collection[str] = ()) -> list[Action]:
    """Return the actions with one of these statuses, or all; the oldest first."""
    query = select(a).order_by(a.c.requested_at, a.c.action_id)
    if statuses:
        query = query.where(a.c.status.in_(statuses))
    return [_action(row) for row in connection.execute(query)]


def of_resource(connection: Connection, provider: str, resource_id: str) -> list[Action]:
    """Return all actions on a resource, the oldest first."""
    is_one = (a.c.provider == provider) & (a.c.resource_id == resource_id)
    return [_action(row) for row in connection.execute(select(a).where(is_one).order_by(a.c.requested_at))]


def begun_since(connection: Connection, moment: datetime) -> list[Action]:
    """Return the actions, rollbacks left out, that were begun at or after a moment."""
    is_one = (a.c.started_at >= moment) & a.c.rollback_of.is_(None)
    return [_action(row) for row in connection.execute(select(a).where(is_one).order_by(a.c.started_at))]


def approve(connection: Connection, action_id: str, approver: str, why: str, at: datetime) -> None:
    """Note an approval. Raise an integrity error where this person has approved it already."""
    connection.execute(
        insert(p).values(action_id=action_id, approver=approver, approved_at=at, why=why),
    )


def approvals(connection: Connection, action_id: str) -> list[Approval]:
    """Return who has approved an action, in that order."""
    query = select(p.c.approver, p.c.approved_at, p.c.why).where(p.c.action_id == action_id)
    return [Approval(**row._mapping) for row in connection.execute(query.order_by(p.c.approved_at, p.c.approver))]


def change(connection: Connection, action_id: str, *, was: Collection[str], **values: Any) -> None:
    """Change columns of an action that has one of these statuses. Raise Unavailable where it has another by now."""
    is_one = (a.c.action_id == action_id) & a.c.status.in_(was)
    if connection.execute(update(a).where(is_one).values(**values)).rowcount != 1:
        raise Unavailable(f"action {action_id} was changed by another run meanwhile; look at it again")


def take(connection: Connection, action_id: str, owner: str, *, now: datetime, until: datetime) -> bool:
    """Take the lease of an action; return False while another run holds it."""
    is_free = or_(a.c.lease_until.is_(None), a.c.lease_until <= now, a.c.lease_owner == owner)
    taken = update(a).where(a.c.action_id == action_id, is_free).values(lease_owner=owner, lease_until=until)
    return connection.execute(taken).rowcount == 1


def keep(connection: Connection, action_id: str, owner: str, until: datetime, **values: Any) -> None:
    """Change columns as the holder of the lease, and prolong it. Raise Unavailable where another run has taken it."""
    is_mine = (a.c.action_id == action_id) & (a.c.lease_owner == owner)
    done = connection.execute(update(a).where(is_mine).values(lease_until=until, **values))
    if done.rowcount != 1:
        raise Unavailable(f"action {action_id} was taken over by another run; this one has stopped")


def release(connection: Connection, action_id: str, owner: str) -> None:
    """Give the lease back; nothing happens where it is another's by now."""
    is_mine = (a.c.action_id == action_id) & (a.c.lease_owner == owner)
    connection.execute(update(a).where(is_mine).values(lease_owner=None, lease_until=None))


def _action(row: Row[Any]) -> Action:
    return Action(**row._mapping)
