"""From series of Prometheus to rows by the hour: what the server has rolled up, and counters from value to value."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from finops.policy.telemetry import PrometheusCounts, PrometheusMetrics
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.keys import Key, Keys
from finops.telemetry.monitors.measures import RESOURCE_COLUMNS, bounded

_LOG = logging.getLogger(__name__)

_HOUR = 3600
_LOOK_BEHIND = _HOUR
"""Seconds before a day in which the last value of a counter is looked for."""

Points = list[tuple[int, float]]
"""Seconds since 1970 and value, in the order of time; a value that is no number is left out."""

Series = tuple[Mapping[str, str], Points]
"""Labels and values."""

Pieces = Callable[[str, int, int, int], Iterator[list[Series]]]
"""From query, first and last moment, and step in seconds, to the series, one piece of the time after the other."""


def _written(query: str, labels: list[str]) -> str:
    return query.replace("$by", ", ".join(labels)).replace("$window", f"{_HOUR}s")


def _moment(hour: int) -> datetime:
    return datetime.fromtimestamp(hour, UTC)


# Resource metrics: the server rolls up to the hour, so that the answer has 24 values of a series and day.


@dataclass(slots=True)
class _Hour:
    """What is known of one resource in one hour: values of several series, if the query has several of a resource."""

    averages: list[float] = field(default_factory=list)
    maximum: float = -math.inf
    p95: float = -math.inf
    values: float = 0


def metrics(source: PrometheusMetrics, pieces: Pieces, start: int, end: int) -> Iterator[Rows]:
    """Yield what resources did, metric by metric, from ``start`` to ``end`` (seconds since 1970, full hours)."""
    keys = Keys(
        {"provider": source.columns.provider, "resource_id": source.columns.resource_id},
        frozenset({"provider", "resource_id"}),
    )
    for metric, query in source.queries.items():
        hours = _hours_of(pieces, _written(query, keys.labels), keys, (start, end, source.step_seconds))
        if not hours:
            _LOG.info("%s: nothing of %s", source.name, metric)
            continue
        yield _as_rows(metric, hours, source.step_seconds)
    keys.check(source.name)


def _hours_of(pieces: Pieces, query: str, keys: Keys, span: tuple[int, int, int]) -> dict[tuple[Key, int], _Hour]:
    """Return by key and hour what a query says. Values lie ``step`` apart, the first at the hour itself."""
    start, end, step = span
    hours: dict[tuple[Key, int], _Hour] = {}
    for statistic, enter in _STATISTICS.items():
        # Half a step before the hour ends: the window then has the values of this hour and no other, whichever of its
        # ends a version of Prometheus counts in.
        before_end = step / 2
        template = statistic.format(query=query, step=step)
        for piece in pieces(template, start + _HOUR - math.ceil(before_end), end, _HOUR):
            for labels, points in piece:
                if (key := keys.of(labels)) is None:
                    continue
                for moment, value in points:
                    hour = moment - moment % _HOUR
                    enter(hours.setdefault((key, hour), _Hour()), value)
    return {key: hour for key, hour in hours.items() if hour.averages and hour.values}


def _enter_average(hour: _Hour, value: float) -> None:
    hour.averages.append(value)


def _enter_maximum(hour: _Hour, value: float) -> None:
    hour.maximum = max(hour.maximum, value)


def _enter_p95(hour: _Hour, value: float) -> None:
    hour.p95 = max(hour.p95, value)


def _enter_count(hour: _Hour, value: float) -> None:
    hour.values = max(hour.values, value)


_STATISTICS: dict[str, Callable[[_Hour, float], None]] = {
    "avg_over_time(({query})[1h:{step}s])": _enter_average,
    "max_over_time(({query})[1h:{step}s])": _enter_maximum,
    "quantile_over_time(0.95, ({query})[1h:{step}s])": _enter_p95,
    "count_over_time(({query})[1h:{step}s])": _enter_count,
}


def _as_rows(metric: str, hours: Mapping[tuple[Key, int], _Hour], step: int) -> Rows:
    rows: dict[str, list[Any]] = {name: [] for name in RESOURCE_COLUMNS}
    for ((provider, resource_id), hour), each in hours.items():
        average = sum(each.averages) / len(each.averages)
        values = (bounded(value, metric) for value in (average, each.maximum, each.p95))
        average, maximum, p95 = (round(value, 6) for value in values)
        minutes = min(60, max(1, round(each.values * step / 60)))
        # An average is never above its maximum, but for the last digit.
        row = (provider, resource_id, metric, _moment(hour), minutes, min(average, maximum), maximum, min(p95, maximum))
        for name, value in zip(rows, row, strict=True):
            rows[name].append(value)
    return rows


# Inference counts: the counters themselves, since increase() estimates what it does not see, and the sum of estimates
# is no count.


@dataclass(slots=True)
class _Counted:
    """What one endpoint did in one hour. ``measured`` has a bit for each step with a value."""

    counts: dict[str, float] = field(default_factory=dict)
    measured: int = 0
    latency: float | None = None


def counts(source: PrometheusCounts, pieces: Pieces, start: int, end: int) -> Iterator[Rows]:
    """Yield what endpoints answered from ``start`` to ``end`` (seconds since 1970, full hours)."""
    columns = source.columns
    keys = Keys(
        {name: getattr(columns, name) for name in ("provider", "endpoint_id", "model", "model_version", "stage")},
        frozenset({"provider", "endpoint_id", "model"}),
    )
    hours: dict[tuple[Key, int], _Counted] = {}
    for column in ("requests", "successes", "tokens_in", "tokens_out"):
        for query in getattr(source.counters, column):
            _count(pieces, _written(query, keys.labels), keys, (start, end, source.step_seconds), column, hours)
    if source.counters.latency_p95_ms is not None:
        query = _written(source.counters.latency_p95_ms, keys.labels)
        for piece in pieces(query, start + _HOUR, end, _HOUR):
            _enter_latency(piece, keys, hours)
    keys.check(source.name)
    yield _as_counts(hours, source)


def _count(
    pieces: Pieces,
    query: str,
    keys: Keys,
    span: tuple[int, int, int],
    column: str,
    hours: dict[tuple[Key, int], _Counted],
) -> None:
    """Add up by key and hour what a counter has grown. What grew between two values belongs to the later one's hour.

    A value below the one before is a reset: the counter began at zero. Of a series that is new, the first value is
    where counting begins, as with increase().
    """
    start, end, step = span
    last: dict[tuple[tuple[str, str], ...], float] = {}
    for piece in pieces(query, start - _LOOK_BEHIND, end, step):
        for labels, points in piece:
            if (key := keys.of(labels)) is None:
                continue
            series = tuple(sorted(labels.items()))
            before = last.get(series)
            for moment, value in points:
                if moment > start:
                    hour = (moment - 1) // _HOUR * _HOUR
                    counted = hours.setdefault((key, hour), _Counted())
                    grown = 0.0 if before is None else value - before if value >= before else value
                    counted.counts[column] = counted.counts.get(column, 0.0) + grown
                    counted.measured |= 1 << (moment - 1 - hour) // step
                before = value
            if before is not None:
                last[series] = before


def _enter_latency(piece: list[Series], keys: Keys, hours: Mapping[tuple[Key, int], _Counted]) -> None:
    for labels, points in piece:
        key = keys.of(labels)
        for moment, value in points:
            if key is not None and (counted := hours.get((key, moment - _HOUR))) is not None:
                counted.latency = max(value, counted.latency or 0.0)


def _as_counts(hours: Mapping[tuple[Key, int], _Counted], source: PrometheusCounts) -> dict[str, list[Any]]:
    texts = ("provider", "endpoint_id", "model", "model_version", "stage")
    numbers = ("requests", "successes", "tokens_in", "tokens_out")
    rows: dict[str, list[Any]] = {
        name: [] for name in (*texts, "bucket_start", "bucket_minutes", *numbers, "latency_p95_ms")
    }
    for (key, hour), each in hours.items():
        if "requests" not in each.counts:
            continue
        minutes = min(60, max(1, round(each.measured.bit_count() * source.step_seconds / 60)))
        counts = (round(each.counts[name]) if name in each.counts else None for name in numbers)
        requests, successes, tokens_in, tokens_out = counts
        latency = None if each.latency is None else round(each.latency, 6)
        row = (*key, _moment(hour), minutes, requests, successes or 0, tokens_in, tokens_out, latency)
        for name, value in zip(rows, row, strict=True):
            rows[name].append(value)
    if hours and not rows["requests"]:
        _LOG.warning("%s: tokens without requests are left out; correct counters.requests", source.name)
    return rows
