"""What actions have saved: what the days since would have cost at the baseline, less what they did cost. No I/O.

The baseline is frozen when an action is planned: the mean cost per day, and per billed hour, of the 14 days before. An
action that changes the price of an hour (another type, spot) is measured by the hour: the hours that the resource ran
since, at the baseline's price, less what they cost, so that more or less use is no saving. Every other one is measured
by the day. A difference within the tolerance is noise and saves nothing, and nothing saves less than nothing: what a
resource costs more is ``added_cost``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from finops.core.money import exact, exact_arithmetic, exact_sum
from finops.policy.rightsizing import Ledger
from finops.rightsizing.engine import events
from finops.rightsizing.engine.tools import Tools
from finops.stores.state import action_journal, actions, suppressions

BASELINE_DAYS = 14
_BY_THE_HOUR = ("resize_machine", "use_spot")
DONE = (actions.APPLIED, actions.ROLLED_BACK)
"""What was done as intended; a rollback afterwards takes nothing from that."""
_DAYS_A_MONTH = Decimal(730) / 24
LEAST_DAYS = 7
"""An action counts towards its rule's record once so many days are known."""


@dataclass(frozen=True, slots=True)
class DayCost:
    """What a resource cost on a day; ``hours`` is None where the bill meters something else than hours."""

    day: date
    cost: Decimal
    hours: Decimal | None


@dataclass(frozen=True, slots=True)
class Saving:
    """What one action saved in one month, in its currency."""

    action: actions.Action
    month: str
    days: int
    estimated: Decimal
    realised: Decimal
    added_cost: Decimal


@exact_arithmetic()
def baseline_of(costs: Sequence[DayCost], run_date: date) -> dict[str, Any]:
    """Return the baseline from the days before a run date, as JSON has it; without any cost it is empty.

    A resource that is younger than the window counts from its first day.
    """
    first = run_date - timedelta(days=BASELINE_DAYS)
    known = [each for each in costs if first <= each.day < run_date]
    if not known:
        return {}
    days = (run_date - min(each.day for each in known)).days
    cost = exact_sum(each.cost for each in known)
    hours = exact_sum(each.hours for each in known if each.hours is not None)
    return {
        "days": days,
        "cost_per_day": f"{exact(cost / days):f}",
        "cost_per_hour": f"{exact(cost / hours):f}" if hours > 0 else None,
        "hours_per_day": f"{exact(hours / days):f}",
    }


@exact_arithmetic()
def savings_of(
    action: actions.Action, costs: Sequence[DayCost], last_day: date, undone_on: date | None, ledger: Ledger
) -> list[Saving]:
    """Return what an action saved by month, from the day it counts to the last known one, or to its rollback."""
    if not action.baseline or action.effective_from is None:
        return []
    since = date.fromisoformat(action.effective_from)
    end = min(last_day + timedelta(days=1), undone_on or date.max)
    by_day: Mapping[date, DayCost] = {each.day: each for each in costs}
    months: dict[str, list[DayCost]] = defaultdict(list)
    for number in range((end - since).days):
        day = since + timedelta(days=number)
        months[f"{day:%Y-%m}"].append(by_day.get(day, DayCost(day, Decimal(0), Decimal(0))))
    return [_saving(action, month, days, ledger) for month, days in sorted(months.items())]


def _saving(action: actions.Action, month: str, days: Sequence[DayCost], ledger: Ledger) -> Saving:
    per_hour = action.baseline["cost_per_hour"]
    would = Decimal(action.baseline["cost_per_day"]) * len(days)
    if per_hour is not None and action.action in _BY_THE_HOUR:
        would = exact_sum(each.hours or Decimal(0) for each in days) * Decimal(per_hour)
    less = would - exact_sum(each.cost for each in days)
    if abs(less) <= would * Decimal(str(ledger.tolerance)):
        less = Decimal(0)
    estimated = exact(action.monthly_saving / _DAYS_A_MONTH * len(days))
    return Saving(action, month, len(days), estimated, exact(max(less, Decimal(0))), exact(max(-less, Decimal(0))))


def failing_rules(savings: Iterable[Saving], ledger: Ledger, enabled_at: Mapping[str, Any]) -> dict[str, str]:
    """Return the rules whose last actions all realised too little, each with the reason.

    ``enabled_at``: when a person let a rule propose again; what was begun before does not count any more.
    """
    by_action: dict[str, list[Saving]] = defaultdict(list)
    for each in savings:
        by_action[each.action.action_id].append(each)
    ratios: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for found in by_action.values():
        action, estimated = found[0].action, exact_sum(each.estimated for each in found)
        since = enabled_at.get(action.rule)
        is_old = since is not None and action.started_at is not None and action.started_at < since
        if estimated > 0 and sum(each.days for each in found) >= LEAST_DAYS and not is_old:
            realised = exact_sum(each.realised for each in found)
            ratios[action.rule].append((f"{action.effective_from} {action.action_id}", realised / estimated))
    failing = {}
    for rule, those in ratios.items():
        last = [ratio for _, ratio in sorted(those)][-ledger.actions :]
        if len(last) == ledger.actions and all(ratio < Decimal(str(ledger.least_ratio)) for ratio in last):
            shares = ", ".join(f"{ratio:.0%}" for ratio in last)
            failing[rule] = f"its last {len(last)} actions realised {shares} of what they were estimated to save"
    return failing


def disable_rules(tools: Tools, savings: Sequence[Saving]) -> list[str]:
    """Set aside the rules whose savings do not come about, and tell of it; return those that are newly set aside."""
    now = tools.clock.now()
    with tools.database.begin() as connection:
        enabled = {
            entry.content["rule"]: entry.at
            for entry in action_journal.entries(connection, "")
            if entry.kind == "rule_enabled"
        }
        failing = failing_rules(savings, tools.policy.ledger, enabled)
        new = [rule for rule in failing if rule not in suppressions.disabled_rules(connection)]
        for rule in new:
            suppressions.disable(connection, rule, failing[rule], now)
            told = events.rule_disabled(rule, failing[rule], f"{now:%Y-%m-%dT%H:%M}")
            tools.write(connection, "", "rule_disabled", {"rule": rule, "reason": failing[rule]}, [told])
    return new


def hours_of(action: actions.Action) -> float | None:
    """Return the hours from asking for an action to done; None of one that was never done, and of a rollback."""
    is_done = action.rollback_of is None and action.status in DONE
    if not is_done or action.finished_at is None:
        return None
    return (action.finished_at - action.requested_at) / timedelta(hours=1)


def figures(found: Iterable[actions.Action]) -> dict[str, float | None]:
    """Return the success rate of what was begun and has ended, and the median hours from asking to done."""
    every = [each for each in found if each.rollback_of is None]
    ended = [each for each in every if each.status in actions.BEGUN and each.status != actions.APPLYING]
    hours = [known for each in every if (known := hours_of(each)) is not None]
    return {
        "success_rate": sum(each.status in DONE for each in ended) / len(ended) if ended else None,
        "hours_to_resolve": median(hours) if hours else None,
    }
