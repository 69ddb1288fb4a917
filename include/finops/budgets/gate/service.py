"""Ask the gate, and approve what it would hold back."""

from __future__ import annotations

from datetime import UTC, date, datetime

from finops.budgets.gate import decide, read
from finops.budgets.gate.models import Answer, Request
from finops.budgets.gate.read import LivePrice
from finops.core.errors import BadInput
from finops.core.settings import Settings
from finops.policy import budgets
from finops.stores.state import budget_approvals
from finops.stores.state.budget_approvals import Approval
from finops.stores.state.store import open_state


def ask(settings: Settings, asked: Request, now: datetime | None = None, live: LivePrice | None = None) -> Answer:
    """Return whether a job may start now, or at a moment with a time zone. Nothing is written.

    Raise BadInput for a budget that there is not, for an estimate in another currency than that of a budget that is
    named, and for an invalid ``budgets.yml``.
    """
    at = now or datetime.now(UTC)
    today = at.astimezone(UTC).date()
    return decide.decide(asked, read.facts(settings, asked, today, live), at)


def approve(settings: Settings, budget: str, *, by: str, until: date, reason: str) -> Approval:
    """Record that jobs of a budget may start until the end of a day (UTC). The newest approval of a budget counts.

    Raise BadInput for a budget that there is not, or without a name or a reason.
    """
    known = [each.id for each in budgets.lines(settings).lines if each.kpi is None]
    if budget not in known:
        raise BadInput(f"budgets.yml holds no budget {budget} of costs; there are {', '.join(known)[:1000] or 'none'}")
    if not by.strip() or not reason.strip():
        raise BadInput("an approval says who approves and why; give both")
    found = Approval(budget, by.strip(), until, reason.strip(), datetime.now(UTC))
    with open_state(settings).begin() as connection:
        budget_approvals.record(connection, found)
    return found


def approvals(settings: Settings, day: date | None = None) -> dict[str, Approval]:
    """Return the approvals that hold on a day (UTC), today without one, by budget."""
    with open_state(settings).connect() as connection:
        return budget_approvals.on(connection, day or datetime.now(UTC).date())
