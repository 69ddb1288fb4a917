"""Amazon CloudWatch: GetMetricData, up to 500 queries a call, for the metrics that ListMetrics finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from finops.core.errors import BadInput, Unavailable
from finops.policy.telemetry import CloudWatchMetrics
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.aws import Clients, clients_of, one_line
from finops.telemetry.monitors.keys import Key, Keys
from finops.telemetry.monitors.measures import MEASURES, Measure, Series, Source, as_rows

MOST_QUERIES = 500
"""Of one call of GetMetricData."""

MOST_SERIES = 50_000
"""Of one metric and region."""

_FINE, _COARSE = timedelta(minutes=5), timedelta(hours=1)
_FINE_IS_KEPT = timedelta(days=62)
"""CloudWatch has values of five minutes for 63 days, and of an hour for 455."""

_SAGEMAKER = "AWS/SageMaker"

_ALLOW = "cloudwatch:ListMetrics and cloudwatch:GetMetricData"


class CloudWatch:
    """The regions of one source."""

    def __init__(self, source: CloudWatchMetrics, clients: Clients | None = None) -> None:
        self._source = source
        self._clients = clients or clients_of("cloudwatch")
        self._found: dict[tuple[str, str], dict[Key, list[Series]]] = {}

    def __enter__(self) -> CloudWatch:
        return self

    def __exit__(self, *_: object) -> None:
        self._found.clear()

    def ask(self, day: date, until: datetime) -> Iterator[Rows]:
        """Yield what instances did on a day, up to ``until``: by five minutes, of long ago by the hour."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        period = _FINE if datetime.now(UTC) - start < _FINE_IS_KEPT else _COARSE
        for region in self._source.regions:
            with one_line(f"CloudWatch in {region}", _ALLOW):
                client = self._clients(region, self._source.timeout_seconds)
                yield from self._of_region(client, region, _Span(start, until, period))

    def _of_region(self, client: Any, region: str, span: _Span) -> Iterator[Rows]:
        for measure in MEASURES:
            if measure.metric in self._source.metrics:
                continue
            resources = self._resources(client, region, measure)
            for some in _batches(resources, measure):
                series = [each for found in some.values() for each in found]
                values = _values(client, series, measure, span)
                yield as_rows(measure, some, values, int(span.period.total_seconds()))

    def _resources(self, client: Any, region: str, measure: Measure) -> dict[Key, list[Series]]:
        """Return the series of a measure by resource; CloudWatch lists those with a value in the last two weeks."""
        if (region, measure.metric) not in self._found:
            columns = self._source.columns
            keys = Keys({"provider": columns.provider, "resource_id": columns.resource_id}, frozenset({"resource_id"}))
            found: dict[Key, list[Series]] = defaultdict(list)
            for source in measure.sources:
                for series in self._series(client, source):
                    if (key := keys.of(_as_in_arns(series))) is not None:
                        found[key].append(series)
            keys.check(self._source.name)
            self._found[region, measure.metric] = dict(found)
        return self._found[region, measure.metric]

    def _series(self, client: Any, source: Source) -> Iterator[Series]:
        name = str(self._source.columns.resource_id.from_name)
        namespace = source.namespace or self._source.agent_namespace
        pages = client.get_paginator("list_metrics").paginate(Namespace=namespace, MetricName=source.name)
        number = 0
        for page in pages:
            for each in page["Metrics"]:
                dimensions = {one["Name"]: one["Value"] for one in each["Dimensions"]}
                # EC2 adds the same up by group and type too; the agent splits by GPU and interface.
                is_other = bool(source.namespace) and dimensions.keys() - {name} != source.beside
                if name not in dimensions or is_other:
                    continue
                number += 1
                if number > MOST_SERIES:
                    raise BadInput(f"CloudWatch has more than {MOST_SERIES:,} metrics {source.name}; leave it out")
                yield replace(source, namespace=namespace), tuple(sorted(dimensions.items()))


def _as_in_arns(series: Series) -> dict[str, str]:
    """Return the dimensions of a series; SageMaker's ARNs, and so bills, have small letters alone."""
    source, dimensions = series
    return {name: value.lower() if source.namespace == _SAGEMAKER else value for name, value in dimensions}


@dataclass(frozen=True, slots=True)
class _Span:
    start: datetime
    until: datetime
    period: timedelta


def _batches(resources: Mapping[Key, list[Series]], measure: Measure) -> Iterator[dict[Key, list[Series]]]:
    """Yield some resources at a time, whole: as many as one call can ask for, or one that needs several calls."""
    batch: dict[Key, list[Series]] = {}
    queries = 0
    for key, series in resources.items():
        more = len(series) * len(measure.statistics)
        if batch and queries + more > MOST_QUERIES:
            yield batch
            batch, queries = {}, 0
        batch[key] = series
        queries += more
    if batch:
        yield batch


def _values(
    client: Any, series: Sequence[Series], measure: Measure, span: _Span
) -> dict[tuple[Series, str], dict[datetime, float]]:
    """Return the values of each series and statistic by the time at which their period begins."""
    asked = [(each, statistic) for each in series for statistic in measure.statistics]
    values: dict[tuple[Series, str], dict[datetime, float]] = {each: {} for each in asked}
    for first in range(0, len(asked), MOST_QUERIES):
        some = {f"q{number}": each for number, each in enumerate(asked[first : first + MOST_QUERIES])}
        queries = [_query(name, each, span) for name, each in some.items()]
        for result in _results(client, queries, span):
            kept = values[some[result["Id"]]]
            for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                kept[moment.astimezone(UTC)] = value
    return values


def _query(name: str, asked: tuple[Series, str], span: _Span) -> dict[str, Any]:
    (source, dimensions), statistic = asked
    metric = {
        "Namespace": source.namespace,
        "MetricName": source.name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
    }
    stat = {"Metric": metric, "Period": int(span.period.total_seconds()), "Stat": statistic}
    return {"Id": name, "MetricStat": stat, "ReturnData": True}


def _results(client: Any, queries: list[dict[str, Any]], span: _Span) -> Iterator[dict[str, Any]]:
    """Yield the results of all pages. Raise Unavailable where one is not complete in the end."""
    request: dict[str, Any] = {
        "MetricDataQueries": queries,
        "StartTime": span.start,
        "EndTime": span.until,
        "ScanBy": "TimestampAscending",
    }
    seen: set[str] = set()
    status: dict[str, str] = {}
    while True:
        answer = client.get_metric_data(**request)
        for result in answer["MetricDataResults"]:
            status[result["Id"]] = result.get("StatusCode", "Complete")
            yield result
        token = answer.get("NextToken")
        if not token:
            break
        if token in seen:
            raise Unavailable("CloudWatch's pages repeat themselves; the next run asks again")
        seen.add(token)
        request["NextToken"] = token
    if "Forbidden" in status.values():
        raise BadInput("CloudWatch forbids some of the metrics; allow cloudwatch:GetMetricData")
    if left := [each for each in status.values() if each != "Complete"]:
        raise Unavailable(f"CloudWatch answers in part only ({left[0]}); the next run asks again")
