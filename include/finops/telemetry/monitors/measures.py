"""What the metrics of clouds mean: which of CloudWatch make which metric of the platform, and the rows of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from finops.telemetry.asking import Rows
from finops.telemetry.monitors.keys import Key
from finops.telemetry.schemas import SHARES

_EC2 = "AWS/EC2"

RESOURCE_COLUMNS = (
    *("provider", "resource_id", "metric", "bucket_start", "bucket_minutes"),
    *("average", "maximum", "p95"),
)
"""The columns of the rows of resource metrics."""

_SLACK = 1.0
"""Percent by which a utilization may miss 0 to 100, since rates and averages of them are estimated."""


def bounded(value: float, metric: str) -> float:
    """Return a value; a utilization that misses 0 to 100 percent by a little is 0 or 100."""
    if metric in SHARES and (-_SLACK <= value < 0 or 100 < value <= 100 + _SLACK):
        return min(100.0, max(0.0, value))
    return value


@dataclass(frozen=True, slots=True)
class Source:
    """A metric of CloudWatch; without a namespace it is in the agent's.

    ``beside`` are the dimensions that it has beside the one that names the resource; of other series of its name,
    which add the same up, none is taken. The agent's may have any.
    """

    namespace: str | None
    name: str
    beside: frozenset[str] = frozenset()


class Made(StrEnum):
    """How a metric is made of several series of one resource: GPUs, interfaces, directions."""

    MEAN = "the mean of averages, the largest maximum"
    RATE = "the sum of what flowed, by the second"
    SHARE = "the sum of the first source in percent of the sum of the second"
    FRACTION = "the mean of averages, the largest maximum, of a fraction of 1, in percent"


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric of the platform and what it is made of."""

    metric: str
    made: Made
    sources: tuple[Source, ...]

    @property
    def statistics(self) -> tuple[str, ...]:
        """The statistics of CloudWatch that it needs."""
        return {
            Made.MEAN: ("Average", "Maximum", "p95"),
            Made.RATE: ("Sum",),
            Made.SHARE: ("Average",),
            Made.FRACTION: ("Average", "Maximum"),
        }[self.made]


MEASURES = (
    Measure("cpu_utilization", Made.MEAN, (Source(_EC2, "CPUUtilization"),)),
    Measure("network_bytes_per_second", Made.RATE, (Source(_EC2, "NetworkIn"), Source(_EC2, "NetworkOut"))),
    Measure(
        "disk_bytes_per_second",
        Made.RATE,
        tuple(Source(_EC2, name) for name in ("EBSReadBytes", "EBSWriteBytes", "DiskReadBytes", "DiskWriteBytes")),
    ),
    Measure("memory_utilization", Made.MEAN, (Source(None, "mem_used_percent"),)),
    Measure("gpu_utilization", Made.MEAN, (Source(None, "nvidia_smi_utilization_gpu"),)),
    Measure(
        "gpu_memory_utilization",
        Made.SHARE,
        (Source(None, "nvidia_smi_memory_used"), Source(None, "nvidia_smi_memory_total")),
    ),
    Measure(
        "concurrency_utilization",
        Made.FRACTION,
        (Source("AWS/SageMaker", "ServerlessProvisionedConcurrencyUtilization", frozenset({"VariantName"})),),
    ),
)

Series = tuple[Source, tuple[tuple[str, str], ...]]
"""A metric, and the dimensions that tell it from others of its name."""

Values = Mapping[tuple[Series, str], Mapping[datetime, float]]


def as_rows(measure: Measure, resources: Mapping[Key, Sequence[Series]], values: Values, seconds: int) -> Rows:
    """Return the rows of some resources, one for each period of ``seconds`` in which something was measured."""
    rows: dict[str, list[Any]] = {name: [] for name in RESOURCE_COLUMNS}
    for (provider, resource_id), series in resources.items():
        moments = sorted({moment for each in series for moment in values[each, measure.statistics[0]]})
        for moment in moments:
            found = _MAKERS[measure.made](measure, series, values, moment, seconds)
            if found is None:
                continue
            figures = (None if each is None else round(bounded(each, measure.metric), 6) for each in found)
            row = (provider, resource_id, measure.metric, moment, seconds // 60, *figures)
            for name, value in zip(rows, row, strict=True):
                rows[name].append(value)
    return rows


Figures = tuple[float, float | None, float | None]
"""Average, maximum and 95th percentile."""


def _at(series: Sequence[Series], statistic: str, values: Values, moment: datetime) -> list[float]:
    found = (values[each, statistic].get(moment) for each in series)
    return [each for each in found if each is not None]


def _mean(
    _measure: Measure, series: Sequence[Series], values: Values, moment: datetime, _seconds: int
) -> Figures | None:
    averages = _at(series, "Average", values, moment)
    maximum = max(_at(series, "Maximum", values, moment), default=None)
    p95 = max(_at(series, "p95", values, moment), default=None)
    average = sum(averages) / len(averages)
    if maximum is None:
        return average, None, None
    return min(average, maximum), maximum, None if p95 is None else min(p95, maximum)


def _rate(
    _measure: Measure, series: Sequence[Series], values: Values, moment: datetime, seconds: int
) -> Figures | None:
    return sum(_at(series, "Sum", values, moment)) / seconds, None, None


def _share(
    measure: Measure, series: Sequence[Series], values: Values, moment: datetime, _seconds: int
) -> Figures | None:
    """Return the share over those parts (GPUs) of which both sources have a value."""

    def by_part(source: Source) -> dict[tuple[tuple[str, str], ...], float]:
        some = (each for each in series if each[0].name == source.name)
        return {each[1]: value for each in some for value in _at([each], "Average", values, moment)}

    first, second = map(by_part, measure.sources)
    both = first.keys() & second.keys()
    total = sum(second[each] for each in both)
    return (100 * sum(first[each] for each in both) / total, None, None) if total else None


def _fraction(
    _measure: Measure, series: Sequence[Series], values: Values, moment: datetime, _seconds: int
) -> Figures | None:
    averages, maxima = (_at(series, each, values, moment) for each in ("Average", "Maximum"))
    # More is run at once than is provisioned where the rest starts without it: then all of it is in use.
    average = min(100 * sum(averages) / len(averages), 100.0)
    return average, max(min(100 * max(maxima), 100.0), average) if maxima else None, None


_MAKERS = {Made.MEAN: _mean, Made.RATE: _rate, Made.SHARE: _share, Made.FRACTION: _fraction}
