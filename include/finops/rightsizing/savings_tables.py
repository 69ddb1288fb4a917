"""The tables of actions: how each stands, and what it has saved, filed under the month in which it did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from finops.rightsizing.ledger import Saving, hours_of
from finops.stores.results import ResultColumn, Results, ResultTable
from finops.stores.state.actions import Action, Approval

_MONEY = "decimal(38,12)"


def _text(name: str, description: str) -> ResultColumn:
    return ResultColumn(name, "varchar", description)


SAVINGS = ResultTable(
    "mart_action_savings",
    "One row per action and month: what it saved, measured against the cost before.",
    (
        _text("billing_period", "Month (YYYY-MM) in which it was saved."),
        _text("billing_currency", "Currency of the amounts."),
        _text("action_id", "Id of the action, as `finops rightsizing list` has it."),
        _text("rule", "The rule whose finding proposed it."),
        _text("action", "What was done."),
        _text("owner", "Cost centre of the resource; empty where nobody is known."),
        _text("provider", "Provider of the resource."),
        _text("account_id", "Account, subscription or project of the resource."),
        _text("resource_id", "The resource, as the bill's ResourceId."),
        ResultColumn("effective_from", "date", "Day (UTC) from which it counts."),
        ResultColumn("days", "bigint", "Days of the month that count and whose costs are known."),
        ResultColumn("estimated", _MONEY, "What the finding had estimated for these days."),
        ResultColumn("realised", _MONEY, "What they cost less than at the baseline; 0 within the tolerance."),
        ResultColumn("added_cost", _MONEY, "What they cost more than at the baseline; 0 as a rule."),
    ),
    ("billing_period", "billing_currency", "action_id"),
)

ACTIONS = ResultTable(
    "mart_actions",
    "One row per action as it stood at the last settlement; one that undoes another is a row of its own.",
    (
        _text("billing_period", "Month (YYYY-MM) of the run date."),
        _text("billing_currency", "Currency of the amounts."),
        _text("action_id", "Id of the action, as `finops rightsizing list` has it."),
        _text(
            "status",
            "planned, approved, applying, applied, failed, backed_out, abandoned, rolled_back, rejected, refused or "
            "expired.",
        ),
        _text("rule", "The rule whose finding proposed it."),
        _text("action", "What is, or was, to be done."),
        _text("owner", "Cost centre of the resource; empty where nobody is known."),
        _text("provider", "Provider of the resource."),
        _text("account_id", "Account, subscription or project of the resource."),
        _text("region", "Region of the resource."),
        _text("resource_id", "What is changed: the resource of the finding, or the group that it belongs to."),
        ResultColumn("run_date", "date", "Run date of the finding (UTC)."),
        ResultColumn("monthly_cost", _MONEY, "Effective cost of the resource a month, as the finding has it."),
        ResultColumn("monthly_saving", _MONEY, "Saving a month, as the finding had estimated it."),
        _text("requested_by", "Who asked for it."),
        ResultColumn("requested_at", "timestamptz", "When it was asked for."),
        _text("approved_by", "Who approved it, in that order, with commas between; empty where nobody did."),
        ResultColumn("approved_at", "timestamptz", "When the last of them did.", nullable=True),
        ResultColumn("started_at", "timestamptz", "When it was begun.", nullable=True),
        ResultColumn("finished_at", "timestamptz", "When it ended, in whatever way.", nullable=True),
        ResultColumn(
            "hours_to_resolve", "double", "Hours from asking to done; null of one that was never done.", nullable=True
        ),
        _text("reason", "Why it ended as it did, or what it waits for; empty where there is nothing to say."),
        _text("rollback_of", "Id of the action that this one undoes; empty of all others."),
    ),
    ("billing_period", "action_id"),
)

TABLES: tuple[ResultTable, ...] = (SAVINGS, ACTIONS)


def rows_of(savings: Iterable[Saving], every: Sequence[Action], approvals: Mapping[str, Sequence[Approval]]) -> Results:
    """Return the rows of both tables by month; ``every`` is at least one action, and has those that have saved."""
    months: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for action in every:
        months[action.run_date[:7]].append(_action(action, approvals.get(action.action_id, ())))
    # Where nothing is saved yet the table is published all the same, without rows.
    return {SAVINGS.name: _savings(savings) or {max(months): []}, ACTIONS.name: dict(months)}


def _action(action: Action, approvals: Sequence[Approval]) -> dict[str, Any]:
    return {
        "billing_currency": action.currency,
        "action_id": action.action_id,
        "status": action.status,
        "rule": action.rule,
        "action": action.action,
        "owner": action.owner,
        "provider": action.provider,
        "account_id": action.account,
        "region": action.region,
        "resource_id": action.resource_id,
        "run_date": action.run_date,
        "monthly_cost": action.monthly_cost,
        "monthly_saving": action.monthly_saving,
        "requested_by": action.requested_by,
        "requested_at": action.requested_at,
        "approved_by": ", ".join(each.approver for each in approvals),
        "approved_at": approvals[-1].approved_at if approvals else None,
        "started_at": action.started_at,
        "finished_at": action.finished_at,
        "hours_to_resolve": hours_of(action),
        "reason": action.reason,
        "rollback_of": action.rollback_of or "",
    }


def _savings(savings: Iterable[Saving]) -> dict[str, list[dict[str, Any]]]:
    months: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in savings:
        action = each.action
        months[each.month].append(
            {
                "billing_currency": action.currency,
                "action_id": action.action_id,
                "rule": action.rule,
                "action": action.action,
                "owner": action.owner,
                "provider": action.provider,
                "account_id": action.account,
                "resource_id": action.resource_id,
                "effective_from": action.effective_from,
                "days": each.days,
                "estimated": each.estimated,
                "realised": each.realised,
                "added_cost": each.added_cost,
            }
        )
    return dict(months)
