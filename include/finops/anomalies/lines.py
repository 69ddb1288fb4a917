"""Charges by day, resource and SKU, of the days that incidents are compared by: what causes are found in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from finops.anomalies.charges import resolved
from finops.anomalies.episodes import BEFORE
from finops.anomalies.models import Episode
from finops.anomalies.series import WATCHED, condition
from finops.core.dimensions import ABSENT
from finops.core.sql import Sql, compose, identifier, join, literal
from finops.policy.anomalies import Dimension
from finops.stores.published import Publication

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TAGS = frozenset({Dimension.COST_CENTER, Dimension.PROJECT, Dimension.MODEL})
"""Dimensions that tags name, and that a resource may change."""
MOVED = 0.5
"""Where resources cost, whatever their tags, less than this part of a rise more, the cost has moved between tags."""

RUNS = "mart_training_run_costs"
IDLE_DAYS = 14
"""So long after its last training run a machine still counts as one at work."""

_AT_WORK = """
    create or replace temp table days_at_work as
    select distinct provider, resource_id, cast(unnest(generate_series(
        date_trunc('day', started_at) - interval 1 day, coalesce(ended_at, {until}) + interval '{idle} days',
        interval 1 day
    )) as date) as day
    from ({runs}) where started_at is not null
"""
_LINES = """
    create or replace temp table some_lines as
    select billing_currency as currency, cast(charge_period_start as date) as day, {columns}, resource_id, sku_id,
        sku_meter, owner, effective_cost, list_cost, pricing_quantity, charge_period_start,
        date_diff('hour', charge_period_start, charge_period_end) > 25 or (
            regexp_matches(lower(coalesce(pricing_unit, '')), 'hour|hrs')
            and (provider, resource_id, cast(charge_period_start as date)) in (
                select (provider, resource_id, day) from days_at_work
            )
        ) as is_left_out,
        date_diff('minute', charge_period_start, charge_period_end) <= 60 as is_hourly
    from ({lines}) as lines
    where charge_category = 'Usage' and charge_class = {absent} and {watched}
        and cast(charge_period_start as date) between {first} and {last}
"""
_TABLES = {
    "left_out": """
        select currency, day, {columns}, sum(effective_cost)::decimal(38, 12) as cost
        from some_lines where is_left_out group by all
    """,
    "sku_days": """
        select provider, currency, service_name, sku_id, day, sum(list_cost)::double as list_cost,
            sum(pricing_quantity)::double as quantity, sum(effective_cost)::double as cost
        from some_lines where not is_left_out and pricing_quantity > 0 and list_cost > 0 and sku_id <> {absent}
        group by all
    """,
    "charge_days": """
        select currency, day, {columns}, resource_id, sku_id, max(sku_meter) as sku_meter, max(owner) as owner,
            sum(effective_cost)::double as cost, sum(pricing_quantity)::double as quantity,
            min(charge_period_start) as first_start
        from some_lines where not is_left_out and day >= {detailed} group by all
    """,
    "charge_hours": """
        select currency, charge_period_start as hour, {columns}, is_hourly, sum(effective_cost)::double as cost
        from some_lines where not is_left_out and day >= {hourly} group by all
    """,
}
"""Temporary tables of what is watched: what of it is left out, prices, charges of the days that are compared, hours."""


@dataclass(frozen=True, slots=True)
class Window:
    """Days that are looked at; from ``detailed`` on charge by charge, from ``hourly`` on hour by hour."""

    first: date
    last: date
    detailed: date
    hourly: date


def load(
    connection: DuckDBPyConnection,
    version: Publication,
    months: Collection[str],
    window: Window,
    *,
    leave_out_runs: bool,
) -> None:
    """Create the tables, bill by bill, so that no more than one is in memory.

    With ``leave_out_runs`` the hours of machines are left out on days of a recorded training run, the day before and
    for ``IDLE_DAYS`` after: it says what they are for, and comes and goes by plan.
    """
    known = sorted(set(months) & version.months_of(RUNS)) if leave_out_runs and RUNS in version.marts else []
    runs = Sql("select '' as provider, '' as resource_id, null::timestamp as started_at, null::timestamp as ended_at")
    if known:
        runs = version.mart_sql(RUNS, known)
    connection.execute(compose(_AT_WORK, until=day(window.last), idle=Sql(str(IDLE_DAYS)), runs=runs))
    columns = join(", ", map(identifier, Dimension))
    days = {name: day(getattr(window, name)) for name in ("first", "last", "detailed", "hourly")}
    for number, name in enumerate(each for each in version.manifest["fact"]["partitions"] if each[-7:] in months):
        parts = {"columns": columns, "absent": literal(ABSENT), "watched": WATCHED, **days}
        connection.execute(compose(_LINES, lines=resolved(version, name), **parts))
        for table, query in _TABLES.items():
            verb = "insert into {table}" if number else "create or replace temp table {table} as"
            connection.execute(compose(f"{verb} {query}", table=identifier(table), **parts))
    connection.execute("drop table if exists some_lines")


def has_moved(connection: DuckDBPyConnection, episode: Episode) -> bool:
    """Tell whether a rise is of cost that its resources had before under another tag: nothing costs more then."""
    tagless = tuple(each for each in episode.key.values if each[0] not in TAGS)
    if len(tagless) == len(episode.key.values) or episode.excess <= 0:
        return False
    query = """
        with resources as (
            select distinct provider, resource_id from charge_days
            where {key} and day between {first} and {last} and resource_id <> {absent}
        )
        select day, sum(cost) as cost, sum(if({key}, cost, 0)) as under_key
        from charge_days
        where {slice} and day between {before} and {last}
            and (provider, resource_id) in (select (provider, resource_id) from resources)
        group by day
    """
    asked = compose(
        query,
        key=condition(episode.key),
        slice=condition(type(episode.key)(episode.key.currency, "", tagless)),
        absent=ABSENT,
        before=day(episode.first - timedelta(days=BEFORE)),
        first=day(episode.first),
        last=day(episode.last),
    )
    rows = connection.execute(asked).fetchall()
    length = (episode.last - episode.first).days + 1
    began = (episode.first - min((each for each, *_ in rows), default=episode.first)).days
    now, then = ([row for row in rows if (row[0] >= episode.first) is is_now] for is_now in (True, False))
    if not now or not began:
        return False

    def rise(column: int) -> float:
        return sum(row[column] for row in now) - sum(row[column] for row in then) / began * length

    return rise(2) > 0 and rise(1) < MOVED * rise(2)


def day(value: date) -> Sql:
    """Return a day as SQL."""
    return compose("date {day}", day=value.isoformat())
