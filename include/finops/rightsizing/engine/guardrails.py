"""The guardrails: each says in a few words why something must not be done, or nothing where it may. No I/O.

They hold when an action is planned and again right before it begins, then on the live state. What only time or a
person can lift makes an action wait; everything else ends it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from finops.core.money import exact_sum
from finops.policy.rightsizing import RightsizingPolicy
from finops.rightsizing.actions.model import Action as Kind
from finops.rightsizing.actions.model import Live
from finops.rightsizing.models import Change, ResourceType, Target
from finops.stores.state.actions import APPLIED, BEGUN, OPEN, REJECTED, Action, Approval

CAP_WINDOW = timedelta(hours=24)
"""Caps hold for what was begun within it, so that several runs a day are no way round them."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not. ``waits``: it may be done later as it is."""

    reason: str
    waits: bool = False


def of_account(policy: RightsizingPolicy, target: Target) -> Refusal | None:
    """Refuse what is not in an account that is open to actions."""
    account = policy.account(target.provider, target.account)
    if account is None or not account.is_allowed:
        return Refusal(f"account {target.account} is not open to actions")
    # An account, with its policies and quotas, is in no region.
    if account.regions and target.region not in account.regions and target.resource_id != target.account:
        return Refusal(f"region {target.region} of account {target.account} is not open to actions")
    return None


def of_tags(policy: RightsizingPolicy, tags: Mapping[str, str]) -> Refusal | None:
    """Refuse what is protected, and what lacks a tag of the allow-list. The protect tag wins over everything."""
    if policy.is_protected(dict(tags)):
        return Refusal(f"it is protected by the tag {policy.protect_tag}")
    if missing := policy.missing_tag(dict(tags)):
        return Refusal(f"its tag {missing} is none of {', '.join(policy.allow_tags[missing])}")
    return None


def of_finding(policy: RightsizingPolicy, row: Mapping[str, Any], today: date) -> Refusal | None:
    """Refuse what was not found often enough, or long ago, or of which too little was measured: missing is not idle."""
    wanted = policy.rules.consecutive_findings
    if row["times_seen"] < wanted:
        return Refusal(f"found {row['times_seen']} of {wanted} times in a row", waits=True)
    if _hours_old(row["run_date"], today) > policy.freshness_hours:
        return Refusal(f"the finding is of {row['run_date']}, older than {policy.freshness_hours} hours")
    covered, until = row["facts"].get("coverage"), row["facts"].get("measured_until")
    if covered is not None and not float(covered) * 100 >= policy.rules.coverage:
        return Refusal(f"only {float(covered):.0%} of its hours were measured of {policy.rules.coverage:g}%")
    if until and _hours_old(date.fromisoformat(str(until)[:10]), row["run_date"]) > policy.freshness_hours:
        return Refusal(f"its metrics end on {str(until)[:10]}, older than {policy.freshness_hours} hours")
    return None


def of_history(policy: RightsizingPolicy, before: Sequence[Action], now: datetime) -> Refusal | None:
    """Refuse a second action on a resource while one is open or within the cool-down. ``before``: its other actions."""
    for each in before:
        if each.status in OPEN:
            return Refusal(f"action {each.action_id} on it is {each.status}", waits=True)
        until = (each.finished_at or now) + timedelta(days=policy.cool_down_days)
        if each.status in (*BEGUN, REJECTED) and now < until:
            return Refusal(f"it cools down until {until:%Y-%m-%d} after action {each.action_id}", waits=True)
    return None


def of_same(before: Sequence[Action], action: Action) -> Refusal | None:
    """Refuse what was done to an account and not undone: no inventory says of an account that it is so already."""
    for each in before:
        if (each.status, each.action, each.parameters) == (APPLIED, action.action, action.parameters):
            return Refusal(f"action {each.action_id} has done it, and was not rolled back", waits=True)
    return None


def of_caps(policy: RightsizingPolicy, begun: Sequence[Action], action: Action) -> Refusal | None:
    """Refuse what would go beyond a cap. ``begun``: the actions that were begun within ``CAP_WINDOW``."""
    caps = policy.caps
    if len(begun) >= caps.count:
        return Refusal(f"{len(begun)} actions were begun within 24 hours; the cap is {caps.count}", waits=True)
    of_rule = sum(each.rule == action.rule for each in begun)
    allowed = max(1, int(action.matched * caps.percent / 100))
    if of_rule >= allowed:
        found = f"{caps.percent:f} percent of the {action.matched} resources that {action.rule} has found"
        return Refusal(
            f"{of_rule} actions of {action.rule} were begun within 24 hours; {found} are {allowed}", waits=True
        )
    touched = exact_sum(each.monthly_cost for each in begun if each.currency == action.currency)
    if touched + action.monthly_cost > caps.monthly_cost:
        cap = f"{caps.monthly_cost:f} {action.currency}"
        # One that is dearer than the cap by itself would wait for ever.
        return Refusal(
            f"resources of more than {cap} a month within 24 hours", waits=action.monthly_cost <= caps.monthly_cost
        )
    return None


def of_approvals(policy: RightsizingPolicy, action: Action, approvals: Sequence[Approval]) -> Refusal | None:
    """Refuse what too few persons approve who may, and are not who asked for it."""
    counted = {person(each.approver) for each in approvals if may_approve(policy, action, each.approver) is None}
    needed = approvals_needed(policy, action)
    return None if len(counted) >= needed else Refusal(f"{len(counted)} of {needed} approvals", waits=True)


def approvals_needed(policy: RightsizingPolicy, action: Action) -> int:
    """Return how many persons have to approve: two where much is at stake, or a whole account. To undo takes one."""
    is_large = action.monthly_cost > policy.second_approver_above or action.resource_type == ResourceType.ACCOUNT
    return 2 if is_large and action.rollback_of is None else 1


def may_approve(policy: RightsizingPolicy, action: Action, who: str) -> Refusal | None:
    """Refuse the approval of who is not named, or asked for it. Whoever asks for a rollback approves it, too."""
    if person(who) not in map(person, policy.approvers):
        return Refusal(f"{who} is none of the approvers in rightsizing.yml")
    if action.rollback_of is None and person(who) == person(action.requested_by):
        return Refusal(f"{who} has asked for it, and somebody else approves")
    return None


def person(name: str) -> str:
    """Return a name as persons are told apart by."""
    return " ".join(name.split()).casefold()


def of_live(
    policy: RightsizingPolicy, kind: Kind, live: Live, change: Change, *, undoes: bool = False
) -> Refusal | None:
    """Refuse what the live state forbids: gone, protected, as intended already, or one that the cloud refuses."""
    if not live.exists:
        return Refusal("it does not exist any more")
    # What was open to an action is open to its rollback, also where the tags went with the resource.
    if (refused := of_tags(policy, live.tags)) and (not undoes or policy.is_protected(dict(live.tags))):
        return refused
    # First, as it also looks at the parameters, on which the next step relies.
    if reason := kind.refusal(live, change):
        return Refusal(reason)
    return Refusal("it is as intended already") if kind.next_step(live, change) is None else None


def _hours_old(day: date, today: date) -> float:
    """Return how many hours lie between the ends of two days."""
    return (datetime.combine(today, time(), UTC) - datetime.combine(day, time(), UTC)) / timedelta(hours=1)
