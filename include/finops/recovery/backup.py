"""Write a backup: the state store, closed months, history and the published version, as they are at one moment.

A backup is a folder: ``manifest.json`` with the sha256 of every other file, ``state/<table>.jsonl``, and ``closed/``,
``history/`` and ``published/`` as they lie under FINOPS_HOME. Landed files are not in it: they are large, never change,
and can be copied or landed again by themselves.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from finops.core.atomic import sha256_of, sync_file, sync_folder
from finops.core.errors import BadInput
from finops.core.locks import exclusive
from finops.core.progress import Progress
from finops.core.settings import Settings
from finops.stores import workspaces
from finops.stores.published import current_folder, open_version
from finops.stores.state import dump
from finops.stores.state.store import SCHEMA_REVISION, open_state

MANIFEST = "manifest.json"
_PREFIX = "finops-backup-"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was written. ``linked`` files are those of the backup before; ``byte_count`` is of all files."""

    path: Path
    files: int
    linked: int
    byte_count: int


def write_backup(settings: Settings, place: Path, progress: Progress | None = None) -> Backup:
    """Write a new backup into a folder below ``place``, whole or not at all.

    Files that have not changed since the newest backup there are links to it. Publications and closes wait meanwhile,
    builds do not. Raise BadInput when it cannot be written.
    """
    made_at = datetime.now(UTC)
    final = place / f"{_PREFIX}{made_at:%Y%m%dT%H%M%S%f}Z"
    writing = place / f".{final.name}"
    try:
        with exclusive(settings, workspaces.PUBLISHED), exclusive(settings, "statements"):
            writing.mkdir(parents=True)
            digests, linked = _copy_all(settings, writing, _newest(place), progress)
            current = current_folder(settings)
        manifest = {
            "made_at": made_at.isoformat(timespec="seconds"),
            "schema_revision": SCHEMA_REVISION,
            "current": None if current is None else current.name,
            "files": digests,
        }
        (writing / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
        os.sync()
        writing.rename(final)
        sync_folder(place)
    except OSError as error:
        raise BadInput(f"the backup cannot be written: {error.filename or place}: {error.strerror}") from None
    finally:
        shutil.rmtree(writing, ignore_errors=True)
    return Backup(final, len(digests), linked, sum((final / name).stat().st_size for name in digests))


def kept_files(settings: Settings) -> list[str]:
    """Return the files of closed months, history and the current version, relative to the home, in their order."""
    current = current_folder(settings)
    folders = [settings.closed_dir, settings.history_dir, *([current] if current else [])]
    root = settings.root.resolve()
    found = (path.resolve().relative_to(root) for folder in folders for path in folder.rglob("*") if path.is_file())
    # What a killed run left lies under a hidden name. finops.duckdb names the folder that it is in: restore writes it.
    remade = current is not None and "columns" in open_version(current).manifest
    return sorted(
        each.as_posix()
        for each in found
        if not any(part.startswith(".") for part in each.parts) and not (remade and each.name == "finops.duckdb")
    )


def _copy_all(
    settings: Settings, writing: Path, before: Path | None, progress: Progress | None
) -> tuple[dict[str, str], int]:
    known = _files_of(before)
    digests = dict(_write_state(settings, writing))
    linked = 0
    names = kept_files(settings)
    for number, name in enumerate(names):
        if progress is not None:
            progress(f"copying {name}", number, len(names))
        source, target = settings.root / name, writing / name
        target.parent.mkdir(parents=True, exist_ok=True)
        old = None if before is None or name not in known else before / name
        if old is not None and _is_same(source, old):
            os.link(old, target)
            digests[name] = known[name]
            linked += 1
        else:
            shutil.copy2(source, target)
            digests[name] = sha256_of(target)
    return digests, linked


def _write_state(settings: Settings, writing: Path) -> Iterator[tuple[str, str]]:
    folder = writing / "state"
    folder.mkdir()
    with open_state(settings).connect() as connection:
        for name, table in dump.TABLES.items():
            path = folder / f"{name}.jsonl"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in dump.lines(connection, table))
            sync_file(path)
            yield f"state/{path.name}", sha256_of(path)


def _newest(place: Path) -> Path | None:
    return max(place.glob(f"{_PREFIX}*"), default=None)


def _files_of(backup: Path | None) -> dict[str, str]:
    if backup is None:
        return {}
    try:
        found: dict[str, str] = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return {}
    return found


def _is_same(source: Path, old: Path) -> bool:
    if not old.is_file():
        return False
    here, there = source.stat(), old.stat()
    return (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns)
