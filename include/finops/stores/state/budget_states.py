"""What is known of thresholds of budgets: which were reached in which period, and by which event that was told.

A row per budget, period and threshold that was ever reached. It is written in the transaction that puts the event, so
that a run that is killed neither loses nor repeats one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from finops.stores.state.tables import budget_states as b

_KEY = ("budget", "period_first", "threshold")


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A threshold that was reached in a period, and whether it still is. See the table for its columns."""

    budget: str
    period_first: date
    threshold: str
    period_last: date
    is_reached: bool
    occurrence: int
    told_key: str
    limit_amount: Decimal
    value: Decimal | None
    changed_at: datetime


def since(connection: Connection, day: date) -> list[BudgetState]:
    """Return the states of periods that end on a day or later, in the order of their keys."""
    query = select(b).where(b.c.period_last >= str(day)).order_by(b.c.budget, b.c.period_first, b.c.threshold)
    return [
        BudgetState(
            **{
                **row._mapping,
                "period_first": date.fromisoformat(row.period_first),
                "period_last": date.fromisoformat(row.period_last),
            }
        )
        for row in connection.execute(query)
    ]


def save(connection: Connection, states: Iterable[BudgetState]) -> None:
    """Write states; each takes the place of the one with its key."""
    rows = [
        {**asdict(each), "period_first": str(each.period_first), "period_last": str(each.period_last)}
        for each in states
    ]
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(b)
    values = {each.name: statement.excluded[each.name] for each in b.columns if each.name not in _KEY}
    connection.execute(statement.on_conflict_do_update(index_elements=list(_KEY), set_=values), rows)
