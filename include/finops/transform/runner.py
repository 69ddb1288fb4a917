"""The only place that starts dbt: in this process, with a project that is parsed once for all workspaces."""

from __future__ import annotations

import gc
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from finops.core import machine
from finops.core.atomic import write_whole
from finops.core.errors import FinopsError, Unavailable
from finops.core.progress import Progress
from finops.core.settings import Settings
from finops.stores.candidate import BILLS, KPIS
from finops.transform.parsed_project import ANYWHERE, point_at

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

logger = logging.getLogger(__name__)


_MACHINE_ERRORS = ("Out of Memory Error", "IO Error")
"""What DuckDB says when the machine, not a bill, is the cause."""


class DbtFailed(FinopsError):
    """A model could not be built, or a test of dbt does not hold."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node that dbt ran, and its SQL as it was run."""

    name: str
    relation: str | None
    compiled_sql: str | None


@dataclass(frozen=True, slots=True)
class _Failure:
    """A node that failed: ``fail`` is the status of a test that does not hold."""

    name: str
    status: str
    message: str


def build(settings: Settings, progress: Progress | None = None, *, layer: str = BILLS) -> dict[str, Node]:
    """Run ``dbt build`` of a layer without the unit tests, and return the nodes that ran by name.

    Seeds and views depend on nothing but the project, and making them takes seconds: a project that is as it was at
    the last build that went well leaves them as they are. Errors are those of ``run``.
    """
    command = ["build", "--exclude-resource-type", "unit_test"]
    if layer == KPIS:
        # The bills' layer reads the seed too, so it has no tag.
        command += ["--select", "tag:kpi", "machine_types"]
    excluded = [] if layer == KPIS else ["tag:kpi"]
    marker, digest = settings.warehouse_dir / "project", _project_digest(settings)
    if marker.exists() and marker.read_text(encoding="utf-8") == digest:
        # Tests of what is left alone run all the same.
        excluded += ["resource_type:seed", "config.materialized:view"]
        command += ["--indirect-selection", "empty"]
    if excluded:
        command += ["--exclude", *excluded]
    # A build that fails may leave views of both projects.
    marker.unlink(missing_ok=True)
    nodes = run(settings, command, progress)
    write_whole(marker, digest)
    return nodes


def _project_digest(settings: Settings) -> str:
    """Digest what seeds and views are made of: the project's files, and the folder whose paths the views name."""
    digest = hashlib.sha256(str(settings.warehouse_dir).encode())
    for folder in ("macros", "models", "seeds", "."):
        pattern = "*.yml" if folder == "." else "**/*.*"
        for path in sorted((settings.dbt_dir / folder).glob(pattern)):
            digest.update(f"{path.relative_to(settings.dbt_dir)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def run(settings: Settings, command: Sequence[str], progress: Progress | None = None) -> dict[str, Node]:
    """Run a dbt command, for example ``["run"]``, and return its nodes by name.

    Raise DbtFailed, which names the first node that failed and what the database said; Unavailable when memory or the
    disk was the cause; FinopsError when dbt could not start.
    """
    failures: list[_Failure] = []
    listeners = [_listener(progress), _failures_into(failures)]
    with _without_garbage_collection():
        project = _parsed(settings)
        point_at(project, settings.warehouse_dir)
        target = settings.warehouse_dir / "dbt"
        outcome = _invoke(settings, command, settings.warehouse_dir, target, project, listeners)
    for each in failures:
        if each.status == "fail":
            raise DbtFailed(f"dbt's test {each.name} does not hold: {_one_line(each.message)}")
        says = f"dbt could not build {each.name}: {_one_line(each.message)}"
        raise _of_machine(settings, each.message) or DbtFailed(says)
    _raise_what_kept_it_from_starting(settings, outcome)
    results = getattr(outcome.result, "results", None) or []
    return {each.node.name: _node(each.node) for each in results}


def _parsed(settings: Settings) -> Manifest:
    outcome = _invoke(settings, ["parse"], Path(ANYWHERE), settings.parsed_project_dir)
    _raise_what_kept_it_from_starting(settings, outcome)
    return cast("Manifest", outcome.result)


def _invoke(
    settings: Settings,
    command: Sequence[str],
    workspace: Path,
    target: Path,
    project: Manifest | None = None,
    listeners: Sequence[Callable[[Any], None]] = (),
) -> dbtRunnerResult:
    from dbt.cli.main import dbtRunner

    with _environment(settings, workspace):
        try:
            return dbtRunner(project, [*listeners]).invoke([*command, *_options(settings, target)])
        finally:
            _close_database()


def _raise_what_kept_it_from_starting(settings: Settings, outcome: dbtRunnerResult) -> None:
    if not outcome.success:
        says = f"dbt could not start: {_one_line(str(outcome.exception))}"
        raise _of_machine(settings, str(outcome.exception), outcome.exception) or FinopsError(says)


def _of_machine(settings: Settings, text: str, error: BaseException | None = None) -> FinopsError | None:
    """Return the error where the machine, or a damaged file of the platform, is the cause and not a bill; else None."""
    found = machine.of_database(text, settings)
    if isinstance(found, machine.Damaged) and found.path and found.path.is_relative_to(settings.inputs_dir):
        return None
    cause = error
    while found is None and cause is not None:
        found = machine.as_finops_error(cause, settings)
        cause = cause.__cause__ or cause.__context__
    if found is None and any(each in text for each in _MACHINE_ERRORS):
        return Unavailable(f"dbt could not build: {_one_line(text)}")
    return found


def _node(node: Any) -> Node:
    return Node(node.name, getattr(node, "relation_name", None), getattr(node, "compiled_code", None))


def _options(settings: Settings, target: Path) -> list[str]:
    return [
        *("--project-dir", str(settings.dbt_dir)),
        *("--profiles-dir", str(settings.dbt_dir)),
        *("--target-path", str(target)),
        *("--log-path", str(target)),
        *("--log-level", "none"),
        *("--log-level-file", "none"),
        "--no-send-anonymous-usage-stats",
        "--no-version-check",
        "--fail-fast",
        # Its manifest and results as JSON, which nobody reads, would take longer than the marts of a small month.
        "--no-write-json",
    ]


@contextmanager
def _environment(settings: Settings, workspace: Path) -> Iterator[None]:
    """Hand the settings to dbt's profile the one way it can read them."""
    wanted = {
        "FINOPS_WAREHOUSE_DIR": str(workspace),
        "FINOPS_MEMORY_LIMIT": settings.memory_limit,
        "FINOPS_THREADS": str(settings.threads),
        "DO_NOT_TRACK": "1",
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Spare the collector: what dbt makes lives until it ends, and looking through it takes a twentieth of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _listener(progress: Progress | None) -> Callable[[Any], None]:
    def listen(event: Any) -> None:
        if progress is not None and event.info.name in ("LogModelResult", "LogSeedResult", "LogTestResult"):
            name = event.data.node_info.node_name
            progress(f"dbt: {name}", event.data.index, getattr(event.data, "total", 0) or event.data.num_models)

    return listen


def _failures_into(found: list[_Failure]) -> Callable[[Any], None]:
    """Return a listener that collects what failed. dbt's results leave out ephemeral models, whose SQL may fail too."""

    def listen(event: Any) -> None:
        if event.info.name == "NodeFinished" and event.data.run_result.status in ("fail", "error", "runtime error"):
            result = event.data.run_result
            found.append(_Failure(event.data.node_info.node_name, result.status, result.message))

    return listen


def _close_database() -> None:
    """Let go of the warehouse: the adapter keeps it open for the life of the process, and others wait for it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    reset_adapters()
    environment = DuckDBConnectionManager._ENV
    DuckDBConnectionManager.close_all_connections()
    if environment is not None:
        environment.close()


def _one_line(message: str | None) -> str:
    """Keep dbt's heading and the first line of the database's message; what follows quotes SQL that dbt wrote."""
    lines = [line.strip() for line in (message or "no message").splitlines() if line.strip()]
    return " ".join(lines[:2])
