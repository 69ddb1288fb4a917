"""Usage cost by hour of recent weeks, with the project that each charge's tags name, from the FOCUS fact."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from finops.core.dimensions import ABSENT
from finops.core.errors import NotReady
from finops.core.periods import BillingPeriod
from finops.core.providers import Provider
from finops.core.sql import Sql, compose
from finops.stores.published import Publication, join_owners

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

WEEKS = 6
"""How many weeks of hours a forecast by hour looks at."""

COLUMNS = ("billing_currency", "provider", "ai_project", "ds", "amount")

_HOURS = """
    with charges as (
        select details.billing_currency, details.service_name, lines.charge_period_start, lines.effective_cost,
            coalesce(owners.ai_project, {absent}) as ai_project,
            greatest(1, date_diff('hour', lines.charge_period_start, lines.charge_period_end)) as hour_count
        from {owned}
        where lines.charge_period_start >= ? and lines.charge_period_start < ?
            and details.charge_category = 'Usage' and coalesce(details.charge_class, '') <> 'Correction'
            and hour_count <= 24
    )

    select billing_currency, {provider} as provider, service_name, ai_project,
        date_trunc('hour', charge_period_start) + to_hours(cast(place as integer)) as ds,
        sum(effective_cost / hour_count)::double as amount
    from charges, unnest(range(hour_count)) as hours (place)
    group by all
"""
"""A charge of several hours, such as a day's, is spread evenly over them; one of more than a day is not by the hour."""


def read(
    version: Publication, connection: DuckDBPyConnection, until: date, monthly: set[tuple[str, str]]
) -> pd.DataFrame:
    """Return usage cost by hour (UTC), currency, provider and project before a day; the columns are ``COLUMNS``.

    ``monthly`` are the (provider, service) that are billed by the calendar. Partitions of releases that did not keep
    whose their lines are have no hours.
    """
    import pandas as pd

    last = datetime.combine(until, datetime.min.time())
    first = last - timedelta(weeks=WEEKS)
    parts = []
    for name in version.manifest["fact"]["partitions"]:
        provider, _, month = name.partition("/")
        # Bills of a month have charges of days around it, too.
        if f"{first - timedelta(days=5):%Y-%m}" <= month <= f"{last:%Y-%m}":
            found = _of_partition(version, connection, provider, month, first, last)
            services = [name for owner, name in monthly if owner == provider]
            parts.append(found[~found["service_name"].isin(services)])
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["service_name", *COLUMNS])
    rows = rows[(rows["ds"] >= pd.Timestamp(first)) & (rows["ds"] < pd.Timestamp(last))] if len(rows) else rows
    return rows.groupby(list(COLUMNS[:-1]), as_index=False)["amount"].sum() if len(rows) else rows[list(COLUMNS)]


def _of_partition(
    version: Publication,
    connection: DuckDBPyConnection,
    provider: str,
    month: str,
    first: datetime,
    last: datetime,
) -> pd.DataFrame:
    import pandas as pd

    try:
        folder = version.partition(Provider(provider), BillingPeriod.parse(month))
    except NotReady:
        return pd.DataFrame(columns=["service_name", *COLUMNS])
    asked: Sql = compose(
        _HOURS,
        owned=join_owners(folder),
        absent=ABSENT,
        provider=provider,
    )
    return connection.execute(asked, [first, last]).df()
