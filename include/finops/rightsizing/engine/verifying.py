"""Read the state of what was done again after some days: whether it is still as intended."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from finops.core.errors import FinopsError
from finops.rightsizing.engine import events
from finops.rightsizing.engine.tools import Tools, change_of, live_as_json, target_of
from finops.stores.state import actions

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the state of a resource was as intended so many days after an action; ``fault``: it could not be read."""

    action_id: str
    days: int
    is_as_intended: bool
    fault: str = ""


def verify(tools: Tools) -> list[Verified]:
    """Read what is due; return what was found. What cannot be read is tried again by the next run."""
    with tools.database.connect() as connection:
        done = actions.all_of(connection, (actions.APPLIED,))
    found = []
    for action in done:
        days = _due(tools, action)
        if days is not None:
            try:
                found.append(_verify(tools, action, days))
            except FinopsError as error:
                logger.warning("action %s cannot be verified: %s", action.action_id, error)
                found.append(Verified(action.action_id, days, is_as_intended=False, fault=str(error)))
    return found


def _due(tools: Tools, action: actions.Action) -> int | None:
    """Return the last number of days that is over and was not seen to: one reading does for all before it."""
    if action.finished_at is None or action.rollback_of is not None:
        return None
    over = [
        days
        for days in sorted(tools.policy.verify_after_days)
        if action.finished_at + timedelta(days=days) <= tools.clock.now()
    ]
    return over[-1] if over and str(over[-1]) not in action.verified else None


def _verify(tools: Tools, action: actions.Action, days: int) -> Verified:
    kind, change = tools.find(action.provider, action.action), change_of(action)
    live = kind.observe(tools.client(target_of(action)), change)
    is_held = kind.next_step(live, change) is None
    state = live_as_json(live)
    told = [] if is_held else [events.drifted(action, days, state)]
    with tools.database.begin() as connection:
        verified = {**action.verified, str(days): is_held}
        actions.change(connection, action.action_id, was=(actions.APPLIED,), verified=verified)
        content = {"days": days, "is_as_intended": is_held, "state": state}
        tools.write(connection, action.action_id, "verified", content, told)
    return Verified(action.action_id, days, is_held)
