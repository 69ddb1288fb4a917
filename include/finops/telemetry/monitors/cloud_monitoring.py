"""Google's Cloud Monitoring: series of Compute Engine's instances, aligned to five minutes by Google itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from finops.core.errors import BadInput, Unavailable
from finops.policy.telemetry import CloudMonitoringMetrics
from finops.telemetry.asking import Rows
from finops.telemetry.monitors.google import GoogleApi, login, reason
from finops.telemetry.monitors.http import Answer
from finops.telemetry.monitors.measures import RESOURCE_COLUMNS, bounded

SCOPES = ("https://www.googleapis.com/auth/monitoring.read",)

_PAGE = 20_000
"""Points of one answer."""

_PIECE = timedelta(hours=6)
"""How much of a day is held in memory at once."""

_PERIOD = 300
_COMPUTE = "compute.googleapis.com/instance"
_AGENT = "agent.googleapis.com"


@dataclass(frozen=True, slots=True)
class _Metric:
    """A metric of the platform: what it is made of, and by what its values are multiplied.

    Of a utilization several series of an instance (GPUs) are averaged; what flows (``is_rate``) is added up.
    """

    name: str
    types: tuple[str, ...]
    factor: float = 1.0
    is_rate: bool = False


_METRICS = (
    _Metric("cpu_utilization", (f'metric.type="{_COMPUTE}/cpu/utilization"',), factor=100),
    _Metric(
        "network_bytes_per_second",
        tuple(f'metric.type="{_COMPUTE}/network/{name}_bytes_count"' for name in ("received", "sent")),
        is_rate=True,
    ),
    _Metric(
        "disk_bytes_per_second",
        tuple(f'metric.type="{_COMPUTE}/disk/{name}_bytes_count"' for name in ("read", "write")),
        is_rate=True,
    ),
    _Metric("memory_utilization", (f'metric.type="{_AGENT}/memory/percent_used" AND metric.labels.state="used"',)),
    _Metric("gpu_utilization", (f'metric.type="{_AGENT}/gpu/utilization"',)),
)
_GPU_MEMORY = "gpu_memory_utilization"
_GPU_MEMORY_BYTES = f'metric.type="{_AGENT}/gpu/memory/bytes_used"'

Values = dict[tuple[str, datetime], list[float]]
"""By instance and beginning of the five minutes: a value of each series."""


class CloudMonitoring:
    """The projects of one source; ``credentials`` are google-auth's, None leaves them to its own chain."""

    def __init__(self, source: CloudMonitoringMetrics, credentials: Any = None) -> None:
        self._source = source
        self._credentials = credentials

    def __enter__(self) -> CloudMonitoring:
        self._api = GoogleApi(self._source, login(self._source, self._credentials, SCOPES))
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def ask(self, day: date, until: datetime) -> Iterator[Rows]:
        """Yield what instances did on a day, up to ``until``, by five minutes."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        while start < until:
            end = min(start + _PIECE, until)
            for project in self._source.projects:
                for metric in _METRICS:
                    if metric.name not in self._source.metrics:
                        yield self._rows(project, metric, start, end)
                if _GPU_MEMORY not in self._source.metrics:
                    yield self._gpu_memory(project, start, end)
            start = end

    def _rows(self, project: str, metric: _Metric, start: datetime, end: datetime) -> Rows:
        if metric.is_rate:
            values = self._values(project, metric.types, "ALIGN_RATE", start, end)
            return _as_rows(metric.name, {key: (sum(each), None) for key, each in values.items()})
        # Google's percentiles are of distributions alone, which these are not.
        averages, maxima = (
            self._values(project, metric.types, aligner, start, end) for aligner in ("ALIGN_MEAN", "ALIGN_MAX")
        )
        figures: dict[tuple[str, datetime], Figures] = {}
        for key, found in averages.items():
            average = metric.factor * sum(found) / len(found)
            maximum = max((metric.factor * each for each in maxima.get(key, ())), default=None)
            figures[key] = average if maximum is None else min(average, maximum), maximum
        return _as_rows(metric.name, figures)

    def _gpu_memory(self, project: str, start: datetime, end: datetime) -> Rows:
        """Return the share of the GPUs' memory that is used: the agent says what is used and what is free."""
        used, free = (
            self._values(
                project, (f'{_GPU_MEMORY_BYTES} AND metric.labels.memory_state="{state}"',), "ALIGN_MEAN", start, end
            )
            for state in ("used", "free")
        )
        totals = {key: sum(used[key]) + sum(free[key]) for key in used.keys() & free.keys()}
        shares: dict[tuple[str, datetime], Figures] = {
            key: (100 * sum(used[key]) / total, None) for key, total in totals.items() if total
        }
        return _as_rows(_GPU_MEMORY, shares)

    def _values(self, project: str, types: tuple[str, ...], aligner: str, start: datetime, end: datetime) -> Values:
        found: Values = defaultdict(list)
        for which in types:
            for series in self._series(project, which, aligner, start, end):
                try:
                    self._enter(found, series, start)
                except (KeyError, TypeError, ValueError, AttributeError):
                    raise BadInput(f"{self._api.name} answers as no Cloud Monitoring does; correct url") from None
        return found

    def _enter(self, found: Values, series: Mapping[str, Any], start: datetime) -> None:
        labels = series["resource"]["labels"]
        place = f"projects/{labels['project_id']}/zones/{labels['zone']}/instances/{labels['instance_id']}"
        resource_id = self._source.columns.resource_id.text(f"//compute.googleapis.com/{place}")
        for point in series["points"] if resource_id else ():
            moment = datetime.fromisoformat(point["interval"]["endTime"]) - timedelta(seconds=_PERIOD)
            [value] = point["value"].values()
            if moment >= start:
                found[str(resource_id), moment].append(float(value))

    def _series(
        self, project: str, which: str, aligner: str, start: datetime, end: datetime
    ) -> Iterator[Mapping[str, Any]]:
        query = {
            "filter": f'{which} AND resource.type="gce_instance"',
            "interval.startTime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "interval.endTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "aggregation.alignmentPeriod": f"{_PERIOD}s",
            "aggregation.perSeriesAligner": aligner,
            "pageSize": str(_PAGE),
        }
        path = f"/v3/projects/{quote(project, safe=':')}/timeSeries"
        for content in self._api.pages(path, query, _no_agent):
            if content.get("executionErrors"):
                raise Unavailable(f"{self._api.name} answers in part only; the next run asks again")
            yield from content.get("timeSeries") or ()


Figures = tuple[float, float | None]
"""Average and maximum."""


def _no_agent(answer: Answer) -> bool:
    """Tell whether nothing is known of a metric: a project in which no agent has ever run knows none of its."""
    return answer.status == 404 and "metric" in reason(answer)


def _as_rows(metric: str, figures: Mapping[tuple[str, datetime], Figures]) -> Rows:
    rows: dict[str, list[Any]] = {name: [] for name in RESOURCE_COLUMNS}
    for (resource_id, moment), found in figures.items():
        numbers = (None if each is None else round(bounded(each, metric), 6) for each in found)
        row = ("gcp", resource_id, metric, moment, _PERIOD // 60, *numbers, None)
        for name, value in zip(RESOURCE_COLUMNS, row, strict=True):
            rows[name].append(value)
    return rows
