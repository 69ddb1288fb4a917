"""Reads what the page shows from the published tables: the newest run date's figures, and days before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.errors import NotReady
from finops.core.sql import Sql, compose, identifier, join
from finops.forecasting import streams
from finops.forecasting.history import charges_sql
from finops.forecasting.models import USAGE
from finops.forecasting.tables import FORECASTS, NOWCASTS, SCORES, TOTALS
from finops.policy.forecasting import Forecasting
from finops.stores.published import Publication
from finops.stores.results import ResultTable
from finops.stores.snapshots import DAILY

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

BEFORE, AFTER = 56, 35
"""Days of the charts before and from the run date on."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page is made of: rows of the newest run date, by table, and usage by day.

    ``usage``: billing_currency, cost_center, charge_date, amount; usage alone, as published, of the days before.
    """

    run_date: date
    published_at: datetime
    build_id: str
    days: list[Row]
    hours: list[Row]
    totals: list[Row]
    nowcasts: list[Row]
    scores: list[Row]
    usage: pd.DataFrame

    @property
    def currencies(self) -> list[str]:
        """The currencies, the one with the largest expected month first."""
        found: dict[str, Decimal] = {}
        for row in self.totals:
            if row["level"] == "total" and row["period"] == "month":
                found[row["billing_currency"]] = abs(row["mean"])
        return sorted(found, key=lambda each: (-found[each], each))


def read(version: Publication, policy: Forecasting) -> Shown:
    """Return what the page of the newest run date shows. Raise NotReady before forecasts are published."""
    missing = [table.name for table in (FORECASTS, TOTALS, NOWCASTS, SCORES) if table.name not in version.marts]
    months = sorted(version.months_of(TOTALS.name)) if not missing else []
    if not months:
        raise NotReady("no forecasts are published yet; run `finops forecast` first")
    with version.connect() as connection:
        newest = compose("select max(run_date) from ({rows})", rows=version.mart_sql(TOTALS.name, months[-1:]))
        (run_date,) = connection.execute(newest).fetchone() or (None,)
        if run_date is None:
            raise NotReady("no forecasts are published yet; run `finops forecast` first")

        def rows(table: ResultTable, more: str, *bound: object) -> list[Row]:
            return _rows(connection, version, table, run_date, more, *bound)

        last = run_date + timedelta(days=AFTER)
        at_top = "level in ('total', 'team') and stream = 'usage'"
        return Shown(
            run_date=run_date,
            published_at=datetime.fromisoformat(version.manifest["published_at"]).astimezone(UTC),
            build_id=version.build_id,
            days=rows(FORECASTS, f"{at_top} and freq = 'D' and ds < ? order by ds", last),
            hours=rows(FORECASTS, f"{at_top} and freq = 'h' order by ds"),
            totals=rows(TOTALS, "level in ('total', 'team') order by level, series"),
            nowcasts=rows(NOWCASTS, "service_name = '(all)' order by charge_date desc, provider"),
            scores=rows(SCORES, "true order by level, cost_center, model"),
            usage=_usage(connection, version, policy, run_date),
        )


def _rows(
    connection: DuckDBPyConnection,
    version: Publication,
    table: ResultTable,
    run_date: date,
    more: str,
    *bound: object,
) -> list[Row]:
    month = f"{run_date:%Y-%m}"
    if month not in version.months_of(table.name):
        return []
    query = compose(
        "select {columns} from ({rows}) where run_date = ? and {more}",
        columns=join(", ", (identifier(each.name) for each in table.columns)),
        rows=version.mart_sql(table.name, [month]),
        more=Sql(more),
    )
    names = [each.name for each in table.columns]
    found = connection.execute(query, [run_date, *bound]).fetchall()
    return [dict(zip(names, row, strict=True)) for row in found]


def _usage(connection: DuckDBPyConnection, version: Publication, policy: Forecasting, run_date: date) -> pd.DataFrame:
    """Return usage by day and cost centre. The stream of a service is told by some months, as a run tells it."""
    import pandas as pd

    first = run_date - timedelta(days=BEFORE + 62)
    months = sorted(each for each in version.months_of(DAILY) if f"{first:%Y-%m}" <= each <= f"{run_date:%Y-%m}")
    if not months:
        return pd.DataFrame(columns=["billing_currency", "cost_center", "charge_date", "amount"])
    charges = connection.execute(charges_sql(version.mart_sql(DAILY, months))).df()
    daily = streams.divided(charges, policy.calendar)
    since, until = pd.Timestamp(run_date) - pd.Timedelta(days=BEFORE), pd.Timestamp(run_date)
    usage = daily[(daily["stream"] == USAGE) & (daily["charge_date"] >= since) & (daily["charge_date"] < until)]
    return usage.groupby(["billing_currency", "cost_center", "charge_date"], as_index=False)["amount"].sum()
