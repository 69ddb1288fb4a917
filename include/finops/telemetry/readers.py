"""Where telemetry comes from: one function per type of source, which says what files there are to read.

What is not a file yet (a monitoring system's answer) is written as one by its reader; all else is the same.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from finops.core.errors import BadInput
from finops.policy.telemetry import FILE, FileSource
from finops.telemetry import asking
from finops.telemetry.asking import Asking
from finops.telemetry.models import Offered, OfferedFile

ENDINGS = (".csv", ".csv.gz", ".parquet")

Reader = Callable[[Asking], Offered]


def offered_files(source: FileSource) -> list[OfferedFile]:
    """Return the files of a folder and its folders, of a pattern, or the one file, in the order of their names.

    Hidden files, and in a folder those of other endings, are left alone. Raise BadInput when there is no such place,
    unless the source is optional.
    """
    path = Path(source.from_path)
    if glob.has_magic(source.from_path):
        base = _folder_before_pattern(path)
        if not _is_there(base.is_dir(), source, base):
            return []
        return _described(base, map(Path, glob.iglob(source.from_path, recursive=True)))
    if not _is_there(path.exists(), source, path):
        return []
    if path.is_file():
        return _described(path.parent, [path])
    return _described(path, (each for each in path.rglob("*") if each.name.lower().endswith(ENDINGS)))


def _of_files(look: Asking) -> Offered:
    return Offered(offered_files(look.source))


def _of_prometheus(look: Asking) -> Offered:
    from finops.telemetry.monitors.prometheus import Prometheus

    return _asked(look, Prometheus(look.source, look.client))


def _of_mlflow(look: Asking) -> Offered:
    from finops.telemetry.monitors.mlflow import Mlflow

    return _asked(look, Mlflow(look.source, look.client))


def _of_cloudwatch(look: Asking) -> Offered:
    from finops.telemetry.monitors.cloudwatch import CloudWatch

    return _asked(look, CloudWatch(look.source, look.client))


def _of_azure_monitor(look: Asking) -> Offered:
    from finops.telemetry.monitors.azure_monitor import AzureMonitor

    return _asked(look, AzureMonitor(look.source, look.client))


def _of_cloud_monitoring(look: Asking) -> Offered:
    from finops.telemetry.monitors.cloud_monitoring import CloudMonitoring

    return _asked(look, CloudMonitoring(look.source, look.client))


def _asked(look: Asking, monitor: AbstractContextManager[asking.Monitor]) -> Offered:
    faults = asking.take(look, look.source, monitor)
    return Offered(_described(look.folder, look.folder.glob("*.parquet")), faults)


READERS: dict[str, Reader] = {
    "files": _of_files,
    "prometheus": _of_prometheus,
    "mlflow": _of_mlflow,
    "cloudwatch": _of_cloudwatch,
    "azure_monitor": _of_azure_monitor,
    "cloud_monitoring": _of_cloud_monitoring,
}
"""By the ``type`` that telemetry.yml names."""


def _is_there(is_there: bool, source: FileSource, path: Path) -> bool:
    if not is_there and not source.optional:
        raise BadInput(
            f"{path} does not exist; correct `from` of source {source.name} ({FILE}), write files there, or say "
            "`optional: true`"
        )
    return is_there


def _folder_before_pattern(path: Path) -> Path:
    steps: list[str] = []
    for step in path.parts:
        if glob.has_magic(step):
            break
        steps.append(step)
    return Path(*steps)


def _described(base: Path, paths: Iterable[Path]) -> list[OfferedFile]:
    found: dict[str, OfferedFile] = {}
    for path in paths:
        name = path.relative_to(base)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            stat = os.stat(path)
            found[name.as_posix()] = OfferedFile(name.as_posix(), path, stat.st_size, stat.st_mtime_ns)
    return [found[name] for name in sorted(found)]
