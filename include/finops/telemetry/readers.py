"""Where telemetry comes from: one function per type of source, which says what files there are to read.

What is not a file yet (a monitoring system's answer) is to be written as one by its reader; all else is the same.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from finops.core.errors import BadInput
from finops.policy.telemetry import FILE, TelemetrySource
from finops.telemetry.models import OfferedFile

ENDINGS = (".csv", ".csv.gz", ".parquet")

Reader = Callable[[TelemetrySource], list[OfferedFile]]


def offered_files(source: TelemetrySource) -> list[OfferedFile]:
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


READERS: dict[str, Reader] = {"files": offered_files}
"""By the ``type`` that telemetry.yml names."""


def _is_there(is_there: bool, source: TelemetrySource, path: Path) -> bool:
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
