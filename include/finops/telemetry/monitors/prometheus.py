"""Prometheus, and what speaks its HTTP API: range queries, cut into pieces that the server and this process can bear."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from finops.core.errors import BadInput, Unavailable
from finops.core.http_login import HttpLogin
from finops.core.text import shown
from finops.policy.telemetry import ColumnSource, PrometheusCounts, PrometheusMetrics, PrometheusSource
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.http import Answer, Api, TooMuch
from finops.telemetry.schemas import SHARES

_LOG = logging.getLogger(__name__)

MOST_POINTS = 10_000
"""Of one series in one answer; Prometheus refuses more than 11,000."""

MOST_SERIES = 100_000
"""Of one query; more is a query that forgot to aggregate."""

_HOUR = 3600
_LOOK_BEHIND = _HOUR
"""Seconds before a day in which the last value of a counter is looked for."""

_SLACK = 1.0
"""Percent by which a utilization may miss 0 to 100, since rates are extrapolated."""

_TOO_HEAVY = ("too many samples", "maximum resolution", "timed out", "timeout", "exceeded", "too large")

Points = list[tuple[int, float]]
"""Seconds since 1970 and value, in the order of time; a value that is no number is left out."""

Series = tuple[Mapping[str, str], Points]


class Prometheus:
    """One server, asked for one source."""

    def __init__(self, source: PrometheusSource, login: HttpLogin | None = None) -> None:
        self._source = source
        self._login = login
        # What a piece was cut to is where the next one begins: the server will not have grown.
        self._most_points = MOST_POINTS

    def __enter__(self) -> Prometheus:
        self._api = Api(self._source, self._login)
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def ask(self, day: date, until: datetime) -> Iterator[Rows]:
        """Yield the rows of a day, of whole hours up to ``until``."""
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        source = self._source
        if isinstance(source, PrometheusMetrics):
            return _metrics(source, self, start, int(until.timestamp()))
        assert isinstance(source, PrometheusCounts)  # noqa: S101 -- there are two kinds
        return _counts(source, self, start, int(until.timestamp()))

    def pieces(self, query: str, start: int, end: int, step: int) -> Iterator[list[Series]]:
        """Yield the series of a query from ``start`` to ``end`` (included), one piece of that time after the other.

        A piece that is too much for the server, or for one answer, is halved. Raise BadInput when a single point of
        all series is too much.
        """
        first, last = 0, (end - start) // step
        while first <= last:
            points = min(self._most_points, last - first + 1)
            try:
                found = self._range(query, start + first * step, start + (first + points - 1) * step, step)
            except TooMuch as error:
                if points == 1:
                    reason = f" ({error})" if str(error) else ""
                    raise BadInput(f"{self._api.name}: {_shown(query)} is too much to answer{reason}; narrow it") from None
                self._most_points = points // 2
                continue
            yield found
            first += points

    def _range(self, query: str, start: int, end: int, step: int) -> list[Series]:
        form = {"query": query, "start": str(start), "end": str(end), "step": str(step)}
        answer = self._api.ask("POST", "/api/v1/query_range", data=form)
        result = self._result(query, answer)
        if len(result) > MOST_SERIES:
            raise BadInput(
                f"{self._api.name}: {_shown(query)} has {len(result):,} series, more than {MOST_SERIES:,}; narrow it, "
                "or aggregate it"
            )
        try:
            return [(each["metric"], _points(each["values"])) for each in result]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._strange() from None

    def _result(self, query: str, answer: Answer) -> list[Any]:
        content = answer.content or {}
        if content.get("status") != "success":
            says = shown(str(content.get("error") or f"status {answer.status}"), 300)
            if any(each in says.lower() for each in _TOO_HEAVY):
                raise TooMuch(says)
            if answer.status >= 500:
                raise Unavailable(f"{self._api.name} failed ({says}); the next run asks again")
            raise BadInput(f"{self._api.name} refuses {_shown(query)}: {says}; correct url or query of the source")
        # Notes on PromQL are about style; the others say that a part of the data is missing.
        warnings = [each for each in content.get("warnings") or () if not str(each).startswith("PromQL")]
        if warnings:
            raise Unavailable(
                f"{self._api.name} answers in part only ({shown(str(warnings[0]), 200)}); the next run asks again"
            )
        data = content.get("data")
        if not isinstance(data, dict) or data.get("resultType") != "matrix" or not isinstance(data.get("result"), list):
            raise self._strange()
        return data["result"]

    def _strange(self) -> BadInput:
        return BadInput(f"{self._api.name} answers as no Prometheus does; correct url of source {self._source.name}")


def _points(values: list[Any]) -> Points:
    found = ((int(float(moment)), float(value)) for moment, value in values)
    return [(moment, value) for moment, value in found if math.isfinite(value)]


def _shown(query: str) -> str:
    return shown(query, 120)


def _written(query: str, labels: list[str]) -> str:
    return query.replace("$by", ", ".join(labels)).replace("$window", f"{_HOUR}s")


@dataclass
class _Keys:
    """From a series' labels to the key columns of its rows. ``without`` counts series that lack a label."""

    columns: Mapping[str, ColumnSource | None]
    required: frozenset[str]
    found: int = 0
    without: int = 0

    @property
    def labels(self) -> list[str]:
        return list(dict.fromkeys(each.from_name for each in self.columns.values() if each and each.from_name))

    def of(self, labels: Mapping[str, str]) -> tuple[str | None, ...] | None:
        """Return the key, or None when a required part of it is missing."""
        key = tuple(
            each.text(labels.get(each.from_name or "")) if each is not None else None for each in self.columns.values()
        )
        if any(text is None and name in self.required for name, text in zip(self.columns, key, strict=True)):
            self.without += 1
            return None
        self.found += 1
        return key

    def check(self, source: PrometheusSource) -> None:
        """Say which series were left out. Raise BadInput when all were."""
        if self.without and not self.found:
            raise BadInput(
                f"none of {self.without:,} series of source {source.name} has the labels that its columns need "
                f"({', '.join(self.labels)}), as their patterns want them; correct columns, or aggregate by ($by)"
            )
        if self.without:
            _LOG.warning("%s: %d series lack a label that a column needs, and are left out", source.name, self.without)


def _moment(hour: int) -> datetime:
    return datetime.fromtimestamp(hour, UTC)


# Resource metrics: the server rolls up to the hour, so that the answer has 24 values of a series and day.


@dataclass
class _Hour:
    """What is known of one resource in one hour: values of several series, if the query has several of a resource."""

    averages: list[float] = field(default_factory=list)
    maximum: float = -math.inf
    p95: float = -math.inf
    values: float = 0


def _metrics(source: PrometheusMetrics, server: Prometheus, start: int, end: int) -> Iterator[Rows]:
    keys = _Keys(
        {"provider": source.columns.provider, "resource_id": source.columns.resource_id},
        frozenset({"provider", "resource_id"}),
    )
    for metric, query in source.queries.items():
        hours = _hours_of(server, _written(query, keys.labels), keys, (start, end, source.step_seconds))
        if not hours:
            _LOG.info("%s: nothing of %s", source.name, metric)
            continue
        yield _as_rows(metric, hours, source.step_seconds)
    keys.check(source)


def _hours_of(
    server: Prometheus, query: str, keys: _Keys, span: tuple[int, int, int]
) -> dict[tuple[tuple[str | None, ...], int], _Hour]:
    """Return by key and hour what a query says. Values lie ``step`` apart, the first at the hour itself."""
    start, end, step = span
    hours: dict[tuple[tuple[str | None, ...], int], _Hour] = {}
    for statistic, enter in _STATISTICS.items():
        # Half a step before the hour ends: the window then has the values of this hour and no other, whichever of its
        # ends a version of Prometheus counts in.
        before_end = step / 2
        template = statistic.format(query=query, step=step)
        for piece in server.pieces(template, start + _HOUR - math.ceil(before_end), end, _HOUR):
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


def _as_rows(metric: str, hours: Mapping[tuple[tuple[str | None, ...], int], _Hour], step: int) -> Rows:
    rows: dict[str, list[Any]] = {
        name: []
        for name in ("provider", "resource_id", "metric", "bucket_start", "bucket_minutes", "average", "maximum", "p95")
    }
    for ((provider, resource_id), hour), each in hours.items():
        average = sum(each.averages) / len(each.averages)
        values = (_bounded(value, metric) for value in (average, each.maximum, each.p95))
        average, maximum, p95 = (round(value, 6) for value in values)
        minutes = min(60, max(1, round(each.values * step / 60)))
        # An average is never above its maximum, but for the last digit.
        row = (provider, resource_id, metric, _moment(hour), minutes, min(average, maximum), maximum, min(p95, maximum))
        for name, value in zip(rows, row, strict=True):
            rows[name].append(value)
    return rows


def _bounded(value: float, metric: str) -> float:
    if metric in SHARES and (-_SLACK <= value < 0 or 100 < value <= 100 + _SLACK):
        return min(100.0, max(0.0, value))
    return value


# Inference counts: the counters themselves, since increase() estimates what it does not see, and the sum of estimates
# is no count.


@dataclass
class _Counted:
    """What one endpoint did in one hour. ``measured`` has a bit for each step with a value."""

    counts: dict[str, float] = field(default_factory=dict)
    measured: int = 0
    latency: float | None = None


def _counts(source: PrometheusCounts, server: Prometheus, start: int, end: int) -> Iterator[Rows]:
    columns = source.columns
    keys = _Keys(
        {name: getattr(columns, name) for name in ("provider", "endpoint_id", "model", "model_version", "stage")},
        frozenset({"provider", "endpoint_id", "model"}),
    )
    hours: dict[tuple[tuple[str | None, ...], int], _Counted] = {}
    for column in ("requests", "successes", "tokens_in", "tokens_out"):
        for query in getattr(source.counters, column):
            _count(server, _written(query, keys.labels), keys, (start, end, source.step_seconds), column, hours)
    if source.counters.latency_p95_ms is not None:
        query = _written(source.counters.latency_p95_ms, keys.labels)
        for piece in server.pieces(query, start + _HOUR, end, _HOUR):
            _enter_latency(piece, keys, hours)
    keys.check(source)
    yield _as_counts(hours, source)


def _count(
    server: Prometheus,
    query: str,
    keys: _Keys,
    span: tuple[int, int, int],
    column: str,
    hours: dict[tuple[tuple[str | None, ...], int], _Counted],
) -> None:
    """Add up by key and hour what a counter has grown. What grew between two values belongs to the later one's hour.

    A value below the one before is a reset: the counter began at zero. Of a series that is new, the first value is
    where counting begins, as with increase().
    """
    start, end, step = span
    last: dict[tuple[tuple[str, str], ...], float] = {}
    for piece in server.pieces(query, start - _LOOK_BEHIND, end, step):
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


def _enter_latency(
    piece: list[Series], keys: _Keys, hours: Mapping[tuple[tuple[str | None, ...], int], _Counted]
) -> None:
    for labels, points in piece:
        key = keys.of(labels)
        for moment, value in points:
            if key is not None and (counted := hours.get((key, moment - _HOUR))) is not None:
                counted.latency = max(value, counted.latency or 0.0)


def _as_counts(
    hours: Mapping[tuple[tuple[str | None, ...], int], _Counted], source: PrometheusCounts
) -> dict[str, list[Any]]:
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

