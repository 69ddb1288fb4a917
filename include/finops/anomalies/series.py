"""The series that are watched: usage EffectiveCost per UTC day by several levels, out of what is published.

What is charged for more than a day at once (support, subscriptions, a month of storage) is left out: it has a calendar,
not a level. So are machines while recorded training runs use them, where ``anomalies.yml`` does not say otherwise.
Credits, tax, refunds, purchases and corrections are none of usage. Untagged cost counts as any other; currencies are
apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from finops.anomalies.models import Key
from finops.core.dimensions import ABSENT, UNALLOCATED
from finops.core.sql import Sql, compose, identifier, join, literal
from finops.policy.anomalies import Dimension
from finops.stores.published import Publication

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

DAILY = "watched_costs"
"""Temporary table: one row per day, currency and values of all dimensions, ``cost`` exact."""

_DAILY = """
    create or replace temp table watched_costs as
    select currency, day, {columns}, sum(cost)::decimal(38, 12) as cost
    from (
        select billing_currency as currency, charge_date as day, {columns}, effective_cost as cost
        from ({daily})
        where charge_category = 'Usage' and charge_class = {absent} and {watched}
        union all
        select currency, day, {columns}, -cost as cost from left_out
    )
    where day between {first} and {last}
    group by all
    having sum(cost) <> 0
"""
WATCHED = Sql("service_name not ilike '%support%'")
"""The predicate that keeps services that people use; support is a fee."""


def load(
    connection: DuckDBPyConnection, version: Publication, months: Collection[str], first: date, last: date
) -> None:
    """Create the table of daily costs from the first to the last day, after ``lines.load``."""
    query = compose(
        _DAILY,
        columns=join(", ", map(identifier, Dimension)),
        daily=version.mart_sql("fct_daily_costs", sorted(months)),
        absent=ABSENT,
        watched=WATCHED,
        first=_day(first),
        last=_day(last),
    )
    connection.execute(query)


def _day(day: date) -> Sql:
    return compose("date {day}", day=day.isoformat())


@dataclass(frozen=True, slots=True)
class Cube:
    """The daily costs in memory, to sum any slice of them by day. ``days`` are all days from the first to the last."""

    frame: DataFrame
    first: date
    length: int
    ends: Mapping[str, date]
    starts: Mapping[str, date]

    @classmethod
    def read(cls, connection: DuckDBPyConnection) -> Cube:
        """Read the table that ``load`` created; it may be empty."""
        import pandas as pd

        frame = connection.execute("select * replace (cost::double as cost) from watched_costs").df()
        query = "select provider, max(day), min(day) from watched_costs group by provider"
        rows = connection.execute(query).fetchall()
        if frame.empty:
            return cls(frame, date.min, 0, {}, {})
        first, last = frame["day"].min(), frame["day"].max()
        frame["at"] = (frame["day"] - first).dt.days
        for name in ("currency", *Dimension):
            frame[str(name)] = pd.Categorical(frame[str(name)])
        ends, starts = ({row[0]: row[place] for row in rows} for place in (1, 2))
        return cls(frame, first.date(), (last - first).days + 1, ends, starts)

    @property
    def last(self) -> date:
        """The last day of any provider."""
        return self.first + timedelta(days=self.length - 1)

    def end_of(self, key: Key) -> date:
        """Return the last day of which anything of a series has arrived: that of its provider, or of any."""
        return self.ends.get(dict(key.values).get(Dimension.PROVIDER, ""), self.last)

    def start_of(self, key: Key) -> date:
        """Return the first day of which anything is known of a series: that of its provider."""
        return self.starts.get(dict(key.values).get(Dimension.PROVIDER, ""), self.first)

    def mask(self, key: Key) -> np.ndarray:
        """Return which rows are charges of a series."""
        found = (self.frame["currency"] == key.currency).to_numpy()
        for name, value in key.values:
            found = found & (self.frame[str(name)] == value).to_numpy()
        return found

    def daily(self, mask: np.ndarray) -> np.ndarray:
        """Return the cost per day of rows."""
        import numpy as np

        at, cost = self.frame["at"].to_numpy()[mask], self.frame["cost"].to_numpy()[mask]
        return np.bincount(at, weights=cost, minlength=self.length)


def watched(cube: Cube, levels: Mapping[str, Sequence[Dimension]], least: float) -> dict[Key, np.ndarray]:
    """Return the cost per day of every series that on some days together cost as much as an alert needs.

    Days without a charge are 0 from the first day of all, so that what begins anew is seen against nothing.
    """
    import numpy as np

    found: dict[Key, np.ndarray] = {}
    for level, dimensions in levels.items():
        names = ["currency", *map(str, dimensions)]
        for values, rows in cube.frame.groupby(names, observed=True, sort=True):
            costs = np.bincount(rows["at"].to_numpy(), weights=rows["cost"].to_numpy(), minlength=cube.length)
            if np.maximum(costs, 0).sum() >= least:
                currency, *rest = values
                found[Key(currency, level, tuple(zip(dimensions, rest, strict=True)))] = costs
    return found


def absent_of(column: str) -> str:
    """Return what the marts hold where a charge has no value of a column."""
    return UNALLOCATED if column == Dimension.COST_CENTER else ABSENT


def condition(key: Key) -> Sql:
    """Return the predicate that keeps a series' rows of the daily costs, or of lines with the same columns."""
    wanted = [compose("currency = {currency}", currency=key.currency)]
    wanted += [compose("{name} = {value}", name=identifier(name), value=literal(value)) for name, value in key.values]
    return join(" and ", wanted)
