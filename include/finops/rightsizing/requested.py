"""Reads how many requests endpoints had, and how many are expected."""

from __future__ import annotations

from datetime import timedelta

from finops.core.sql import Sql, compose
from finops.rightsizing import week
from finops.rightsizing.read import rows_of
from finops.rightsizing.resource import Asked, Expected
from finops.rightsizing.window import Window

FORECASTS = "mart_request_forecasts"
_FRESH_DAYS = 7
"""An older forecast has no hour that is still to come."""
_LEAST_HISTORY = 28
"""Days of counted requests, below which nothing shows how far a forecast of a week would have been off."""

Key = tuple[str, str]


def asked(window: Window) -> dict[Key, Asked]:
    """Return what was counted of each endpoint in the window, by (provider, endpoint)."""
    # A day that nobody counted has no version, and no tokens: it says nothing about requests.
    query = """
        with days as (
            select provider, endpoint_id, charge_date, sum(requests)::bigint as requests from ({rows})
            where charge_date >= {since}::date and charge_date < {run_date}::date and (
                requests > 0 or model_version <> '(none)' or serving_stage <> '(none)' or tokens_in is not null
            )
            group by all
        )
        select provider, endpoint_id, count(*), sum(requests)::bigint from days group by all
    """
    rows = window.rows(query, "mart_inference_costs", window.since)
    return {(provider, endpoint): Asked(*figures) for provider, endpoint, *figures in rows}


def expected(window: Window) -> dict[Key, Expected]:
    """Return the newest forecast of the last days of each endpoint with enough history, by (provider, endpoint)."""
    first = window.run_date - timedelta(days=_FRESH_DAYS - 1)
    rows = rows_of(window.version, FORECASTS, first, window.run_date)
    if rows is None:
        return {}
    query = """
        with newest as (
            select * from ({rows}) where run_date between {first}::date and {run_date}::date
            qualify run_date = max(run_date) over ()
        )
        select provider, endpoint_id, run_date, list(hi_80 order by place), list(hi_95 order by place)
        from (select *, isodow(hour_start) * 24 + hour(hour_start) as place from newest)
        where history_days >= {least}
        group by all having count(distinct place) = {hours}
    """
    days = {"first": str(first), "run_date": str(window.run_date)}
    enough = {"least": Sql(str(_LEAST_HISTORY)), "hours": Sql(str(week.HOURS))}
    found = window.connection.execute(compose(query, rows=rows, **days, **enough)).fetchall()
    return {(p, endpoint): Expected(day, tuple(lower), tuple(upper)) for p, endpoint, day, lower, upper in found}
