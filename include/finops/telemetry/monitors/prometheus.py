"""Prometheus, and what speaks its HTTP API: range queries, cut into pieces that it and this process can bear."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from finops.core.errors import BadInput, Unavailable
from finops.core.http_login import HttpLogin
from finops.core.text import shown
from finops.policy.telemetry import PrometheusCounts, PrometheusMetrics, PrometheusSource
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.http import Answer, Api, TooMuch
from finops.telemetry.monitors.series import Points, Series, counts, metrics

MOST_POINTS = 10_000
"""Of one series in one answer; Prometheus refuses more than 11,000."""

MOST_SERIES = 20_000
"""Of one query; more is a query that forgot to aggregate."""

_TOO_HEAVY = ("too many samples", "maximum resolution", "timed out", "timeout", "exceeded", "too large")


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
            return metrics(source, self.pieces, start, int(until.timestamp()))
        assert isinstance(source, PrometheusCounts)  # noqa: S101 -- there are two kinds
        return counts(source, self.pieces, start, int(until.timestamp()))

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
                    raise BadInput(
                        f"{self._api.name}: {_shown(query)} is too much to answer{reason}; narrow it"
                    ) from None
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
            # Of replicas that say the same, as some proxies let through, one counts.
            found = {tuple(sorted(each["metric"].items())): each for each in reversed(result)}
            return [(each["metric"], _points(each["values"])) for each in found.values()]
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
    found = {int(float(moment)): float(value) for moment, value in values}
    return [(moment, value) for moment, value in sorted(found.items()) if math.isfinite(value)]


def _shown(query: str) -> str:
    return shown(query, 120)
