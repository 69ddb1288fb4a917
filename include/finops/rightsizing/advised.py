"""Reads what providers recommend, and what those resources cost that no inventory lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.sql import Sql, compose
from finops.policy.rightsizing_rules import Rules
from finops.rightsizing.models import Advice, ResourceType, Target
from finops.rightsizing.read import COSTS, INVENTORY, SEEN_WITHIN, known_or_empty, rows_of
from finops.rightsizing.resource import Cost, Resource

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops.stores.published import Publication

MART = "mart_provider_recommendations"

_QUERY = """
    with newest as (
        select * from ({rows})
        where last_observed_on >= {since}::date and first_observed_on < {run_date}::date
        qualify row_number() over (partition by provider, recommendation_id order by last_observed_on desc) = 1
            and last_observed_on >= least(
                {run_date}::date - 1,
                max(last_observed_on) over (partition by provider, recommended_by, account_id)
            )
    )
    select provider, recommendation_id, recommended_by, action, coalesce(resource_id, ''), resource_type, account_id,
        coalesce(region, ''), coalesce(current_instance_type, ''), coalesce(recommended_instance_type, ''), title,
        monthly_saving, billing_currency,
        try_cast(json_extract_string(details, '$.saving_percent') as decimal(18, 6)), cost_center, ai_project,
        environment
    from newest order by provider, recommendation_id
"""
_COSTS = """
    with wanted as (select unnest(?::varchar[]) as provider, unnest(?::varchar[]) as resource_id),
    costs as (
        select provider, resource_id, billing_currency,
            greatest(
                sum(effective_cost),
                coalesce(sum(committed_cost), 0) + coalesce(sum(spot_cost), 0) + coalesce(sum(on_demand_cost), 0)
            ) as effective,
            coalesce(sum(committed_cost), 0) as committed, coalesce(sum(spot_cost), 0) as spot,
            coalesce(sum(billed_hours), 0) as hours, coalesce(max(commitment_ids), '') as commitments,
            max_by(instance_type, charge_date) filter (instance_type <> '') as instance_type
        from ({rows}) semi join wanted using (provider, resource_id)
        where charge_date >= {since}::date and charge_date < {run_date}::date
        group by provider, resource_id, billing_currency
    )
    select * from costs anti join ({inventory}) as i using (provider, resource_id)
    qualify row_number() over (partition by provider, resource_id order by effective desc, billing_currency) = 1
    order by provider, resource_id
"""

_NOTHING = Sql("select null::varchar as provider, null::varchar as resource_id limit 0")

ByResource = dict[tuple[str, str], list[Advice]]


def read(connection: DuckDBPyConnection, version: Publication, run_date: date) -> list[Advice]:
    """Return what providers recommended on the last day before a run date on which they were asked for an account.

    What was recommended before, and is not any more, has been withdrawn.
    """
    since, last = run_date - timedelta(days=SEEN_WITHIN), run_date - timedelta(days=1)
    rows = rows_of(version, MART, since, last)
    if rows is None:
        return []
    found = connection.execute(compose(_QUERY, rows=rows, since=str(since), run_date=str(run_date))).fetchall()
    return [_advice(*row) for row in found]


def by_resource(every: Sequence[Advice]) -> ByResource:
    """Return the recommendations of each resource."""
    found: ByResource = defaultdict(list)
    for each in every:
        if each.resource_id and each.action != "commitment":
            found[each.provider, each.resource_id].append(each)
    return dict(found)


def to_commit(every: Sequence[Advice]) -> dict[tuple[str, str], list[Advice]]:
    """Return the recommendations to buy commitments by provider and currency."""
    found: dict[tuple[str, str], list[Advice]] = defaultdict(list)
    for each in every:
        if each.action == "commitment":
            found[each.provider, each.currency].append(each)
    return dict(found)


def unlisted(
    connection: DuckDBPyConnection, version: Publication, rules: Rules, run_date: date, advice: ByResource
) -> list[Resource]:
    """Return the resources that something is recommended for, that are billed, and that no inventory lists."""
    since, last = run_date - timedelta(days=rules.window_days), run_date - timedelta(days=1)
    rows = rows_of(version, COSTS, since, last)
    if rows is None or not advice:
        return []
    inventory = rows_of(version, INVENTORY, run_date - timedelta(days=SEEN_WITHIN), last)
    query = compose(_COSTS, rows=rows, inventory=inventory or _NOTHING, since=str(since), run_date=str(run_date))
    keys = [list(each) for each in zip(*sorted(advice), strict=True)]
    found = connection.execute(query, keys).fetchall()
    return [_resource(rules.window_days, advice[provider, name][0], *facts) for provider, name, *facts in found]


def _advice(provider: str, *facts: Any) -> Advice:
    ident, by, action, resource_id, kind, account, region, current, wanted, title, saving, currency = facts[:12]
    percent, owner, project, environment = facts[12:]
    return Advice(
        provider,
        ident,
        by,
        action,
        resource_id,
        ResourceType(kind),
        account,
        region,
        current,
        wanted,
        title,
        saving,
        currency,
        None if percent is None else min(max(percent / 100, Decimal(0)), Decimal(1)),
        known_or_empty(owner),
        known_or_empty(project),
        known_or_empty(environment),
    )


def _resource(days: int, advice: Advice, currency: str, *facts: Any) -> Resource:
    effective, committed, spot, hours, commitments, instance_type = facts
    return Resource(
        target=Target(advice.provider, advice.account, advice.region, "", advice.resource_id),
        type=advice.resource_type,
        currency=currency,
        cost=Cost(days, effective, committed, spot, hours, commitments),
        instance_type=instance_type or "",
        owner=advice.owner,
        project=advice.project,
        environment=advice.environment,
    )
