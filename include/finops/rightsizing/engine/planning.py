"""From findings to planned actions: each passes the guardrails, is written once, and waits for approval."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from finops.core.errors import BadInput
from finops.rightsizing.engine import applying, events, guardrails
from finops.rightsizing.engine.guardrails import Refusal
from finops.rightsizing.engine.tools import Tools, target_of
from finops.rightsizing.models import ResourceType, Target
from finops.stores.state import action_journal, actions, suppressions

PROPOSED = "proposed"
"""Status of a finding from which an action may be planned."""
Baselines = Callable[[actions.Action], Mapping[str, Any]]
"""Returns what a resource cost before, as JSON has it."""
_ABOUT = ("resource_id", "evidence", "note", "risk", "effort", "confidence", "owner", "project", "environment", "facts")


@dataclass(frozen=True, slots=True)
class NotPlanned:
    """A finding from which no action was planned, and why."""

    finding_key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has planned anew, and what not."""

    planned: tuple[actions.Action, ...]
    not_planned: tuple[NotPlanned, ...]


def plan(
    tools: Tools,
    rows: Sequence[Mapping[str, Any]],
    by: str,
    baselines: Baselines,
    *,
    replayed: date | None = None,
) -> Plan:
    """Plan actions from the findings of one run date, rows of ``mart_findings``, that propose one.

    Planning the same findings again changes nothing. What was planned before and is not found any more ends.
    ``replayed`` is a past run date that is played again: its actions count from that day on.
    """
    applying.expire(tools)
    found = [_parsed(row) for row in rows]
    today = replayed or tools.clock.now().date()
    planned, refused = [], []
    for row in sorted(found, key=lambda each: (-each["monthly_saving"], each["finding_key"])):
        if row["status"] != PROPOSED or not row["action"]:
            continue
        action = _action_of(tools, row, by, _matched(found, row["rule"]), replayed)
        reason = _write(tools, row, action, today, baselines)
        if reason is None:
            planned.append(action)
        elif reason:
            refused.append(NotPlanned(row["finding_key"], reason))
    if replayed is None:
        _end_what_is_gone(tools, {row["finding_key"] for row in found if row["action"]})
    return Plan(tuple(planned), tuple(refused))


def _write(
    tools: Tools, row: Mapping[str, Any], action: actions.Action, today: date, baselines: Baselines
) -> str | None:
    """Write one action; return None, or why not: empty where it was planned before."""
    from dataclasses import replace

    with tools.database.connect() as connection:
        if actions.get(connection, action.action_id) is not None:
            return ""
    baseline = baselines(action)
    with tools.database.begin() as connection:
        actions.serialise(connection)
        refused = _refusal(tools, connection, row, action, today)
        if refused is not None:
            return refused.reason
        action = replace(action, baseline=baseline)
        if actions.add(connection, action):
            content = {"finding": action.finding_key, "action": action.action, "parameters": dict(action.parameters)}
            content |= {"resource": action.resource_id, "account": action.account, "by": action.requested_by}
            content |= {"saving": f"{action.monthly_saving:f} {action.currency}", "baseline": dict(baseline)}
            told = events.proposed(action, guardrails.approvals_needed(tools.policy, action))
            tools.write(connection, action.action_id, actions.PLANNED, content, [told])
    return None


def _refusal(
    tools: Tools, connection: Connection, row: Mapping[str, Any], action: actions.Action, today: date
) -> Refusal | None:
    policy = tools.policy
    if why := suppressions.disabled_rules(connection).get(action.rule):
        return Refusal(f"the rule {action.rule} was set aside: {why}")
    if found := suppressions.current(connection, today).get(action.finding_key):
        return Refusal(f"{found.author} has suppressed it until {found.until}: {found.reason}")
    try:
        tools.find(action.provider, action.action)
    except BadInput as error:
        return Refusal(str(error))
    before = actions.of_resource(connection, action.provider, action.resource_id)
    refused = guardrails.of_account(policy, target_of(action))
    if action.resource_type == ResourceType.ACCOUNT:
        # Its tags are in no inventory: the live state tells them before it begins.
        refused = refused or guardrails.of_same(before, action)
    else:
        refused = refused or guardrails.of_tags(policy, row["tags"])
    return (
        refused or guardrails.of_finding(policy, row, today) or guardrails.of_history(policy, before, tools.clock.now())
    )


def _end_what_is_gone(tools: Tools, keys: set[str]) -> None:
    """End what waits and is not found any more: somebody has seen to it, or it is used again."""
    with tools.database.begin() as connection:
        for each in actions.all_of(connection, (actions.PLANNED, actions.APPROVED)):
            is_replayed = each.effective_from is not None
            if each.rollback_of is None and not is_replayed and each.finding_key not in keys:
                applying.end(tools, connection, each, actions.EXPIRED, "it is not found any more")


def _parsed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its JSON texts read."""
    texts = ("parameters", "facts", "tags")
    return {**row, **{name: _json(row.get(name)) for name in texts}, "action": row.get("action") or ""}


def _json(value: Any) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) and value else value
    return dict(found or {})


def _matched(rows: Sequence[Mapping[str, Any]], rule: str) -> int:
    return len({(row["provider"], row["resource_id"]) for row in rows if row["rule"] == rule})


def _action_of(tools: Tools, row: Mapping[str, Any], by: str, matched: int, replayed: date | None) -> actions.Action:
    now = tools.clock.now()
    resource = row.get("action_resource_id") or row["resource_id"]
    target = Target(row["provider"], row["account_id"], row["region"], row.get("zone") or "", resource)
    what = {"finding": row["finding_key"], "action": row["action"], "parameters": row["parameters"]}
    said = action_journal.canonical(what | {"run_date": str(row["run_date"])})
    return actions.Action(
        action_id=hashlib.sha256(said.encode()).hexdigest()[:16],
        status=actions.PLANNED,
        finding_key=row["finding_key"],
        rule=row["rule"],
        run_date=str(row["run_date"]),
        provider=str(target.provider),
        account=target.account,
        region=target.region,
        zone=target.zone,
        resource_id=target.resource_id,
        resource_type=str(row["resource_type"]),
        action=row["action"],
        parameters=row["parameters"],
        currency=row["billing_currency"],
        monthly_cost=row["monthly_cost"],
        monthly_saving=row["monthly_saving"],
        matched=matched,
        about={name: row.get(name) if name != "facts" else row["facts"] for name in _ABOUT},
        baseline={},
        requested_by=by,
        requested_at=now,
        expires_at=now + timedelta(hours=tools.policy.approval_expires_hours),
        effective_from=None if replayed is None else str(replayed),
    )
