"""Approve and reject: by a named person who is not the requester, by two where much is at stake, and in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from finops.core.errors import BadInput
from finops.rightsizing.engine import applying, guardrails
from finops.rightsizing.engine.tools import Tools
from finops.stores.state import actions, suppressions
from finops.stores.state.suppressions import Suppression

DISMISSED_DAYS = 90
"""How long a dismissed finding is not proposed again."""


@dataclass(frozen=True, slots=True)
class Approved:
    """How many have approved an action, and how many must."""

    approvals: int
    needed: int

    @property
    def is_complete(self) -> bool:
        """Whether it may be applied."""
        return self.approvals >= self.needed


def approve(tools: Tools, action_id: str, by: str, why: str = "") -> Approved:
    """Note an approval. Raise BadInput where this person may not, has done so, or the action waits for none."""
    applying.expire(tools)
    now = tools.clock.now()
    with tools.database.begin() as connection:
        action = _waiting(connection, action_id)
        if refused := guardrails.may_approve(tools.policy, action, by):
            raise BadInput(f"{action_id} cannot be approved: {refused.reason}")
        before = actions.approvals(connection, action_id)
        if guardrails.person(by) in {guardrails.person(each.approver) for each in before}:
            raise BadInput(f"{by} has approved {action_id} already; a second person must")
        actions.approve(connection, action_id, by, why, now)
        needed = guardrails.approvals_needed(tools.policy, action)
        enough = guardrails.of_approvals(tools.policy, action, actions.approvals(connection, action_id)) is None
        expires_at = now + timedelta(hours=tools.policy.approval_expires_hours)
        values = {"status": actions.APPROVED, "expires_at": expires_at} if enough else {"status": actions.PLANNED}
        actions.change(connection, action_id, was=(actions.PLANNED,), **values)
        content = {"by": by, "why": why, "approvals": len(before) + 1, "needed": needed}
        tools.write(connection, action_id, "approved", content)
    return Approved(len(before) + 1, needed)


def reject(tools: Tools, action_id: str, by: str, why: str) -> None:
    """End an action that has not begun. Raise BadInput for one that has, or has ended."""
    _require_named(by, why)
    applying.expire(tools)
    with tools.database.begin() as connection:
        action = _waiting(connection, action_id, also=actions.APPROVED)
        applying.end(tools, connection, action, actions.REJECTED, f"{by}: {why}", by)


def dismiss(tools: Tools, action_id: str, by: str, why: str) -> Suppression:
    """Reject an action because its finding is not waste: the finding is not proposed again for some time."""
    _require_named(by, why)
    applying.expire(tools)
    with tools.database.begin() as connection:
        action = _waiting(connection, action_id, also=actions.APPROVED)
        applying.end(tools, connection, action, actions.REJECTED, f"{by}: {why}", by)
        until = tools.clock.now().date() + timedelta(days=DISMISSED_DAYS)
        return _suppress(tools, connection, action.finding_key, by, why, until)


def suppress(tools: Tools, finding_key: str, by: str, why: str, until: date) -> Suppression:
    """Let a finding not be proposed before a day. Raise BadInput for one that is over, or without author or reason."""
    _require_named(by, why)
    if until <= tools.clock.now().date():
        raise BadInput(f"--until {until} is not in the future; nothing would be suppressed")
    with tools.database.begin() as connection:
        return _suppress(tools, connection, finding_key, by, why, until)


def enable(tools: Tools, rule: str, by: str, why: str) -> None:
    """Let a rule propose again that was set aside. Raise BadInput for one that was not."""
    _require_named(by, why)
    with tools.database.begin() as connection:
        if not suppressions.enable(connection, rule):
            known = ", ".join(suppressions.disabled_rules(connection)) or "none"
            raise BadInput(f"the rule {rule!r} was not set aside; those that were: {known}")
        tools.write(connection, "", "rule_enabled", {"rule": rule, "by": by, "why": why})


def _suppress(tools: Tools, connection: Connection, finding_key: str, by: str, why: str, until: date) -> Suppression:
    made = Suppression(finding_key, by, why, tools.clock.now(), until)
    suppressions.suppress(connection, made)
    tools.write(connection, "", "suppressed", {"finding": finding_key, "by": by, "why": why, "until": str(until)})
    return made


def _waiting(connection: Connection, action_id: str, also: str = actions.PLANNED) -> actions.Action:
    found = actions.require(connection, action_id)
    if found.status not in (actions.PLANNED, also):
        raise BadInput(f"{action_id} is {found.status}{f' ({found.reason})' if found.reason else ''}; nothing waits")
    return found


def _require_named(by: str, why: str) -> None:
    if not by.strip():
        raise BadInput("--by is empty; name the person who decides")
    if not why.strip():
        raise BadInput("--why is empty; say why, for whoever reads the journal")
