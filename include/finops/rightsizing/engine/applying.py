"""Apply what is approved, go on with what was left half way, and undo what was done."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import Connection

from finops.core.errors import BadInput, FinopsError
from finops.rightsizing.actions.model import Action, Busy, Live, ReplyLost
from finops.rightsizing.engine import guardrails
from finops.rightsizing.engine.guardrails import Refusal
from finops.rightsizing.engine.pursuing import Unfinished, pursuit
from finops.rightsizing.engine.tools import (
    Hold,
    Tools,
    change_as_json,
    change_from_json,
    change_of,
    holding,
    live_as_json,
    target_of,
)
from finops.stores.state import actions, suppressions

logger = logging.getLogger(__name__)

WOULD, WAITS, UNFINISHED, BROKEN = "would", "waits", "unfinished", "broken"
"""What a run can say beside a status: only shown, goes on later, half way, or a fault of something else."""
_READS = 4


@dataclass(frozen=True, slots=True)
class Result:
    """What a run has made of an action: its status, or one of the words above, and why."""

    action_id: str
    outcome: str
    reason: str


def is_failure(result: Result) -> bool:
    """Tell whether a run must not pass for a success: what was to be done was not, or is half way."""
    return result.outcome in (actions.FAILED, actions.BACKED_OUT, UNFINISHED, BROKEN)


def apply(tools: Tools, action_ids: Iterable[str] = ()) -> list[Result]:
    """Apply approved actions, all or those named, what saves most first. One that fails stops no other.

    Raise BadInput for an id that is not known.
    """
    expire(tools)
    with tools.database.connect() as connection:
        named = [actions.require(connection, each) for each in action_ids]
        found = named or actions.all_of(connection, (actions.APPROVED,))
    found.sort(key=lambda each: (-each.monthly_saving, each.action_id))
    return [_guarded(tools, each) for each in found]


def resume(tools: Tools) -> list[Result]:
    """Go on with every action that is half way and that no other run works on."""
    with tools.database.connect() as connection:
        found = actions.all_of(connection, (actions.APPLYING,))
    return [_guarded(tools, each) for each in found]


def rollback(tools: Tools, action_id: str, by: str, why: str) -> Result:
    """Undo an action: one that is done by its recorded inverse, one that is half way by going back.

    Raise BadInput where it is neither, nothing undoes it, or whoever asks may not.
    """
    expire(tools)
    with tools.database.connect() as connection:
        action = actions.require(connection, action_id)
    undoing = _inverse_of(tools, action, by) if action.status == actions.APPLIED else replace(action, requested_by=by)
    if refused := guardrails.may_approve(tools.policy, replace(undoing, rollback_of=action_id), by):
        raise BadInput(f"{action_id} cannot be rolled back: {refused.reason}")
    if action.status == actions.APPLYING:
        return _guarded(tools, action, f"{by} rolls it back: {why}" if why else f"{by} rolls it back")
    if action.status != actions.APPLIED:
        raise BadInput(f"{action_id} cannot be rolled back: it is {action.status}")
    if tools.policy.dry_run:
        return Result(action_id, WOULD, f"dry run: {undoing.action} of {undoing.resource_id} would undo it")
    with tools.database.begin() as connection:
        if actions.add(connection, undoing):
            actions.approve(connection, undoing.action_id, by, why, tools.clock.now())
            content = {"rollback_of": action_id, "by": by, "why": why}
            tools.write(connection, undoing.action_id, actions.APPROVED, content)
        undoing = actions.require(connection, undoing.action_id)
    return _guarded(tools, undoing)


def expire(tools: Tools) -> int:
    """End what was not approved, or not begun, in time; return how many."""
    now = tools.clock.now()
    with tools.database.begin() as connection:
        late = [
            each
            for each in actions.all_of(connection, (actions.PLANNED, actions.APPROVED))
            if each.expires_at <= now and (each.lease_until is None or each.lease_until <= now)
        ]
        for each in late:
            reason = f"it was {each.status} and not begun by {each.expires_at:%Y-%m-%d %H:%M} UTC"
            end(tools, connection, each, actions.EXPIRED, reason)
    return len(late)


def end(tools: Tools, connection: Connection, action: actions.Action, status: str, reason: str, by: str = "") -> None:
    """End an action that has not begun."""
    waiting = (actions.PLANNED, actions.APPROVED)
    values = {"status": status, "reason": reason, "finished_at": tools.clock.now()}
    actions.change(connection, action.action_id, was=waiting, **values)
    tools.write(connection, action.action_id, status, {"reason": reason, **({"by": by} if by else {})})


def _inverse_of(tools: Tools, action: actions.Action, by: str) -> actions.Action:
    """Return the action that undoes another one, approved by whoever asks."""
    if action.inverse is None:
        raise BadInput(f"{action.action_id} cannot be rolled back: nothing undoes {action.action} of this resource")
    inverse, now = change_from_json(action.inverse), tools.clock.now()
    with tools.database.connect() as connection:
        earlier = [each for each in actions.all_of(connection) if each.rollback_of == action.action_id]
    number = sum(each.status not in actions.OPEN for each in earlier)
    target = inverse.target
    return actions.Action(
        action_id=hashlib.sha256(f"{action.action_id}/rollback/{number}".encode()).hexdigest()[:16],
        status=actions.APPROVED,
        finding_key=action.finding_key,
        rule=action.rule,
        run_date=action.run_date,
        provider=target.provider,
        account=target.account,
        region=target.region,
        zone=target.zone,
        resource_id=target.resource_id,
        resource_type=action.resource_type,
        action=inverse.action,
        parameters=inverse.parameters,
        currency=action.currency,
        monthly_cost=action.monthly_cost,
        monthly_saving=-action.monthly_saving,
        matched=action.matched,
        about={**action.about, "evidence": f"It undoes {action.action_id}.", "note": ""},
        baseline={},
        requested_by=by,
        requested_at=now,
        expires_at=now + timedelta(hours=tools.policy.approval_expires_hours),
        rollback_of=action.action_id,
    )


def _guarded(tools: Tools, action: actions.Action, going_back: str = "") -> Result:
    """Work on one action; whatever goes wrong with it is its result."""
    try:
        if tools.stopped:
            return Result(action.action_id, WAITS, tools.stopped)
        if tools.policy.dry_run:
            return _shown(tools, action)
        with holding(tools, action.action_id) as hold:
            return _work(hold, going_back)
    except Unfinished as error:
        return Result(action.action_id, UNFINISHED, str(error))
    except FinopsError as error:
        return Result(action.action_id, WAITS if error.is_retryable else BROKEN, str(error))
    except Exception as error:
        logger.exception("action %s", action.action_id)
        return Result(action.action_id, BROKEN, f"{type(error).__name__}: {FinopsError(str(error))}")


def _work(hold: Hold, going_back: str) -> Result:
    with hold.tools.database.connect() as connection:
        # Read again: another run may have been at it before the lease was taken.
        action = actions.require(connection, hold.action_id)
    if action.status not in (actions.APPROVED, actions.APPLYING):
        return Result(action.action_id, action.status, action.reason or "nothing is to be done")
    kind = hold.tools.find(action.provider, action.action)
    if action.status == actions.APPROVED:
        live = read(hold.tools, kind, action)
        refused = _begin(hold, kind, action, live)
        if refused is not None:
            return Result(action.action_id, WAITS if refused.waits else actions.REFUSED, refused.reason)
        with hold.tools.database.connect() as connection:
            action = actions.require(connection, hold.action_id)
    work = pursuit(hold, kind, action)
    if not going_back or action.is_backing_out or work.back_out(going_back):
        work.run()
    return Result(action.action_id, work.action.status, work.action.reason)


def _shown(tools: Tools, action: actions.Action) -> Result:
    """Say what would be done, from the live state; nothing is written."""
    if action.status not in (actions.APPROVED, actions.APPLYING):
        return Result(action.action_id, action.status, action.reason or "nothing is to be done")
    kind = tools.find(action.provider, action.action)
    live = read(tools, kind, action)
    with tools.database.connect() as connection:
        refused = _refusal(tools, connection, kind, action, live)
    if refused is not None:
        return Result(action.action_id, WAITS if refused.waits else actions.REFUSED, f"dry run: {refused.reason}")
    step = kind.next_step(live, change_of(action))
    return Result(action.action_id, WOULD, f"dry run: its first step would be {step}")


def read(tools: Tools, kind: Action, action: actions.Action) -> Live:
    """Return the live state of an action's resource. Raise what the last of some readings raised."""
    client = tools.client(target_of(action))
    for number in range(_READS):
        try:
            return kind.observe(client, change_of(action))
        except (Busy, ReplyLost):
            if number == _READS - 1:
                raise
            tools.clock.sleep(2.0 ** (number + 1))
    raise AssertionError("unreachable")


def _begin(hold: Hold, kind: Action, action: actions.Action, live: Live) -> Refusal | None:
    """Check every guardrail and begin, in one transaction: two runs cannot both stay below a cap."""
    with hold.tools.database.begin() as connection:
        actions.serialise(connection)
        refused = _refusal(hold.tools, connection, kind, action, live)
        if refused is None:
            state = live_as_json(live)
            content = {"change": change_as_json(change_of(action)), "before": state}
            values = {"status": actions.APPLYING, "started_at": hold.tools.clock.now(), "before": state}
            hold.note_in(connection, "begun", content, **values)
        elif not refused.waits:
            end(hold.tools, connection, action, actions.REFUSED, refused.reason)
    return refused


def _refusal(tools: Tools, connection: Connection, kind: Action, action: actions.Action, live: Live) -> Refusal | None:
    """Return the first guardrail that forbids to begin."""
    policy, now = tools.policy, tools.clock.now()
    refused = guardrails.of_account(policy, target_of(action))
    refused = refused or guardrails.of_approvals(policy, action, actions.approvals(connection, action.action_id))
    if action.rollback_of is None:
        others = [
            each
            for each in actions.of_resource(connection, action.provider, action.resource_id)
            if each.action_id != action.action_id
        ]
        begun = actions.begun_since(connection, now - guardrails.CAP_WINDOW)
        refused = refused or _withdrawn(connection, action, now.date())
        refused = refused or guardrails.of_history(policy, others, now)
        refused = refused or guardrails.of_caps(policy, begun, action)
    undoes = action.rollback_of is not None
    return refused or guardrails.of_live(policy, kind, live, change_of(action), undoes=undoes)


def _withdrawn(connection: Connection, action: actions.Action, today: date) -> Refusal | None:
    if why := suppressions.disabled_rules(connection).get(action.rule):
        return Refusal(f"the rule {action.rule} was set aside: {why}")
    found = suppressions.current(connection, today).get(action.finding_key)
    return Refusal(f"{found.author} has suppressed it: {found.reason}") if found else None
