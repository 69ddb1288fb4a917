"""Evaluations as the rows of the published tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from finops.budgets import proposals, told
from finops.budgets.models import Day, Evaluated, Evaluation
from finops.budgets.tables import BUDGETS, DAYS, PROPOSALS
from finops.core.sql import Sql, compose, identifier, join
from finops.stores.results import Results, ResultTable

if TYPE_CHECKING:
    import pandas as pd

    from finops.stores.published import Publication

MOST_KEPT = 200_000
"""Rows of earlier run dates of the month that are kept; above that the oldest run dates go."""


def of_run(version: Publication, evaluated: Evaluated, tags: Mapping[str, str]) -> Results:
    """Return the rows of a run's month: its own, and those of the month's other run dates.

    Of burn-downs only this run's are kept: what an earlier one expected stands in the other rows.
    """
    import pandas as pd

    month = f"{evaluated.run_date:%Y-%m}"
    others = evaluated.others
    lines = {each.line.id: each for each in evaluated.evaluations}
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for table, rows in (
        (BUDGETS, (of_budget(each, others.get(each.line.id, ())) for each in evaluated.evaluations)),
        (PROPOSALS, map(_proposal, proposals.of_all(evaluated.evaluations, tags))),
    ):
        names = [each.name for each in table.columns if each.name != "billing_period"]
        own = pd.DataFrame(list(rows), columns=names)
        kept = _kept(version, table, month, evaluated.run_date)
        found[table.name] = {month: own if kept.empty else pd.concat([kept[names], own], ignore_index=True)}
    days = _days(evaluated.run_date, evaluated.burndowns, {each: found.line.currency for each, found in lines.items()})
    found[DAYS.name] = {month: days}
    return found


def of_budget(now: Evaluation, others: Sequence[str]) -> dict[str, Any]:
    """Return an evaluation as a row of ``mart_budgets``."""
    line = now.line
    measure = line.kpi.value if line.kpi else "direct and shared cost" if line.is_allocated else "direct cost"
    used = told.used(now)
    return {
        "billing_currency": line.currency,
        "run_date": now.run_date,
        "budget": line.id,
        "period_first": now.span.first,
        "period_last": now.span.last,
        "per": line.per.value,
        "name": line.name,
        "parent": line.parent,
        "depth": line.depth,
        "measure": measure,
        "scope": line.scope_text,
        "owner": line.owner,
        "channel": line.channel,
        "amount": now.amount,
        "rolled_over": now.rolled_over,
        "budget_limit": now.limit,
        "actual": now.actual,
        "late": now.late,
        "forecast": now.forecast,
        "lo_80": now.lo_80,
        "hi_80": now.hi_80,
        "lo_95": now.lo_95,
        "hi_95": now.hi_95,
        "adjusted_forecast": now.adjusted,
        "run_rate": now.run_rate,
        "even_spend": now.even,
        "variance": None if now.actual is None or now.even is None else now.actual - now.even,
        "forecast_variance": None if now.forecast is None else now.forecast - now.limit,
        "used_share": None if used is None else float(used),
        "breach_probability": now.probability,
        "days_until_breach": now.days_until_breach,
        "standing": now.standing.value,
        "reached": ", ".join(str(each) for each in line.thresholds if now.has_reached(each)),
        "method": now.method,
        "other_currencies": ", ".join(others),
    }


def _proposal(each: proposals.Proposal) -> dict[str, Any]:
    now = each.evaluation
    return {
        "billing_currency": now.line.currency,
        "run_date": now.run_date,
        "budget": now.line.id,
        "period_first": now.span.first,
        "period_last": now.span.last,
        "action": each.rule.action.value,
        "threshold": str(each.rule.when),
        "owner": now.line.owner,
        "proposal": each.text,
        "scope": json.dumps({name: list(values) for name, values in now.line.scope}),
        "status": "proposed",
        "documents": each.documents,
    }


def _days(
    run_date: date, burndowns: Mapping[tuple[str, date], Sequence[Day]], currencies: Mapping[str, str]
) -> pd.DataFrame:
    import pandas as pd

    def rows() -> Iterator[tuple[Any, ...]]:
        for (budget, first), days in burndowns.items():
            for each in days:
                figures = (each.ds, each.actual, each.expected, each.lo_80, each.hi_80, each.even)
                yield (currencies[budget], run_date, budget, first, *figures)

    return pd.DataFrame(list(rows()), columns=[each.name for each in DAYS.columns if each.name != "billing_period"])


def _kept(version: Publication, table: ResultTable, month: str, run_date: date) -> pd.DataFrame:
    """Return the month's rows of other run dates, the newest that fit. Amounts are exact text."""
    import duckdb
    import pandas as pd

    names = [each.name for each in table.columns]
    if table.name not in version.marts or month not in version.months_of(table.name):
        return pd.DataFrame(columns=names)
    there = set(version.manifest["columns"][table.name])
    chosen = join(
        ", ", (_as_text(each.name, each.kind) if each.name in there else _missing(each.name) for each in table.columns)
    )
    query = """
        with other as (select * from ({rows}) where run_date <> {run_date}::date),
        kept as (
            select run_date from other group by run_date
            qualify sum(count(*)) over (order by run_date desc) <= {most}
        )
        select {columns} from other where run_date in (from kept)
    """
    rows = version.mart_sql(table.name, [month])
    composed = compose(query, rows=rows, columns=chosen, run_date=str(run_date), most=Sql(str(MOST_KEPT)))
    with duckdb.connect(config={"threads": 1}) as connection:
        found = connection.sql(composed).to_arrow_table()
    # Not by to_pandas: a count with nulls would become a float there.
    return pd.DataFrame({name: pd.Series(found[name].to_pylist(), dtype=object) for name in names})


def _as_text(name: str, kind: str) -> Sql:
    cast = Sql("{name}::varchar as {name}") if kind.startswith("decimal") else Sql("{name}")
    return compose(cast, name=identifier(name))


def _missing(name: str) -> Sql:
    return compose("null as {name}", name=identifier(name))
