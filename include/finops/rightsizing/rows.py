"""Findings as the rows of the published table, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from finops.core.sql import Sql, compose, identifier, join
from finops.rightsizing.judging import Judged, Seen
from finops.rightsizing.models import Change, Target
from finops.rightsizing.tables import FINDINGS, RULES
from finops.stores.results import Results, published_rows

if TYPE_CHECKING:
    import pandas as pd

    from finops.stores.published import Publication

MOST_KEPT = 200_000
"""Rows of earlier run dates of the month that are kept; above that the oldest run dates go."""


def of_run(version: Publication, run_date: date, found: Sequence[Judged]) -> Results:
    """Return the rows of a run's month: its own, and those of the month's other run dates."""
    import pandas as pd

    month = f"{run_date:%Y-%m}"
    but = compose("run_date = {day}::date", day=str(run_date))
    kept = _newest(published_rows(version, FINDINGS, [month], but=but))
    names = [each.name for each in FINDINGS.columns if each.name != "billing_period"]
    own = pd.DataFrame([of_finding(run_date, each) for each in found], columns=names)
    return {FINDINGS.name: {month: own if kept.empty else pd.concat([kept[names], own], ignore_index=True)}}


def _newest(kept: pd.DataFrame) -> pd.DataFrame:
    while len(kept) > MOST_KEPT:
        kept = kept[kept["run_date"] != kept["run_date"].min()]
    return kept


def of_finding(run_date: date, judged: Judged) -> dict[str, Any]:
    """Return a finding as a row of ``mart_findings``."""
    found = judged.finding
    target, change = found.target, found.change
    return {
        "billing_currency": found.currency,
        "run_date": run_date,
        "finding_key": found.key,
        "rule": found.rule,
        "provider": target.provider,
        "account_id": target.account,
        "region": target.region,
        "zone": target.zone,
        "resource_id": target.resource_id,
        "resource_type": str(found.resource_type),
        "monthly_cost": found.monthly_cost,
        "monthly_saving": found.monthly_saving,
        "confidence": found.confidence,
        "risk": str(found.risk),
        "effort": str(found.effort),
        "evidence": found.evidence,
        "facts": json.dumps(found.facts, sort_keys=True),
        "action": change.action if change else "",
        "parameters": json.dumps(dict(change.parameters), sort_keys=True) if change else "{}",
        "action_resource_id": change.target.resource_id if change else "",
        "note": found.note,
        "provider_says": found.provider_says or None,
        "provider_advice": found.provider_advice or None,
        "provider_saving": found.provider_saving,
        "owner": found.owner,
        "project": found.project,
        "environment": found.environment,
        "first_seen": judged.first_seen,
        "times_seen": judged.times_seen,
        "status": str(judged.status),
        "reason": judged.reason,
    }


def change_of(row: Mapping[str, Any]) -> Change | None:
    """Return the change that a row of ``mart_findings`` proposes; None where a person has to decide how."""
    if not row["action"]:
        return None
    where = (row["provider"], row["account_id"], row["region"], row["zone"], row["action_resource_id"])
    return Change(row["action"], Target(*where), json.loads(row["parameters"]))


def last_run(version: Publication, before: date | None = None) -> date | None:
    """Return the newest published run date, or the newest before a day; None where there is none.

    A run that found nothing has no rows of findings; its rows of rules tell of it.
    """
    marts = [each.name for each in (FINDINGS, RULES) if each.name in version.marts]
    if not marts:
        return None
    dates = join(" union all ", (compose("select run_date from {mart}", mart=identifier(mart)) for mart in marts))
    until = compose("where run_date < {day}::date", day=str(before)) if before else Sql("")
    with version.connect() as connection:
        query = compose("select max(run_date) from ({dates}) {until}", dates=dates, until=until)
        (found,) = connection.execute(query).fetchone() or (None,)
    return found


def newest(version: Publication) -> list[dict[str, Any]]:
    """Return the rows of the newest published run date, the largest saving first; none where it found nothing."""
    return of_date(version, last_run(version))


def of_date(version: Publication, run_date: date | None) -> list[dict[str, Any]]:
    """Return the rows of a run date, the largest saving first; none where it found nothing."""
    if FINDINGS.name not in version.marts or run_date is None:
        return []
    query = """
        select * from mart_findings where run_date = ?
        order by billing_currency, monthly_saving desc, finding_key
    """
    with version.connect() as connection:
        found = connection.execute(query, [run_date])
        names = [each[0] for each in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def seen_before(version: Publication, run_date: date) -> Seen:
    """Return what the last run before a run date found, by key."""
    last = last_run(version, run_date)
    if FINDINGS.name not in version.marts or last is None:
        return {}
    query = "select finding_key, first_seen, times_seen from mart_findings where run_date = ?"
    with version.connect() as connection:
        rows = connection.execute(query, [last]).fetchall()
    return {key: (first, times) for key, first, times in rows}
