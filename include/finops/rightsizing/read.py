"""Reads resources from the published marts. A mart that is not there yet says nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from finops.core.errors import NotReady
from finops.core.sql import Sql, compose, identifier, join
from finops.policy.rightsizing_rules import Rules
from finops.rightsizing.breaches import Place
from finops.rightsizing.models import Advice, ResourceType, Target
from finops.rightsizing.resource import Cost, Resource, Usage
from finops.rightsizing.rules.commitments import Commitment, Ending, Floors
from finops.rightsizing.rules.network import Transfer
from finops.rightsizing.rules.told import Attack

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops.stores.published import Publication

INVENTORY, USAGE, COSTS = "mart_resource_inventory", "mart_resource_usage", "mart_resource_costs"
_AT_ONCE = 2_000
SEEN_WITHIN = 7
"""Days in which the inventory of its account must have come. One that has vanished from the newest is no waste."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is found beside resources: ``unlisted`` are those that no inventory has, with what providers recommend."""

    transfers: Sequence[Transfer] = ()
    places: Sequence[Place] = ()
    attacks: Sequence[Attack] = ()
    commitments: Sequence[Commitment] = ()
    endings: Sequence[Ending] = ()
    floors: Floors = field(default_factory=dict)
    unlisted: Sequence[Resource] = ()
    to_commit: Mapping[tuple[str, str], Sequence[Advice]] = field(default_factory=dict)


def run_date_of(connection: DuckDBPyConnection, version: Publication) -> date | None:
    """Return the day after the last of which resources' costs are known; None where none are."""
    if COSTS not in version.marts:
        return None
    query = compose("select max(charge_date) from ({rows})", rows=version.mart_sql(COSTS))
    (found,) = connection.execute(query).fetchone() or (None,)
    return None if found is None else found + timedelta(days=1)


def outdated(mart: str) -> NotReady:
    """Return what is wrong where another release has published a mart, without a column that is needed."""
    return NotReady(
        f"{mart} is published by another release, without a column that is needed; run `finops build` and "
        "`finops kpis build`, which build it again"
    )


def months(first: date, last: date) -> list[str]:
    """Return the months (YYYY-MM) from that of one day to that of another."""
    found = [f"{first:%Y-%m}"]
    while found[-1] < f"{last:%Y-%m}":
        first = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        found.append(f"{first:%Y-%m}")
    return found


def rows_of(version: Publication, mart: str, first: date, last: date) -> Sql | None:
    """Return the SELECT over a mart's months between two days; None where it has none of them."""
    if mart not in version.marts:
        return None
    there = sorted(set(months(first, last)) & version.months_of(mart))
    return version.mart_sql(mart, there) if there else None


def resources(connection: DuckDBPyConnection, version: Publication, rules: Rules, run_date: date) -> Iterator[Resource]:
    """Yield every resource that the inventory has seen lately, with usage and cost of the window, by provider."""
    since, last = run_date - timedelta(days=rules.window_days), run_date - timedelta(days=1)
    inventory = rows_of(version, INVENTORY, run_date - timedelta(days=SEEN_WITHIN), last)
    if inventory is None:
        return
    span = {"since": str(since), "run_date": str(run_date)}
    _used(connection, rows_of(version, USAGE, since, last), rules, span)
    _cost(connection, rows_of(version, COSTS, since, last), span)
    query = """
        with newest as (
            select i.* exclude (instance_type),
                -- As of a day that is past, the bill knows the type better than the month's last inventory.
                if(i.last_observed_on >= {run_date}::date, coalesce(c.billed_type, i.instance_type), i.instance_type)
                    as instance_type,
                c.* exclude (provider, resource_id, billing_currency)
            from ({inventory}) as i left join costs as c using (provider, resource_id, billing_currency)
            where i.last_observed_on >= {run_date}::date - {within} and i.first_observed_on < {run_date}::date
                and i.last_observed_on >= least(
                    {run_date}::date - 1,
                    (select max(n.last_observed_on) from ({inventory}) as n
                    where n.provider = i.provider and n.account_id is not distinct from i.account_id)
                )
            qualify row_number() over (
                partition by i.provider, i.resource_id
                order by i.last_observed_on desc, coalesce(c.effective, 0) desc, i.billing_currency
            ) = 1
        )
        select {columns}, effective, committed, spot, hours, commitments, provisioned, used.metrics
        from newest left join used using (provider, resource_id)
        order by provider, resource_id
    """
    columns = join(", ", map(identifier, _COLUMNS))
    found = connection.execute(
        compose(query, inventory=inventory, columns=columns, within=Sql(str(SEEN_WITHIN)), **span)
    )
    while chunk := found.fetchmany(_AT_ONCE):
        for row in chunk:
            yield _resource(row, rules.window_days)


_COLUMNS = (
    *("provider", "account_id", "region", "zone", "resource_id", "resource_type", "billing_currency", "state"),
    *("instance_type", "size_gb", "attached_to", "group_id", "is_spot", "has_local_disk", "created_at"),
    *("last_used_at", "tags", "details", "cost_center", "ai_project", "ai_model", "ai_stage", "environment"),
)


def _used(connection: DuckDBPyConnection, usage: Sql | None, rules: Rules, span: dict[str, str]) -> None:
    """Create ``used``: per resource a list of its metrics over the window.

    A day's p95 bounds all but about one of its hours, so of the days' maxima only so many lie in the upper 0.5 %.
    """
    if usage is None:
        connection.execute("create temp table used (provider varchar, resource_id varchar, metrics varchar)")
        return
    beyond = rules.window_days // 10
    query = """
        create temp table used as
        with metrics as (
            select provider, resource_id, metric,
                sum(average::double * minutes_covered::double) / nullif(sum(minutes_covered::double), 0) as average,
                max(p95)::double as p95, max(maximum::double, {rank})[-1] as rank_maximum,
                max(maximum)::double as maximum,
                sum(minutes_covered)::double as minutes, sum(hours_measured)::double as hours,
                sum(idle_hours)::double as idle_hours,
                count(*) filter (where longest_low_hours >= {low_hours})::integer as low_days,
                avg(night_average)::double as night_average,
                min(usage_date) as first, max(usage_date) as last
            from ({usage}) where usage_date >= {since}::date and usage_date < {run_date}::date and average is not null
            group by provider, resource_id, metric
        )
        select provider, resource_id,
            list((metric, average, p95, greatest(p95, rank_maximum), maximum, minutes, hours, idle_hours, low_days,
                night_average, first, last)) as metrics
        from metrics group by provider, resource_id
    """
    parts = {"rank": Sql(str(beyond + 1)), "low_hours": Sql(str(rules.gpu.low_hours))}
    connection.execute(compose(query, usage=usage, **parts, **span))


def _cost(connection: DuckDBPyConnection, costs: Sql | None, span: dict[str, str]) -> None:
    if costs is None:
        connection.execute(
            "create temp table costs (provider varchar, resource_id varchar, billing_currency varchar, "
            "effective decimal(38, 12), committed decimal(38, 12), spot decimal(38, 12), hours decimal(38, 12), "
            "commitments varchar, provisioned decimal(38, 12), billed_type varchar)"
        )
        return
    query = """
        create temp table costs as
        select provider, resource_id, billing_currency,
            -- A credit would pay for something else: what is saved is the price of the usage.
            greatest(
                sum(effective_cost),
                coalesce(sum(committed_cost), 0) + coalesce(sum(spot_cost), 0) + coalesce(sum(on_demand_cost), 0)
            ) as effective,
            coalesce(sum(committed_cost), 0) as committed, coalesce(sum(spot_cost), 0) as spot,
            coalesce(sum(billed_hours), 0) as hours, max(commitment_ids) as commitments,
            coalesce(sum(provisioned_cost), 0) as provisioned,
            max_by(instance_type, charge_date) filter (instance_type <> '') as billed_type
        from ({costs}) where charge_date >= {since}::date and charge_date < {run_date}::date
        group by provider, resource_id, billing_currency
    """
    try:
        connection.execute(compose(query, costs=costs, **span))
    except duckdb.BinderException as error:
        raise outdated(COSTS) from error


def _resource(row: Sequence[Any], days: int) -> Resource:
    of = dict(zip(_COLUMNS, row, strict=False))
    *amounts, commitments, provisioned, metrics = row[len(_COLUMNS) :]
    effective, committed, spot, hours = (each or Decimal(0) for each in amounts)
    return Resource(
        target=Target(of["provider"], of["account_id"] or "", of["region"] or "", of["zone"] or "", of["resource_id"]),
        type=ResourceType(of["resource_type"]),
        currency=of["billing_currency"],
        cost=Cost(days, effective, committed, spot, hours, commitments or "", provisioned or Decimal(0)),
        state=of["state"] or "",
        instance_type=of["instance_type"] or "",
        size_gb=None if of["size_gb"] is None else float(of["size_gb"]),
        attached_to=of["attached_to"] or "",
        group_id=of["group_id"] or "",
        is_spot=bool(of["is_spot"]),
        has_local_disk=bool(of["has_local_disk"]),
        created=_day(of["created_at"]),
        last_used=_day(of["last_used_at"]),
        tags=_mapping(of["tags"]),
        details=_mapping(of["details"]),
        usage={each[0]: Usage(*each[1:]) for each in map(_values, metrics or ())},
        owner=known_or_empty(of["cost_center"]),
        project=known_or_empty(of["ai_project"]),
        model=known_or_empty(of["ai_model"]),
        stage=known_or_empty(of["ai_stage"]),
        environment=known_or_empty(of["environment"]),
    )


def _values(struct: Any) -> tuple[Any, ...]:
    return tuple(struct.values()) if isinstance(struct, dict) else tuple(struct)


def _day(moment: Any) -> date | None:
    return None if moment is None else moment.date() if hasattr(moment, "date") else moment


def known_or_empty(value: str | None) -> str:
    """Return a name; empty for what stands for none, such as (unallocated)."""
    return "" if value is None or value.startswith("(") else value


def _mapping(text: str | None) -> dict[str, Any]:
    """Return a JSON object; an empty one where the inventory has none, or something else."""
    if not text or text == "{}":
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
