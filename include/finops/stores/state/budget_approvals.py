"""Approvals of jobs that a budget would hold back. All are kept; of a budget the newest counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, select

from finops.stores.state.tables import budget_approvals as a


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved, why, and until which day (UTC, included)."""

    budget: str
    approved_by: str
    approved_until: date
    reason: str
    approved_at: datetime


def record(connection: Connection, approval: Approval) -> None:
    """Note an approval. It takes the place of an earlier one of the budget, also where it ends earlier."""
    connection.execute(insert(a).values({**asdict(approval), "approved_until": str(approval.approved_until)}))


def on(connection: Connection, day: date) -> dict[str, Approval]:
    """Return the approvals that hold on a day, by budget."""
    columns = (each for each in a.c if each.name != "approval_id")
    newest: dict[str, Approval] = {}
    for row in connection.execute(select(*columns).order_by(a.c.approval_id)):
        values = {**row._mapping, "approved_until": date.fromisoformat(row.approved_until)}
        newest[row.budget] = Approval(**values)
    return {budget: each for budget, each in newest.items() if each.approved_until >= day}
