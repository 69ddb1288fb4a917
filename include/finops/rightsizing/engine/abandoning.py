"""End an action by hand that is under way: a person has changed its resource meanwhile, or puts it right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from finops.core.errors import BadInput, FinopsError
from finops.rightsizing.engine import applying, events, guardrails
from finops.rightsizing.engine.applying import Result
from finops.rightsizing.engine.tools import Tools, holding, live_as_json
from finops.stores.state import actions


def abandon(tools: Tools, action_id: str, by: str, why: str) -> Result:
    """End an action that is under way, and leave its resource as it is; its state is read and written down.

    Nothing is changed on the cloud, so neither a dry run nor the kill switch forbids it. Raise BadInput for an action
    that is not under way, and for whoever may not decide; Unavailable while another run works on it.
    """
    with tools.database.connect() as connection:
        action = actions.require(connection, action_id)
    # Who asked for it may end it too: as with a rollback, it leads to no further change.
    if refused := guardrails.may_approve(tools.policy, replace(action, rollback_of=action_id), by):
        raise BadInput(f"{action_id} cannot be abandoned: {refused.reason}")
    if not why.strip():
        raise BadInput("--why is empty; say why, for whoever reads the journal")
    _require_under_way(action)
    with holding(tools, action_id) as hold:
        with tools.database.connect() as connection:
            # Read again: another run may have ended it before the lease was taken.
            action = actions.require(connection, action_id)
        _require_under_way(action)
        found = _state(tools, action)
        reason = f"{by} has ended it by hand: {why}"
        content = {"by": by, "why": why, **found}
        values = {"status": actions.ABANDONED, "reason": reason, "finished_at": tools.clock.now()}
        hold.note(actions.ABANDONED, content, events.abandoned(action, reason, found), **values)
    return Result(action_id, actions.ABANDONED, reason)


def _require_under_way(action: actions.Action) -> None:
    if action.status == actions.APPLYING:
        return
    waits = action.status in (actions.PLANNED, actions.APPROVED)
    instead = f"; `finops rightsizing reject {action.action_id}` ends what has not begun" if waits else ""
    raise BadInput(f"{action.action_id} cannot be abandoned: it is {action.status}, not under way{instead}")


def _state(tools: Tools, action: actions.Action) -> dict[str, Any]:
    """Return the live state, or why it cannot be read: a person knows better than a cloud that does not answer."""
    try:
        kind = tools.find(action.provider, action.action)
        return {"state": live_as_json(applying.read(tools, kind, action))}
    except Exception as error:
        return {"unread": f"{type(error).__name__}: {FinopsError(str(error))}"}
