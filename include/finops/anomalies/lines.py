"""Charges by day, resource and SKU, of the days that incidents are compared by: what causes are found in."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import TYPE_CHECKING

from finops.anomalies.charges import resolved
from finops.anomalies.episodes import BEFORE
from finops.anomalies.models import Episode
from finops.anomalies.series import AT_WORK, condition
from finops.core.dimensions import ABSENT
from finops.core.sql import Sql, compose, identifier, join
from finops.policy.anomalies import Dimension
from finops.stores.published import Publication

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TAGS = frozenset({Dimension.COST_CENTER, Dimension.PROJECT, Dimension.MODEL})
"""Dimensions that tags name, and that a resource may change."""
MOVED = 0.5
"""Where resources cost, whatever their tags, less than this part of a rise more, the cost has moved between tags."""

_LINES = """
    create or replace temp table charge_days as
    select billing_currency as currency, cast(charge_period_start as date) as day, {columns}, resource_id, sku_id,
        max(sku_meter) as sku_meter, max(pricing_unit) as pricing_unit, max(owner) as owner,
        sum(effective_cost)::double as cost, sum(pricing_quantity)::double as quantity,
        min(charge_period_start) as first_start
    from ({lines}) as lines
    where charge_category = 'Usage' and charge_class = {absent}
        and date_diff('hour', charge_period_start, charge_period_end) <= 25
        and cast(charge_period_start as date) between {first} and {last}
        and not ({at_work})
    group by all
"""


def load(connection: DuckDBPyConnection, version: Publication, months: Collection[str], first: date, last: date) -> None:
    """Create the table of charges of some days, as the daily costs have them: one row per day, resource and SKU."""
    names = [name for name in version.manifest["fact"]["partitions"] if name.split("/")[1] in months]
    query = compose(
        _LINES,
        columns=join(", ", map(identifier, Dimension)),
        lines=join(" union all ", (resolved(version, name) for name in names)),
        absent=ABSENT,
        at_work=AT_WORK,
        first=day(first),
        last=day(last),
    )
    connection.execute(query)


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
