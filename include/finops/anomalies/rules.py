"""The usual rules beside the detector. Each raises only where ``anomalies.yml`` configures it, and says its name.

A daily limit per tag, a multiple of the mean of the days before, a price of a GPU hour and a change of a list price are
here; the rolling mean with sigmas is one of hours (``hours.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from finops.anomalies.models import Episode, Key, Kind, Point, at_midnight
from finops.anomalies.series import Cube
from finops.core.sql import compose
from finops.policy.anomalies import AnomalyPolicy, DailyLimit, Dimension, GpuHour, MeanRatio, UnitPrice

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

    from finops.stores.published import Publication

GPUS = "mart_gpu_utilization"
_KNOWN_DAYS = 5
"""Days with a price that a change is held against, at least."""
_PRICES = """
    select provider, currency, service_name, sku_id, day, list_cost / quantity as price, cost
    from sku_days where list_cost >= 0.01 order by day
"""


def daily_limits(cube: Cube, limits: Iterable[DailyLimit], quiet: int) -> Iterator[Episode]:
    """Yield the runs of days on which a tag's value cost more than its limit; expected is the limit."""
    import numpy as np

    for limit in limits:
        names = ["currency", str(limit.level)]
        for (currency, value), rows in cube.frame.groupby(names, observed=True, sort=True):
            if (limit.values and value not in limit.values) or limit.currency not in (None, currency):
                continue
            costs = np.bincount(rows["at"].to_numpy(), weights=rows["cost"].to_numpy(), minlength=cube.length)
            key = Key(currency, str(limit.level), ((limit.level, value),))
            expected = np.full(cube.length, float(limit.more_than))
            yield from runs(key, limit.name, costs > expected, costs, expected, cube.first, quiet)


def mean_ratio(
    series: Mapping[Key, np.ndarray], rule: MeanRatio, first: date, policy: AnomalyPolicy
) -> Iterator[Episode]:
    """Yield the runs of days that cost more than so many times the mean of the days before, and enough more."""
    import numpy as np

    for key, costs in series.items():
        if key.level not in rule.levels or len(costs) <= rule.days:
            continue
        sums = np.concatenate([[0.0], np.cumsum(costs)])
        means = np.full(len(costs), np.inf)
        means[rule.days :] = (sums[rule.days : -1] - sums[: -rule.days - 1]) / rule.days
        is_odd = (costs > float(rule.factor) * means) & (costs - means >= float(policy.alert.amount))
        means[np.isinf(means)] = costs[np.isinf(means)]
        yield from runs(key, rule.name, is_odd, costs, means, first, policy.episodes.quiet_days)


def gpu_hours(
    connection: DuckDBPyConnection, version: Publication, months: Sequence[str], rule: GpuHour, quiet: int, until: date
) -> Iterator[Episode]:
    """Yield the runs of days on which GPU hours of a family and model cost more than the limit."""
    if GPUS not in version.marts:
        return
    kept = [month for month in months if month in version.months_of(GPUS)]
    if not kept:
        return
    query = """
        select provider, billing_currency, gpu_family, ai_model, charge_date, sum(effective_cost)::double as cost,
            sum(gpu_hours)::double as hours
        from ({mart}) where gpu_hours > 0 and charge_date <= ? group by all order by all
    """
    frame = connection.execute(compose(query, mart=version.mart_sql(GPUS, kept)), [until]).df()
    frame["day"] = frame["charge_date"].dt.date
    for (provider, currency, family, model), rows in frame.groupby(
        ["provider", "billing_currency", "gpu_family", "ai_model"], sort=True
    ):
        if (rule.families and family not in rule.families) or rule.currency not in (None, currency):
            continue
        first, costs, hours = _daily(rows)
        key = Key(currency, f"GPU hours of {family}", ((Dimension.PROVIDER, provider), (Dimension.MODEL, model)))
        expected = hours * float(rule.more_than)
        yield from runs(key, rule.name, costs > expected, costs, expected, first, quiet)


def _daily(rows: DataFrame) -> tuple[date, np.ndarray, np.ndarray]:
    import numpy as np

    first = rows["day"].min()
    at = np.array([(day - first).days for day in rows["day"]])
    length = int(at.max()) + 1
    sums = (np.bincount(at, weights=rows[name].to_numpy(), minlength=length) for name in ("cost", "hours"))
    costs, hours = sums
    return first, costs, hours


def unit_prices(
    connection: DuckDBPyConnection, rule: UnitPrice, policy: AnomalyPolicy, until: date
) -> Iterator[Episode]:
    """Yield, per service and day, the changes of list prices: what the same usage costs more, or less, for some days.

    A price is list cost ÷ pricing quantity of a SKU's lines of a day; it has changed when two days with
    a price in turn lie off the median of up to 14 before. A fall is told too: it is news of a contract, not of usage.
    """
    frame = connection.execute(_PRICES).df()
    frame["day"] = frame["day"].dt.date
    changed: dict[tuple[Key, date, bool], dict[date, list[float]]] = {}
    for (provider, currency, service, _), rows in frame.groupby(
        ["provider", "currency", "service_name", "sku_id"], sort=True
    ):
        key = Key(currency, "service", ((Dimension.PROVIDER, provider), (Dimension.SERVICE, service)))
        days, prices, costs = (rows[name].to_numpy() for name in ("day", "price", "cost"))
        for at, before in _changes(prices, float(rule.percent) / 100):
            window = changed.setdefault((key, days[at], prices[at] > before), {})
            for day, price, cost in zip(days[at:], prices[at:], costs[at:], strict=True):
                if (day - days[at]).days < rule.days and day <= until:
                    sums = window.setdefault(day, [0.0, 0.0])
                    sums[0] += cost * before / price
                    sums[1] += cost
    for (key, _, is_rise), window in sorted(changed.items(), key=lambda each: (each[0][1], each[0][0].ident)):
        yield from _priced(key, rule, window, is_rise, policy, until)


def _changes(prices: np.ndarray, least: float) -> Iterator[tuple[int, float]]:
    import numpy as np

    since = 0
    for at in range(_KNOWN_DAYS, len(prices) - 1):
        before = prices[max(since, at - 14) : at]
        if len(before) < _KNOWN_DAYS:
            continue
        usual = float(np.median(before))
        here, then = prices[at] / usual - 1, prices[at + 1] / usual - 1
        if min(abs(here), abs(then)) >= least and here * then > 0:
            since = at
            yield at, usual


def _priced(
    key: Key, rule: UnitPrice, window: Mapping[date, Sequence[float]], is_rise: bool, policy: AnomalyPolicy, until: date
) -> Iterator[Episode]:
    points, so_far, raised = [], 0.0, None
    for day in sorted(window):
        expected, actual = window[day]
        so_far += actual - expected
        points.append(Point(at_midnight(day), expected, expected, expected, actual, True))
        if raised is None and len(points) > 1 and abs(so_far) >= float(policy.alert.amount):
            raised = day
    if raised is None:
        return
    first, last = min(window), max(window)
    is_open = (until - first).days < rule.days
    is_over = not is_open
    yield Episode(key, rule.name, Kind.PRICE, first, last, raised, is_open, is_over, None, tuple(points))


def runs(
    key: Key, rule: str, is_odd: np.ndarray, costs: np.ndarray, expected: np.ndarray, first: date, quiet: int
) -> Iterator[Episode]:
    """Yield the runs of odd days, with fewer than ``quiet`` usual ones between; expected is what is of the first."""
    import numpy as np

    places = np.flatnonzero(is_odd)
    if not len(places):
        return
    for run in np.split(places, np.flatnonzero(np.diff(places) > quiet) + 1):
        start, last = int(run[0]), int(run[-1])
        begin = max(0, start - 28)
        points = tuple(
            Point(
                at_midnight(first + timedelta(days=at)),
                *(3 * (float(expected[min(at, start)]),)),
                float(costs[at]),
                start <= at <= last,
            )
            for at in range(begin, min(last + quiet, len(costs) - 1) + 1)
        )
        days = [first + timedelta(days=at) for at in (start, last)]
        is_open = len(costs) - 1 - last < quiet
        yield Episode(key, rule, Kind.LIMIT, days[0], days[1], days[0], is_open, False, None, points)
