"""Reads what budgets propose from the published tables, and which resources their scopes may cover."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.sql import Sql, compose, identifier, join
from finops.policy.rightsizing_rules import Rules
from finops.rightsizing.breaches import TOLD, Breach, Place
from finops.rightsizing.models import ResourceType
from finops.rightsizing.read import COSTS, INVENTORY, rows_of
from finops.rightsizing.resource import Cost, Members

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops.stores.published import Publication

BUDGETS, PROPOSALS = "mart_budgets", "mart_budget_proposals"
_FRESH = timedelta(days=3)
"""What budgets said longer ago says nothing of today."""
_COLUMNS = {"region_id": "region", "sub_account_id": "account_id"}
_MAYBE = ("period_last", "scope", "documents")
"""Columns that releases before did not publish."""


def breaches(connection: DuckDBPyConnection, version: Publication, run_date: date) -> list[Breach]:
    """Return what budgets proposed in their last run until a run date, of periods that still run then.

    A run in which all budgets were in order has no row among the proposals: what was proposed before is off.
    """
    budgets = rows_of(version, BUDGETS, run_date - _FRESH, run_date)
    proposals = rows_of(version, PROPOSALS, run_date - _FRESH, run_date)
    if budgets is None or proposals is None:
        return []
    there = version.manifest["columns"][PROPOSALS]
    maybe = join(", ", (identifier(each) if each in there else Sql("null") for each in _MAYBE))
    query = """
        select billing_currency, budget, strftime(period_first, '%Y-%m-%d'), action, threshold, owner, proposal, {maybe}
        from ({proposals}) where run_date = (
            select max(run_date) from ({budgets})
            where run_date <= {run_date}::date and run_date >= {since}::date
        )
        order by all
    """
    parts = {"run_date": str(run_date), "since": str(run_date - _FRESH)}
    found = connection.execute(compose(query, maybe=maybe, proposals=proposals, budgets=budgets, **parts)).fetchall()
    made = [_breach(*each) for each in found]
    return [each for each in made if each.runs_on(run_date)]


def _breach(
    currency: str,
    budget: str,
    first: str,
    action: str,
    threshold: str,
    owner: str,
    text: str,
    last: date | None,
    scope: str | None,
    documents: str | None,
) -> Breach:
    named = None if scope is None else {name: tuple(values) for name, values in json.loads(scope).items()}
    return Breach(
        currency, budget, first, last, action, threshold, owner, text, named, json.loads(documents) if documents else {}
    )


def places(connection: DuckDBPyConnection, version: Publication, run_date: date) -> list[Place]:
    """Return what there is, counted by type, currency and what a scope may name."""
    inventory = _newest(version, run_date)
    if inventory is None:
        return []
    query = """
        select resource_type, billing_currency, {columns},
            count(*) filter (resource_type <> 'machine' or state in ('running', 'in_service', 'inservice'))
        from ({inventory}) as i group by all order by all
    """
    found = connection.execute(compose(query, inventory=inventory, columns=_dimensions("i"))).fetchall()
    return [Place(ResourceType(kind), currency, _named(values), count) for kind, currency, *values, count in found]


def members(
    connection: DuckDBPyConnection, version: Publication, rules: Rules, run_date: date
) -> dict[tuple[str, str], Members]:
    """Return the machines of scaling groups, with their cost in the window, by (provider, group)."""
    inventory = _newest(version, run_date)
    since = run_date - timedelta(days=rules.window_days)
    costs = rows_of(version, COSTS, since, run_date - timedelta(days=1))
    if inventory is None or costs is None:
        return {}
    query = """
        with costs as (
            select provider, resource_id, billing_currency, sum(effective_cost) as effective,
                coalesce(sum(committed_cost), 0) as committed
            from ({costs}) where charge_date >= {since}::date and charge_date < {run_date}::date group by all
        )
        select i.provider, i.group_id, {columns}, coalesce(sum(c.effective), 0), coalesce(sum(c.committed), 0)
        from ({inventory}) as i left join costs as c using (provider, resource_id, billing_currency)
        where i.group_id <> '' and i.resource_type = 'machine' group by all order by all
    """
    parts = {"since": str(since), "run_date": str(run_date)}
    rows = connection.execute(compose(query, costs=costs, inventory=inventory, columns=_dimensions("i"), **parts))
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for provider, group, *values in rows.fetchall():
        found[provider, group].append(tuple(values))
    zero = Decimal(0)
    return {
        key: Members(
            Cost(
                rules.window_days,
                sum((each[-2] for each in those), zero),
                sum((each[-1] for each in those), zero),
            ),
            tuple(_named(each[:-2]) for each in those),
        )
        for key, those in found.items()
    }


def _newest(version: Publication, run_date: date) -> Sql | None:
    """Return the SELECT over what the newest inventory of each account has, of the days before a run date."""
    rows = rows_of(version, INVENTORY, run_date - timedelta(days=7), run_date - timedelta(days=1))
    if rows is None:
        return None
    query = """
        select i.* from ({rows}) as i
        where i.last_observed_on >= {run_date}::date - 7 and i.first_observed_on < {run_date}::date
        qualify row_number() over (
            partition by i.provider, i.resource_id order by i.last_observed_on desc, i.billing_currency
        ) = 1 and i.last_observed_on >= least(
            {run_date}::date - 1, max(i.last_observed_on) over (partition by i.provider, i.account_id)
        )
    """
    return compose(query, rows=rows, run_date=str(run_date))


def _dimensions(table: str) -> Sql:
    names = (identifier(_COLUMNS.get(each, each)) for each in TOLD)
    return join(", ", (compose("{table}.{name}", table=identifier(table), name=name) for name in names))


def _named(values: tuple[Any, ...] | list[Any]) -> dict[str, str]:
    """Return dimensions by name; what has no value is empty."""
    return {
        name: "" if value in (None, ABSENT, UNALLOCATED) else str(value)
        for name, value in zip(TOLD, values, strict=True)
    }
