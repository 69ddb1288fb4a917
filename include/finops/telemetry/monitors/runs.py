"""From runs of MLflow to rows of training runs: one for each resource that a run names."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from finops.policy.telemetry import ColumnSource, MlflowRuns
from finops.telemetry.asking import Rows

_LOG = logging.getLogger(__name__)

_ROWS_AT_ONCE = 10_000
_COLUMNS = (
    *("run_id", "experiment", "model", "model_version", "stage", "provider", "resource_id"),
    *("gpu_count", "started_at", "ended_at", "epochs", "status", "pipeline"),
)
_STATUS = {
    "RUNNING": "running",
    "SCHEDULED": "running",
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "killed",
}
_SEPARATOR = re.compile(r"[\s,]+")
_GPU_OF_SYSTEM_METRICS = re.compile(r"system/gpu_(\d+)_.+")


def as_rows(source: MlflowRuns, experiments: Mapping[str, str], runs: Iterable[Mapping[str, Any]]) -> Iterator[Rows]:
    """Yield the rows of runs. One that lacks what a row needs, its resource for example, is left out and counted."""
    rows: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    seen: set[tuple[Any, ...]] = set()
    without = 0
    for run in runs:
        found = _rows_of(source, experiments, run)
        without += not found
        for row in found:
            # One that changes while its page is read may come again.
            key = row[0], row[4], row[5], row[6]
            if key in seen:
                continue
            seen.add(key)
            for name, value in zip(_COLUMNS, row, strict=True):
                rows[name].append(value)
        if len(rows["run_id"]) >= _ROWS_AT_ONCE:
            yield rows
            rows = {name: [] for name in _COLUMNS}
    if without:
        _LOG.warning(
            "%s: %d runs do not say their model, provider, resource or GPUs, and are left out", source.name, without
        )
    yield rows


def _rows_of(source: MlflowRuns, experiments: Mapping[str, str], run: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    info, said = run.get("info") or {}, _said(run.get("data") or {})
    experiment = experiments.get(str(info.get("experiment_id")))
    said |= {"experiment": experiment or "", "run_name": str(info.get("run_name") or "")}
    columns = source.columns

    def text(column: ColumnSource) -> str | None:
        return column.text(said.get(column.from_name or ""))

    model, provider, stage = text(columns.model), text(columns.provider), text(columns.stage)
    resources = _resources(columns.resource_id, said)
    gpus = _number(text(columns.gpu_count), said)
    started, status = _moment(info.get("start_time")), _STATUS.get(str(info.get("status")))
    if not (info.get("run_id") and model and provider and stage and resources and started and status) or gpus is None:
        return []
    ended = _moment(info.get("end_time")) if status != "running" else None
    ended = max(ended, started) if ended else None
    epochs = _finite(text(columns.epochs)) if columns.epochs else None
    head = (str(info["run_id"]), experiment, model, text(columns.model_version), stage, provider)
    tail = (gpus, started, ended, epochs, status, text(columns.pipeline))
    return [(*head, resource, *tail) for resource in resources]


def _said(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags, parameters and newest metrics of a run by names such as ``tags.stage``."""
    return {
        f"{group}.{each['key']}": str(each.get("value", ""))
        for group in ("tags", "params", "metrics")
        for each in data.get(group) or ()
        if "key" in each
    }


def _resources(column: ColumnSource, said: Mapping[str, str]) -> list[str]:
    names = _SEPARATOR.split(said.get(column.from_name or "", "").strip())
    return list(dict.fromkeys(text for name in names if (text := column.text(name))))


def _number(text: str | None, said: Mapping[str, str]) -> float | None:
    """Return how many GPUs a run says that it has, or how many its system metrics show."""
    number = _finite(text)
    if number is not None and number >= 0:
        return number
    matches = (_GPU_OF_SYSTEM_METRICS.fullmatch(name.removeprefix("metrics.")) for name in said)
    return float(len({match[1] for match in matches if match})) or None


def _finite(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _moment(millis: object) -> datetime | None:
    """Return a time of MLflow's, milliseconds since 1970; 0 stands for none."""
    try:
        return datetime.fromtimestamp(int(str(millis)) / 1000, UTC) if millis else None
    except (ValueError, OverflowError, OSError):
        return None
