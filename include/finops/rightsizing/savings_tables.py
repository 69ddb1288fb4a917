"""The table that says what actions have saved, filed under the month in which they did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from finops.rightsizing.ledger import Saving
from finops.stores.results import ResultColumn, Results, ResultTable

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

TABLES: tuple[ResultTable, ...] = (SAVINGS,)


def rows_of(savings: Iterable[Saving]) -> Results:
    """Return the rows by month."""
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
    return {SAVINGS.name: dict(months)}
