"""Reads what is published: daily charges, hours of the fact, and how far each provider's bills reach."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from finops.core.errors import BadInput, NotReady
from finops.core.periods import BillingPeriod
from finops.core.settings import Settings
from finops.core.sql import Sql, compose, join
from finops.forecasting import history, hours, streams
from finops.forecasting.history import charges_sql
from finops.forecasting.models import USAGE, Input
from finops.policy.forecasting import Forecasting
from finops.stores import snapshots
from finops.stores.published import Publication
from finops.stores.snapshots import DAILY, Snapshot

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

_MONTHS = 26
"""Months of daily costs that are read: two years and the month before and after."""


def given(settings: Settings, version: Publication, policy: Forecasting, run_date: date | None) -> Input:
    """Return what a forecast is made of. Without ``run_date`` it is the day after the newest usage, at most today.

    A past run date sees no charge of its day or later. Where the history has the load that was the newest then, its
    figures count for its month; else those that are published today. Raise NotReady without usage before it, BadInput
    for a day that is not here yet.
    """
    today = datetime.now(UTC).date()
    if run_date is not None and run_date > today + timedelta(days=1):
        raise BadInput(f"the run date {run_date} is in the future; the newest that can be is {today}")
    with version.connect() as connection:
        connection.execute(compose("set memory_limit = {limit}", limit=settings.memory_limit))
        connection.execute(compose("set threads = {threads}", threads=Sql(settings.threads)))
        until = run_date or min(_newest_usage(connection) + timedelta(days=1), today)
        months = _months(version, until)
        known = history.of_months(settings, months[-history.MONTHS :])
        then = history.known_on(settings, known, until) if run_date is not None else {}
        charges = _charges(settings, version, connection, [str(each) for each in months], then)
        daily = streams.divided(charges, policy.calendar)
        frontier = _frontier(daily)
        daily = daily[daily["charge_date"].dt.date < until]
        if not (daily["stream"] == USAGE).any():
            raise NotReady(f"no usage before {until} is published; the forecast needs some days of it")
        hourly = hours.read(version, connection, until, monthly=_calendar_services(daily))
        loads = history.loads(settings, connection, known, run_date)
    return Input(until, daily, hourly, loads, frontier, _written(version, known, then, frontier))


def _newest_usage(connection: DuckDBPyConnection) -> date:
    query = "select max(charge_date) from fct_daily_costs where charge_category = 'Usage'"
    (found,) = connection.execute(query).fetchone() or (None,)
    if found is None:
        raise NotReady("no usage is published yet; run `finops ingest` and `finops build` first")
    newest: date = found
    return newest


def _months(version: Publication, until: date) -> list[BillingPeriod]:
    """Return the published months that may have charges before the run date, or just after it."""
    first, last = until - timedelta(days=31 * _MONTHS), until + timedelta(days=31)
    return [each for each in version.billing_periods if f"{first:%Y-%m}" <= str(each) <= f"{last:%Y-%m}"]


def _charges(
    settings: Settings,
    version: Publication,
    connection: DuckDBPyConnection,
    months: list[str],
    then: dict[tuple[str, str], Snapshot],
) -> pd.DataFrame:
    """Return charges by key, day, category and class; of what was known otherwise on a past run date, as it was."""
    there = sorted(set(months) & version.months_of(DAILY))
    if not there:
        return connection.execute(charges_sql(compose("select * from {m} where false", m=Sql(DAILY)))).df()
    pairs = [compose("({p}, {m})", p=provider, m=month) for provider, month in then]
    kept = compose("(provider, billing_period) not in ({pairs})", pairs=join(", ", pairs)) if pairs else Sql("true")
    rows = compose("select * from ({all}) where {kept}", all=version.mart_sql(DAILY, there), kept=kept)
    if then:
        before = snapshots.daily_sql(settings, list(then.values()))
        rows = compose("{rows} union all by name {before}", rows=rows, before=before)
    return connection.execute(charges_sql(rows)).df()


def _frontier(daily: pd.DataFrame) -> dict[str, date]:
    usage = daily[daily["stream"] == USAGE]
    return {str(name): day.date() for name, day in usage.groupby("provider")["charge_date"].max().items()}


def _calendar_services(daily: pd.DataFrame) -> set[tuple[str, str]]:
    """Return (provider, service) that have no usage outside the calendar stream."""
    pairs = ["provider", "service_name"]
    usage = set(daily[daily["stream"] == USAGE][pairs].itertuples(index=False, name=None))
    return set(daily[pairs].drop_duplicates().itertuples(index=False, name=None)) - usage


def _written(
    version: Publication,
    known: list[Snapshot],
    then: dict[tuple[str, str], Snapshot],
    frontier: dict[str, date],
) -> dict[str, date]:
    """Return per provider the day on which the load with its newest usage was written."""
    found: dict[str, date] = {}
    for provider, newest in frontier.items():
        pair = (provider, f"{newest:%Y-%m}")
        of_month = [each for each in known if (str(each.provider), str(each.billing_period)) == pair]
        load = then.get(pair) or max(of_month, key=lambda each: each.published_at, default=None)
        if load is not None:
            found[provider] = history.written(load)
    return found
