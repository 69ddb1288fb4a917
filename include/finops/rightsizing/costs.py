"""What resources cost by day, read from what is published, for baselines and for the ledger of savings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.settings import Settings
from finops.policy.rightsizing import Ledger
from finops.rightsizing import ledger as books
from finops.rightsizing.ledger import DayCost, Saving
from finops.stores import published
from finops.stores.state import actions
from finops.stores.state.store import open_state

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COSTS = "mart_resource_costs"
_Key = tuple[str, str, str]


def baseline(settings: Settings, action: actions.Action) -> dict[str, Any]:
    """Return what a resource cost before its action's run date; empty where nothing is known of it."""
    version = published.latest(settings)
    if _COSTS not in version.marts:
        return {}
    with version.connect() as connection:
        costs = _costs(connection, [action])[_key(action)]
    return books.baseline_of(costs, date.fromisoformat(action.run_date))


def savings(settings: Settings, ledger: Ledger) -> list[Saving]:
    """Return what every action that was done has saved, by month, as far as costs are published."""
    with open_state(settings).connect() as connection:
        every = actions.all_of(connection, (actions.APPLIED, actions.ROLLED_BACK))
    done = [each for each in every if each.rollback_of is None]
    undone = {
        each.rollback_of: each.finished_at.date() for each in every if each.rollback_of is not None and each.finished_at
    }
    version = published.latest(settings)
    if not done or _COSTS not in version.marts:
        return []
    with version.connect() as connection:
        costs = _costs(connection, done)
        last = dict(
            connection.execute("select provider, max(charge_date) from mart_resource_costs group by 1").fetchall()
        )
    return [
        saving
        for each in done
        if each.provider in last
        for saving in books.savings_of(each, costs[_key(each)], last[each.provider], undone.get(each.action_id), ledger)
    ]


def _costs(connection: DuckDBPyConnection, wanted: Iterable[actions.Action]) -> dict[_Key, list[DayCost]]:
    found: dict[_Key, list[DayCost]] = defaultdict(list)
    keys = sorted({_key(each) for each in wanted})
    query = """
        select provider, resource_id, billing_currency, charge_date, effective_cost, billed_hours
        from mart_resource_costs
        where (provider, resource_id, billing_currency) in (
            select unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::varchar[])
        )
        order by charge_date
    """
    columns = [list(each) for each in zip(*keys, strict=True)]
    for provider, ident, currency, day, cost, hours in connection.execute(query, columns).fetchall():
        billed = None if hours is None else Decimal(str(hours))
        found[provider, ident, currency].append(DayCost(day, cost, billed))
    return found


def _key(action: actions.Action) -> _Key:
    # The finding's resource: a member's cost falls when its scaling group is changed.
    return (action.provider, action.about.get("resource_id") or action.resource_id, action.currency)
