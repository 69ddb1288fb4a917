"""The hourly watch: recent weeks of a few levels, where bills have hours. It sees within a day what days show after.

An hour is expected to cost the median of the same hour of the seven days before the first odd one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from finops.anomalies.detecting import Detect
from finops.anomalies.models import DETECTOR, Episode, Key, Kind, Point
from finops.policy.anomalies import AnomalyPolicy

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

DAY, DAYS, QUIET, SHOWN = 24, 7, 3, 72
_LEAST = 0.5
"""The part of 1 of the cost that must have hours for these to be watched."""


def found(connection: DuckDBPyConnection, detect: Detect, policy: AnomalyPolicy) -> list[Episode]:
    """Return what detector and rolling mean find in the hours of recent days; nothing where bills have mostly days."""
    if not policy.hourly_days:
        return []
    frame = connection.execute("select * from charge_hours").df()
    hourly = frame[frame["is_hourly"]]
    if frame.empty or hourly["cost"].sum() < _LEAST * frame["cost"].sum():
        return []
    series = _series(hourly, policy)
    return [*_detected(series, detect, policy), *_by_sigmas(series, policy)]


def _series(frame: DataFrame, policy: AnomalyPolicy) -> dict[Key, tuple[datetime, np.ndarray]]:
    """Return per series of the hourly levels its first hour of all and the cost of each hour from there."""
    import numpy as np

    begin = frame["hour"].min()
    places = ((frame["hour"] - begin).dt.total_seconds() // 3600).astype(int)
    length = int(places.max()) + 1
    made = {}
    for level in policy.hourly_levels:
        dimensions = policy.levels[level]
        for values, at in frame.groupby(["currency", *map(str, dimensions)], sort=True).groups.items():
            currency, *rest = values if isinstance(values, tuple) else (values,)
            costs = np.bincount(places.loc[at], weights=frame.loc[at, "cost"], minlength=length)
            key = Key(currency, level, tuple(zip(dimensions, rest, strict=True)))
            made[key] = (begin.to_pydatetime().replace(tzinfo=UTC), costs)
    return made


def _detected(
    series: dict[Key, tuple[datetime, np.ndarray]], detect: Detect, policy: AnomalyPolicy
) -> Iterator[Episode]:
    import pandas as pd

    from finops.timeseries import panel

    parts = [
        pd.DataFrame(
            {
                "unique_id": key.ident,
                "ds": pd.date_range(begin.replace(tzinfo=None), periods=len(costs), freq="h"),
                "y": costs,
            }
        )
        for key, (begin, costs) in series.items()
    ]
    said = detect(panel.clean(pd.concat(parts, ignore_index=True), "h"))
    kept = said[said["is_anomaly"] & (said["probability"] <= policy.alert.probability) & (said["y"] > said["expected"])]
    for key, (begin, costs) in series.items():
        odd = [
            (int((row.ds - begin.replace(tzinfo=None)).total_seconds() // 3600), float(row.probability))
            for row in kept[kept["unique_id"] == key.ident].itertuples(index=False)
        ]
        yield from _episodes(key, DETECTOR, odd, begin, costs, policy)


def _by_sigmas(series: dict[Key, tuple[datetime, np.ndarray]], policy: AnomalyPolicy) -> Iterator[Episode]:
    """Yield the hours above the mean of the hours before by more than so many standard deviations."""
    import numpy as np

    rule = policy.rules.rolling_sigma
    if rule is None:
        return
    for key, (begin, costs) in series.items():
        if key.level not in rule.levels or len(costs) <= rule.hours:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(costs, rule.hours)[:-1]
        limit = windows.mean(axis=1) + float(rule.sigmas) * windows.std(axis=1)
        odd = [(int(at) + rule.hours, None) for at in np.flatnonzero(costs[rule.hours :] > limit)]
        yield from _episodes(key, rule.name, odd, begin, costs, policy)


def _episodes(
    key: Key,
    source: str,
    odd: Sequence[tuple[int, float | None]],
    begin: datetime,
    costs: np.ndarray,
    policy: AnomalyPolicy,
) -> Iterator[Episode]:
    """Yield the runs of odd hours that cost enough more, in money and percent."""
    free = 0
    for start, probability in odd:
        if start < free or start < DAY * DAYS:
            continue
        last, at = start, start
        while at + 1 < len(costs) and at - last < QUIET:
            at += 1
            if costs[at] - _usual(costs, start, at) >= 0.5 * float(policy.alert.percent) / 100 * _usual(
                costs, start, at
            ):
                last = at
        free = last + 1
        points = tuple(_point(costs, start, last, each, begin) for each in range(max(0, start - SHOWN), at + 1))
        first_hour = begin + timedelta(hours=start)
        episode = Episode(
            key=key,
            source=source,
            kind=Kind.SPIKE if source == DETECTOR else Kind.LIMIT,
            first=first_hour.date(),
            last=(begin + timedelta(hours=last)).date(),
            raised_on=(begin + timedelta(hours=last)).date(),
            is_open=len(costs) - 1 - last < QUIET,
            is_new_level=False,
            probability=probability,
            points=points,
            first_hour=first_hour,
        )
        enough = max(float(policy.alert.amount), float(policy.alert.percent) / 100 * episode.expected)
        if episode.excess >= enough:
            yield episode


def _usual(costs: np.ndarray, start: int, at: int) -> float:
    import numpy as np

    hour = start - DAY + (at - start) % DAY
    return float(np.median(costs[hour - DAY * (DAYS - 1) : hour + 1 : DAY]))


def _point(costs: np.ndarray, start: int, last: int, at: int, begin: datetime) -> Point:
    import numpy as np

    expected = _usual(costs, start, at)
    spread = (
        1.96
        * 1.4826
        * float(np.median(np.abs(costs[start - DAY * DAYS : start] - np.median(costs[start - DAY * DAYS : start]))))
    )
    low, high = max(expected - spread, 0.0), expected + spread
    return Point(begin + timedelta(hours=at), expected, low, high, float(costs[at]), start <= at <= last)
