"""Checkpoints in MLflow: models that runs have logged, and files or folders among their artifacts.

MLflow knows when a model was logged. Of artifacts it knows no time: a checkpoint whose name has a step is as old as the
first value of ``step_metric`` at that step or after it; any other was written when its run ended, and waits until then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Protocol
from urllib.parse import urlsplit

from finops.core.errors import BadInput
from finops.policy.telemetry import MlflowCheckpoints
from finops.telemetry.asking import Rows

MOST_FILES = 100_000
"""Of one checkpoint."""

_STEP = re.compile(r"(?:step|epoch|ckpt|checkpoint|iter(?:ation)?)[-_=]?(\d+)", re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Entry = Mapping[str, Any]


class Mlflow(Protocol):
    """A tracking server, as far as checkpoints need it."""

    def runs(self, which: str) -> Iterator[Entry]:
        """Yield the runs that a filter of MLflow's selects."""
        ...

    def models(self, start: datetime, until: datetime) -> Iterator[Entry]:
        """Yield the models that were logged in a time."""
        ...

    def files(self, path: str, parameters: Mapping[str, str]) -> Iterator[Entry]:
        """Yield what a folder of artifacts holds."""
        ...

    def pages(self, method: str, path: str, request: Mapping[str, Any], key: str) -> Iterator[Entry]:
        """Yield the entries of an answer of many pages."""
        ...


def checkpoints(source: MlflowCheckpoints, server: Mlflow, start: datetime, until: datetime) -> Iterator[Rows]:
    """Yield the checkpoints that were written from ``start`` to ``until`` (excluded)."""
    columns = ("run_id", "created_at", "size_bytes", "uri", "last_read_at")
    rows: dict[str, list[Any]] = {name: [] for name in columns}
    seen: set[tuple[str, str]] = set()
    for run_id, created_at, size, uri in (*_models(server, start, until), *_artifacts(source, server, start, until)):
        if start <= created_at < until and (run_id, uri) not in seen:
            seen.add((run_id, uri))
            for name, value in zip(columns, (run_id, created_at, size, uri, None), strict=True):
                rows[name].append(value)
    yield rows


Checkpoint = tuple[str, datetime, int, str]
"""Run, time, bytes and address."""


def _models(server: Mlflow, start: datetime, until: datetime) -> Iterator[Checkpoint]:
    for each in server.models(start, until):
        info = each.get("info") or {}
        model_id, created_at = info.get("model_id"), info.get("creation_timestamp_ms")
        if not model_id or not created_at or not info.get("source_run_id"):
            continue
        path = f"/logged-models/{model_id}/artifacts/directories"
        size = _size_below(server, path, {}, "artifact_directory_path")
        yield (
            str(info["source_run_id"]),
            _at(created_at),
            size,
            _without_login(str(info.get("artifact_uri") or model_id)),
        )


def _artifacts(source: MlflowCheckpoints, server: Mlflow, start: datetime, until: datetime) -> Iterator[Checkpoint]:
    from_millis, to_millis = _millis(start), _millis(until)
    which = [f"attributes.end_time >= {from_millis} AND attributes.start_time < {to_millis}"]
    if source.step_metric:
        which.append(f"attributes.status = 'RUNNING' AND attributes.start_time < {to_millis}")
    else:
        which[0] += f" AND attributes.end_time < {to_millis}"
    for run in (run for each in which for run in server.runs(each)):
        info = run.get("info") or {}
        found = list(_matching(source, server, str(info.get("run_id"))))
        times = _Times(source, server, info) if found else None
        for path, size in found:
            created_at = times.of(path) if times else None
            if created_at is not None:
                uri = _without_login(str(info.get("artifact_uri") or "").rstrip("/"))
                yield str(info["run_id"]), created_at, size, f"{uri}/{path}"


class _Times:
    """When the checkpoints of one run were written."""

    def __init__(self, source: MlflowCheckpoints, server: Mlflow, info: Mapping[str, Any]) -> None:
        self._ended = _at(info["end_time"]) if info.get("end_time") and info.get("status") != "RUNNING" else None
        history: Iterator[Entry] = iter(())
        if source.step_metric:
            parameters = {"run_id": str(info["run_id"]), "metric_key": source.step_metric}
            history = server.pages("GET", "/metrics/get-history", parameters, "metrics")
        self._steps = sorted((int(each.get("step") or 0), int(each["timestamp"])) for each in history)

    def of(self, path: str) -> datetime | None:
        """Return when a checkpoint was written, None while that cannot be said."""
        numbers = _STEP.findall(path)
        if numbers:
            after = (millis for step, millis in self._steps if step >= int(numbers[-1]))
            if (millis := next(after, None)) is not None:
                return _at(millis)
        return self._ended


def _matching(source: MlflowCheckpoints, server: Mlflow, run_id: str) -> Iterator[tuple[str, int]]:
    """Yield path and bytes of the artifacts of a run that are checkpoints, each once."""
    parameters = {"run_id": run_id}
    seen: set[str] = set()
    for pattern in source.artifacts:
        for each in _walk(server, parameters, pattern.strip("/").split("/"), None):
            path = str(each["path"])
            if path in seen:
                continue
            seen.add(path)
            is_folder = bool(each.get("is_dir"))
            size = _size_below(server, "/artifacts/list", parameters, "path", path) if is_folder else _bytes_of(each)
            yield path, size


def _walk(server: Mlflow, parameters: Mapping[str, str], steps: list[str], folder: str | None) -> Iterator[Entry]:
    for each in server.files("/artifacts/list", {**parameters, **({"path": folder} if folder else {})}):
        path = str(each.get("path") or "")
        if not fnmatchcase(path.rsplit("/", 1)[-1], steps[0]):
            continue
        if len(steps) == 1:
            yield each
        elif each.get("is_dir"):
            yield from _walk(server, parameters, steps[1:], path)


def _size_below(
    server: Mlflow, path: str, parameters: Mapping[str, str], of_folder: str, folder: str | None = None
) -> int:
    """Return the bytes of all files below a folder."""
    total, files, folders = 0, 0, [folder]
    while folders:
        below = folders.pop()
        for each in server.files(path, {**parameters, **({of_folder: below} if below else {})}):
            files += 1
            if files > MOST_FILES:
                raise BadInput(f"a checkpoint in MLflow has more than {MOST_FILES:,} files; correct artifacts")
            if each.get("is_dir"):
                folders.append(str(each["path"]))
            else:
                total += _bytes_of(each)
    return total


def _bytes_of(file: Entry) -> int:
    return int(file.get("file_size") or 0)


def _at(millis: object) -> datetime:
    return _EPOCH + timedelta(milliseconds=int(str(millis)))


def _millis(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _without_login(uri: str) -> str:
    """Return an address without user, password, and what stands after a question mark."""
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
