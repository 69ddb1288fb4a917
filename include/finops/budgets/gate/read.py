"""What the gate knows: budgets as they are published, approvals in the state store, prices of the latest bills."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.budgets.gate.models import Facts, Price, Published, Request, SpotLimit
from finops.budgets.tables import BUDGETS, PROPOSALS
from finops.core.errors import BadInput, NotReady, Unavailable
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, join, literal
from finops.policy import budgets as policy
from finops.policy.budgets import Action, Line
from finops.stores import published
from finops.stores.state import budget_approvals
from finops.stores.state.store import open_state

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops.stores.published import Publication

LivePrice = Callable[[str, str], tuple[Decimal, str]]
"""From a type of machine and a region to what an hour of it costs now in USD, and where. Raise Unavailable."""

_HOLDING = (Action.APPROVAL, Action.DENY)
"""What is proposed of new GPU work."""
_PRICED_DAYS = 7


def facts(settings: Settings, asked: Request, today: date, live: LivePrice | None) -> Facts:
    """Return what is known today (UTC). Raise BadInput for a budget that is none, unless the request allows it."""
    lines = policy.lines(settings).lines
    wanted = _lines_of(asked, lines, today)
    known = {each.id for each in wanted}
    unknown = tuple(each for each in asked.budgets if each not in known) or (() if known else (_scope_text(asked),))
    if unknown and asked.unknown is None:
        raise BadInput(_names(unknown, lines, today))
    with open_state(settings).connect() as connection:
        approvals = budget_approvals.on(connection, today)
    names = tuple(each.id for each in wanted)
    try:
        version = published.latest(settings)
    except NotReady as error:
        return Facts(names, unknown, {}, approvals, Price(None, "", str(error)) if asked.spot else None)
    price = None if asked.spot is None else _price(version, asked.spot, live)
    return Facts(names, unknown, _published(version, names, today), approvals, price)


def _lines_of(asked: Request, lines: Iterable[Line], today: date) -> list[Line]:
    """Return the budgets that are asked: those that are named, or all that count the charges of the job's scope."""
    running = [each for each in lines if each.kpi is None and each.period_of(today) is not None]
    if asked.budgets:
        return [each for each in running if each.id in asked.budgets]
    job = dict(asked.scope)
    return [
        each
        for each in running
        if all(job.get(name) in values for name, values in each.scope) and asked.currency in ("", each.currency)
    ]


def _scope_text(asked: Request) -> str:
    return "of " + ", ".join(f"{name} {value}" for name, value in asked.scope)


def _names(unknown: Sequence[str], lines: Iterable[Line], today: date) -> str:
    costs = [each for each in lines if each.kpi is None]
    there = ", ".join(each.id for each in costs if each.period_of(today))[:1000] or "none"
    found = next((each for each in costs if each.id == unknown[0]), None)
    if found is not None:
        return (
            f"budget {unknown[0]} has no period on {today}, it is from {found.first} to {found.last}; there are {there}"
        )
    return f"budgets.yml holds no budget {unknown[0]} of costs; there are {there}"


def _published(version: Publication, names: Sequence[str], today: date) -> dict[str, Published]:
    if BUDGETS.name not in version.marts or not names:
        return {}
    # A bill may have a part of today: what is known of it then is as of tomorrow.
    ids = join(", ", map(literal, names))
    values = {"today": str(today), "until": str(today + timedelta(days=1)), "names": ids}
    query = """
        select budget, billing_currency, run_date, period_first, period_last, budget_limit, actual, forecast, lo_80,
            hi_80, adjusted_forecast
        from mart_budgets
        where budget in ({names}) and {today}::date between period_first and period_last and run_date <= {until}::date
        qualify row_number() over (partition by budget order by run_date desc) = 1
    """
    with version.connect() as connection:
        rows = connection.execute(compose(query, **values)).fetchall()
        held = _held(connection, version, ids)
    return {
        name: Published(
            name, currency, day, last, limit, actual, forecast, lo, hi, adjusted, held.get((name, day, first), ())
        )
        for name, currency, day, first, last, limit, actual, forecast, lo, hi, adjusted in rows
    }


def _held(
    connection: DuckDBPyConnection, version: Publication, names: Sql
) -> dict[tuple[str, date, date], tuple[str, ...]]:
    if PROPOSALS.name not in version.marts:
        return {}
    query = """
        select budget, run_date, period_first, list(proposal order by action)
        from mart_budget_proposals where budget in ({names}) and action in ({actions}) group by all
    """
    actions = join(", ", map(literal, _HOLDING))
    rows = connection.execute(compose(query, names=names, actions=actions)).fetchall()
    return {(budget, run_date, first): tuple(texts) for budget, run_date, first, texts in rows}


def _price(version: Publication, limit: SpotLimit, live: LivePrice | None) -> Price:
    """Return the price of now where somebody can be asked for it, else that of the latest bill."""
    if live is not None:
        try:
            amount, source = live(limit.instance_type, limit.region)
        except Unavailable as error:
            return Price(None, "", str(error))
        return Price(amount, "USD", source)
    # The newest months first: most of what is asked is in the last one.
    for period in reversed(version.billing_periods[-2:]):
        fact = version.focus_sql(period=period)
        with version.connect() as connection:
            rows = connection.execute(_price_sql(fact, limit)).fetchall()
        if len(rows) == 1:
            hours, cost, currency, last = rows[0]
            return Price(round(cost / hours, 6), currency, f"bills of the week to {last}")
        if rows:
            return Price(None, "", f"bills of {period} have several currencies")
    return Price(None, "", "the last two months of bills have no hour of it")


def _price_sql(fact: Sql, limit: SpotLimit) -> Sql:
    query = """
        with hours as (
            select charge_period_start::date as day, billing_currency, effective_cost,
                if(pricing_unit = 'Hours', pricing_quantity, consumed_quantity) as hours
            from ({fact}) as fact
            where x_instance_type = {machine} and region_id = {region} and pricing_category = 'Dynamic'
                and charge_category = 'Usage' and 'Hours' in (pricing_unit, consumed_unit)
        )
        select sum(hours), sum(effective_cost), billing_currency, max(day)
        from hours where day > (select max(day) from hours) - {days}::integer
        group by billing_currency having sum(hours) > 0
    """
    values = {"machine": limit.instance_type, "region": limit.region, "days": str(_PRICED_DAYS)}
    return compose(query, fact=fact, **values)
