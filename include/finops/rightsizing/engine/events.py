"""What people are told of actions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from finops.core.events import Event, Severity
from finops.core.money import cents
from finops.stores.state.actions import Action

PROPOSED, APPLIED, FAILED = "action_proposed", "action_applied", "action_failed"
ABANDONED = "action_abandoned"
ROLLED_BACK, DRIFTED, UNFINISHED, RULE_DISABLED = (
    "action_rolled_back",
    "action_drifted",
    "action_unfinished",
    "rule_disabled",
)


def proposed(action: Action, needed: int) -> Event:
    """Say that an action waits for approval."""
    persons = "one person" if needed == 1 else f"{needed} persons"
    return _event(
        PROPOSED,
        action,
        Severity.INFO,
        f"{_what(action)} waits for approval",
        f"{action.about.get('evidence', '')} It would save {_amount(action)} a month; {persons} must approve it by "
        f"{action.expires_at:%Y-%m-%d %H:%M} UTC.".strip(),
        (f"`finops rightsizing approve {action.action_id} --by WHO`, or `reject` with `--why`.",),
        group=PROPOSED,
    )


def question(action: Action) -> dict[str, str]:
    """Return the subject and the body, as Markdown, in which a person is asked whether an action may be done."""
    wanted = ", ".join(
        f"{name} {json.dumps(value) if isinstance(value, Mapping) else value}"
        for name, value in action.parameters.items()
    )
    where = ", ".join(filter(None, (f"{action.provider} {action.account}", action.region)))
    said = (
        str(action.about.get("evidence") or ""),
        f"{where}: {action.resource_id}, {wanted}".rstrip(", "),
        f"It costs {cents(action.monthly_cost):f} {action.currency} a month and would save {_amount(action)}. "
        f"Risk {action.about.get('risk')}, owner {action.owner or 'unknown'}.",
        str(action.about.get("note") or ""),
        f"Action {action.action_id}; it is off unless it is approved by {action.expires_at:%Y-%m-%d %H:%M} UTC.",
    )
    return {"subject": f"{_what(action)}: saves {_amount(action)} a month", "body": "\n\n".join(filter(None, said))}


def applied(action: Action) -> Event:
    """Say that an action is done; of a rollback that it is undone."""
    if action.rollback_of is not None:
        title, text = f"{action.rollback_of} was rolled back", f"{_what(action)} is done: it is as it was before."
        return _event(ROLLED_BACK, action, Severity.INFO, title, text, resolves=key(action.rollback_of, APPLIED))
    text = f"It should save {_amount(action)} a month. {action.about.get('note', '')}".strip()
    undo = (f"`finops rightsizing rollback {action.action_id} --by WHO` undoes it.",) if action.inverse else ()
    return _event(APPLIED, action, Severity.INFO, f"{_what(action)} is done", text, undo)


def failed(action: Action, reason: str, *, is_as_before: bool) -> Event:
    """Say that an action has failed: gone back to the state before, or left where it was."""
    if is_as_before:
        text = f"{reason}. The resource is as it was before."
        return _event(FAILED, action, Severity.WARNING, f"{_what(action)} was not possible", text)
    text = f"{reason}. The resource may be half way: a person must look at it now."
    steps = (f"`finops rightsizing journal {action.action_id}` shows each step and the state before.",)
    return _event(FAILED, action, Severity.CRITICAL, f"{_what(action)} has failed half way", text, steps)


def abandoned(action: Action, reason: str, found: Mapping[str, Any]) -> Event:
    """Say that a person has ended an action that was under way. ``found``: its state, or why nobody could read it."""
    live = found.get("state")
    seen = f"Its state could not be read: {found.get('unread')}"
    if live is not None:
        facts = ", ".join(f"{name} {value}" for name, value in sorted(live["facts"].items()))
        seen = f"It is {live['state'] or 'there'} ({facts})" if live["exists"] else "It does not exist any more"
    text = f"{reason}. The resource is left as it is. {seen}."
    steps = (f"`finops rightsizing journal {action.action_id}` shows each step and the state before.",)
    return _event(ABANDONED, action, Severity.WARNING, f"{_what(action)} was ended by hand", text, steps)


def unfinished(action: Action, reason: str, number: int) -> Event:
    """Say that a run has left an action half way; the next one goes on."""
    event = _event(
        f"{UNFINISHED}/{number}",
        action,
        Severity.WARNING,
        f"{_what(action)} is not finished",
        f"{reason}. The resource may be half way until the next run goes on.",
        (
            "`finops rightsizing resume` goes on.",
            f"`finops rightsizing rollback {action.action_id} --by WHO` goes back.",
            f"Put right by hand: `finops rightsizing abandon {action.action_id} --by WHO --why TEXT` ends it.",
        ),
    )
    return event


def drifted(action: Action, days: int, live: Mapping[str, Any]) -> Event:
    """Say that a resource is not as an action has left it."""
    text = f"After {days} days it is not as intended any more: its state is {live.get('state') or 'another'}."
    return _event(f"{DRIFTED}/{days}", action, Severity.WARNING, f"{_what(action)} did not last", text)


def rule_disabled(rule: str, reason: str, since: str) -> Event:
    """Say that a rule proposes nothing any more. ``since``: what makes it another time."""
    return Event(
        kind=RULE_DISABLED,
        key=f"{RULE_DISABLED}/{rule}/{since}",
        severity=Severity.WARNING,
        title=f"The rule {rule} was set aside",
        text=reason,
        next_steps=(f"Correct its thresholds, then `finops rightsizing enable {rule} --by WHO`.",),
    )


def key(action_id: str, kind: str) -> str:
    """Return the key of an event of an action."""
    return f"action/{action_id}/{kind}"


def _event(
    kind: str,
    action: Action,
    severity: Severity,
    title: str,
    text: str,
    steps: tuple[str, ...] = (),
    *,
    group: str = "",
    resolves: str = "",
) -> Event:
    facts = (
        ("Action", action.action_id),
        ("Resource", action.resource_id),
        ("Account", f"{action.provider} {action.account}"),
        ("Estimated saving", f"{_amount(action)} a month"),
    )
    return Event(
        kind=kind.partition("/")[0],
        key=key(action.action_id, kind),
        severity=severity,
        title=title,
        text=text,
        facts=facts,
        owner=action.owner,
        next_steps=steps,
        group=group,
        resolves=resolves,
    )


def _what(action: Action) -> str:
    return f"{action.action} of {action.resource_id}"


def _amount(action: Action) -> str:
    return f"{cents(action.monthly_saving):f} {action.currency}"
