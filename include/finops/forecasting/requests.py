"""How many requests each endpoint will get, by the hour of the next seven days."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from finops.core.dimensions import ABSENT
from finops.core.settings import Settings
from finops.core.sql import Sql, compose
from finops.forecasting.models import BOUNDS
from finops.forecasting.tables import REQUESTS
from finops.stores import published
from finops.stores.results import Results, published_rows

if TYPE_CHECKING:
    import pandas as pd

    from finops.stores.published import Publication

logger = logging.getLogger(__name__)

HOURS_MART = "mart_endpoint_hours"
WEEKS = 8
"""How many weeks of hours are looked at."""
DAYS = 7
"""How many days are forecast."""
MOST_ENDPOINTS = 500
"""Those with most requests; of others nothing is said."""
LEAST_DAYS = 28
"""With less history nothing shows how far a forecast of a week would have been off; the rows say how much there is."""
SILENT_DAYS = 2
"""An endpoint that nobody has counted for so long is gone, or not observed any more."""
MOST_KEPT = 300_000
"""Rows of a month; above that, earlier run dates go, the oldest first."""

_WEEK = 168
_FEWEST, _MOST = 2, 4
"""Rolling origins of the engine. Those that have seen less than two weeks miss the rhythm and widen all bounds."""
_NAMES = ["provider", "endpoint_id"]


def run_date_of(settings: Settings) -> date | None:
    """Return the day after the newest whole day whose requests are counted, at most today; None where none are."""
    version = published.latest(settings)
    if HOURS_MART not in version.marts:
        return None
    query = compose("select max(hour_start) + interval 1 hour from ({rows})", rows=version.mart_sql(HOURS_MART))
    with version.connect() as connection:
        (newest,) = connection.execute(query).fetchone() or (None,)
    return None if newest is None else min(newest.date(), datetime.now(UTC).date())


def is_published(version: Publication, run_date: date) -> bool:
    """Tell whether there is a forecast of a run date."""
    month = f"{run_date:%Y-%m}"
    if REQUESTS.name not in version.marts or month not in version.months_of(REQUESTS.name):
        return False
    rows = version.mart_sql(REQUESTS.name, [month])
    with version.connect() as connection:
        query = compose("select 1 from ({rows}) where run_date = {day}::date limit 1", rows=rows, day=str(run_date))
        return connection.execute(query).fetchone() is not None


def run(settings: Settings, run_date: date) -> Results:
    """Return the whole new content of the run date's month: its own forecasts, and those of other run dates.

    Only hours before the run date are known. Without any that were counted it has no rows.
    """
    version = published.latest(settings)
    fresh = forecast(_counted(settings, version, run_date), run_date)
    month = f"{run_date:%Y-%m}"
    same = compose("run_date = cast({day} as date)", day=str(run_date))
    before = published_rows(version, REQUESTS, [month], but=same).drop(columns="billing_period")
    return {REQUESTS.name: {month: _kept(before, fresh)}}


def forecast(counted: pd.DataFrame, run_date: date) -> pd.DataFrame:
    """Return the rows of a run date, from counted hours: ``provider``, ``endpoint_id``, ``ds`` (UTC), ``requests``.

    An hour that is not there was not counted. Endpoints that are not counted any more, that had no request, or that
    are beyond the busiest 500 have no rows.
    """
    import pandas as pd

    columns = [each.name for each in REQUESTS.columns if each.name != "billing_period"]
    begin = pd.Timestamp(run_date)
    known = _asked(counted[counted["ds"] < begin], begin)
    if known.empty:
        return pd.DataFrame(columns=columns)
    said = pd.concat([_said(each, *asked) for asked, each in _alike(known, begin)])
    said = said[(said["ds"] >= begin) & (said["ds"] < begin + pd.Timedelta(days=DAYS))]
    first = known.groupby("unique_id", as_index=False).agg(
        first=("ds", "min"), provider=("provider", "first"), endpoint_id=("endpoint_id", "first")
    )
    found = said.merge(first, on="unique_id").rename(columns={"ds": "hour_start"})
    found["history_days"] = (begin - found["first"]).dt.days
    found[["mean", *BOUNDS]] = found[["mean", *BOUNDS]].round(3)
    # Where forecasts have missed to one side, both bounds may lie on the other.
    for inner, level in (("mean", 80), (None, 95)):
        for side, enclosing in (("lo", "min"), ("hi", "max")):
            found[f"{side}_{level}"] = found[[inner or f"{side}_80", f"{side}_{level}"]].agg(enclosing, axis=1)
    _say(found)
    return found.assign(billing_currency=ABSENT, run_date=run_date)[columns]


def _alike(known: pd.DataFrame, begin: pd.Timestamp) -> Iterator[tuple[tuple[int, int], pd.DataFrame]]:
    """Yield series that are to be forecast alike, with horizon and rolling origins.

    A series goes on from where it was counted last, which may be up to two days before the run date: the horizon is
    longer then. Origins are as many as have two weeks before them.
    """
    import pandas as pd

    ends = known.groupby("unique_id", as_index=False).agg(first=("ds", "min"), newest=("ds", "max"))
    hour = pd.Timedelta(hours=1)
    late = (begin - hour - ends["newest"]) / hour
    ends["horizon"] = (DAYS + -(-late // 24)).astype(int) * 24
    length = (ends["newest"] - ends["first"]) / hour + 1
    spare = (length - 2 * _WEEK - ends["horizon"]) // (ends["horizon"] / 2)
    ends["origins"] = (spare + 1).clip(_FEWEST, _MOST).astype(int)
    asked = ["horizon", "origins"]
    for (horizon, origins), each in known.merge(ends[["unique_id", *asked]], on="unique_id").groupby(asked):
        yield (int(horizon), int(origins)), each


def _said(known: pd.DataFrame, horizon: int, origins: int) -> pd.DataFrame:
    """Return what the engine says of series whose history is about as long."""
    from finops.timeseries import panel as panels
    from finops.timeseries.forecasting import Options
    from finops.timeseries.forecasting import forecast as forecast_panel

    series = known.rename(columns={"requests": "y"})[["unique_id", "ds", "y"]]
    return forecast_panel(panels.clean(series, "h"), horizon, options=Options(origins=origins)).frame


def _counted(settings: Settings, version: Publication, run_date: date) -> pd.DataFrame:
    """Return the hours of the weeks before a day that were counted whole."""
    first = run_date - timedelta(weeks=WEEKS)
    there = version.months_of(HOURS_MART) if HOURS_MART in version.marts else frozenset[str]()
    months = sorted(each for each in there if f"{first:%Y-%m}" <= each <= f"{run_date:%Y-%m}")
    query = """
        select provider, endpoint_id, hour_start as ds, requests::double as requests from ({rows})
        where hour_start >= {first}::timestamp and hour_start < {run_date}::timestamp and minutes_covered = 60
    """
    nothing = Sql(
        "select null::varchar as provider, null::varchar as endpoint_id, null::timestamp as hour_start, "
        "null::bigint as requests, 0 as minutes_covered"
    )
    rows = version.mart_sql(HOURS_MART, months) if months else nothing
    with version.connect() as connection:
        connection.execute(compose("set memory_limit = {limit}", limit=settings.memory_limit))
        return connection.execute(compose(query, rows=rows, first=str(first), run_date=str(run_date))).df()


def _asked(known: pd.DataFrame, begin: pd.Timestamp) -> pd.DataFrame:
    """Return the hours of endpoints that are counted still and asked at all, with a name for each series."""
    import pandas as pd

    totals = known.groupby(_NAMES, as_index=False).agg(newest=("ds", "max"), total=("requests", "sum"))
    is_asked = (totals["total"] > 0) & (totals["newest"] >= begin - pd.Timedelta(days=SILENT_DAYS))
    totals = totals[is_asked].sort_values(["total", *_NAMES], ascending=[False, True, True])
    if (beyond := len(totals) - MOST_ENDPOINTS) > 0:
        logger.warning("requests of %d endpoints are not forecast: those of the busiest %d are", beyond, MOST_ENDPOINTS)
    found = known.merge(totals.head(MOST_ENDPOINTS)[_NAMES], on=_NAMES)
    return found.assign(unique_id=found["provider"] + " " + found["endpoint_id"])


def _say(found: pd.DataFrame) -> None:
    short = sorted(found.loc[found["history_days"] < LEAST_DAYS, "unique_id"].unique())
    if short:
        named = ", ".join(short[:5])
        logger.warning(
            "requests of %d endpoints are counted for less than %d days, so bounds are wide: %s%s",
            *(len(short), LEAST_DAYS, named, " and more" if len(short) > 5 else ""),
        )


def _kept(before: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    while len(before) and len(before) + len(fresh) > MOST_KEPT:
        before = before[before["run_date"] != before["run_date"].min()]
    return pd.concat([before, fresh], ignore_index=True) if len(before) else fresh
