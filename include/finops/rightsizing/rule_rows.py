"""How each rule stands on a run date: whether it proposes, what it found, and what its last actions have saved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.money import exact_sum
from finops.core.sql import Sql, compose
from finops.policy.rightsizing import RightsizingPolicy
from finops.rightsizing.judging import OPEN, Judged
from finops.rightsizing.ledger import LEAST_DAYS
from finops.rightsizing.rules import NAMES
from finops.rightsizing.tables import RULES
from finops.stores.results import Results, published_rows
from finops.stores.state.suppressions import SetAside

if TYPE_CHECKING:
    from finops.stores.published import Publication

ENABLED, OFF, SET_ASIDE = "enabled", "off", "set_aside"
_SAVINGS = "mart_action_savings"
_NO_CURRENCY = "(none)"


@dataclass(frozen=True, slots=True)
class _Last:
    """The last actions of a rule that are in one currency."""

    actions: int = 0
    estimated: Decimal = Decimal(0)
    realised: Decimal = Decimal(0)


def of_run(
    version: Publication,
    run_date: date,
    found: Sequence[Judged],
    policy: RightsizingPolicy,
    set_aside: Mapping[str, SetAside],
) -> Results:
    """Return the rows of a run's month: its own, and those of the month's other run dates."""
    import pandas as pd

    month = f"{run_date:%Y-%m}"
    kept = published_rows(version, RULES, [month], but=compose("run_date = {day}::date", day=str(run_date)))
    names = [each.name for each in RULES.columns if each.name != "billing_period"]
    own = pd.DataFrame(_rows(run_date, found, _last_actions(version, policy), policy, set_aside), columns=names)
    return {RULES.name: {month: own if kept.empty else pd.concat([kept[names], own], ignore_index=True)}}


def newest(version: Publication) -> list[dict[str, Any]]:
    """Return the rows of the newest published run date; none where there is no run."""
    if RULES.name not in version.marts:
        return []
    query = "select * from mart_rightsizing_rules qualify run_date = max(run_date) over () order by all"
    with version.connect() as connection:
        found = connection.execute(query)
        names = [each[0] for each in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _rows(
    run_date: date,
    found: Sequence[Judged],
    last: Mapping[tuple[str, str], _Last],
    policy: RightsizingPolicy,
    set_aside: Mapping[str, SetAside],
) -> Iterator[dict[str, Any]]:
    by_rule: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for each in found:
        by_rule[each.finding.rule, each.finding.currency].append(each)
    for rule in sorted({*NAMES, *policy.rules.off, *set_aside, *(name for name, _ in (*by_rule, *last))}):
        aside = set_aside.get(rule)
        state = OFF if rule in policy.rules.off else ENABLED if aside is None else SET_ASIDE
        currencies = {currency for name, currency in (*by_rule, *last) if name == rule}
        for currency in sorted(currencies or {_NO_CURRENCY}):
            still_open = [each for each in by_rule[rule, currency] if each.status in OPEN]
            known = last.get((rule, currency), _Last())
            yield {
                "billing_currency": currency,
                "run_date": run_date,
                "rule": rule,
                "state": state,
                "set_aside_at": aside.since if aside else None,
                "reason": "rules.off in rightsizing.yml has it" if state == OFF else aside.reason if aside else "",
                "findings": len(still_open),
                "left_alone": len(by_rule[rule, currency]) - len(still_open),
                "monthly_saving": exact_sum(each.finding.monthly_saving for each in still_open),
                "last_actions": known.actions,
                "estimated": known.estimated,
                "realised": known.realised,
            }


def _last_actions(version: Publication, policy: RightsizingPolicy) -> dict[tuple[str, str], _Last]:
    """Return what the last actions of each rule have saved, by (rule, currency); the newest take effect last."""
    if _SAVINGS not in version.marts:
        return {}
    query = """
        with actions as (
            select rule, billing_currency, action_id, min(effective_from) as since, sum(estimated) as estimated,
                sum(realised) as realised
            from mart_action_savings group by all having sum(days) >= {days} and sum(estimated) > 0
        ),
        last as (
            select * from actions
            qualify row_number() over (partition by rule order by since desc, action_id desc) <= {most}
        )
        select rule, billing_currency, count(*), sum(estimated)::decimal(38, 12), sum(realised)::decimal(38, 12)
        from last group by all
    """
    limits = {"days": Sql(str(LEAST_DAYS)), "most": Sql(str(policy.ledger.actions))}
    with version.connect() as connection:
        rows = connection.execute(compose(query, **limits)).fetchall()
    return {(rule, currency): _Last(*figures) for rule, currency, *figures in rows}
