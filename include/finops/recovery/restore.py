"""Restore a backup into a home that has nothing of its own."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DataError

from finops.core.atomic import replace_link, replacing, sha256_of
from finops.core.errors import BadInput, Finding
from finops.core.locks import exclusive
from finops.core.progress import Progress
from finops.core.settings import Settings
from finops.recovery.backup import MANIFEST
from finops.stores import published_database, workspaces
from finops.stores.published import open_version
from finops.stores.state import dump, ledger
from finops.stores.state import telemetry as telemetry_ledger
from finops.stores.state.store import SCHEMA_REVISION, begin_state, is_begun

_STATE = "state/"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did, or would do. ``missing`` are landed files that the state store knows and the home lacks."""

    files: int
    rows: int
    missing: tuple[str, ...]


def restore(settings: Settings, folder: Path, progress: Progress | None = None, *, dry_run: bool = False) -> Restored:
    """Verify every file of a backup, then put all of it back; killed on the way, it can be run again.

    Files that are there and the same stay. The state store comes last, in one transaction. With ``dry_run`` nothing is
    written. Raise Finding when a file of the backup is not what its manifest says, BadInput when the state store has
    rows, or a file of the home differs.
    """
    manifest = _read_manifest(folder)
    files: dict[str, str] = manifest["files"]
    with exclusive(settings, workspaces.PUBLISHED), exclusive(settings, "statements"):
        _require_whole(folder, files, progress)
        _require_room(settings, files)
        if dry_run:
            return Restored(len(files), 0, ())
        kept = [name for name in files if not name.startswith(_STATE)]
        # The manifest makes a folder a version: it comes after the version's other files.
        for number, name in enumerate(sorted(kept, key=lambda each: (each.endswith("/manifest.json"), each))):
            if progress is not None:
                progress(f"restoring {name}", number, len(kept))
            _put_back(folder / name, settings.root / name)
        if manifest["current"] is not None:
            version = open_version(settings.published_dir / "versions" / manifest["current"])
            if "columns" in version.manifest:
                published_database.write(version)
            replace_link(settings.published_dir / "current", f"versions/{manifest['current']}")
        rows = _load_state(settings, folder)
    return Restored(len(files), rows, _missing(settings))


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found, _ = manifest["schema_revision"], manifest["files"].items()
    except FileNotFoundError:
        raise BadInput(f"{folder} is no backup: it has no {MANIFEST}") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise BadInput(f"{path} is damaged; use another backup") from None
    if found != SCHEMA_REVISION:
        raise BadInput(
            f"{folder} was made by a release with schema {found}, and this one has {SCHEMA_REVISION}; restore it with "
            "that release, then upgrade"
        )
    return manifest


def _require_whole(folder: Path, files: dict[str, str], progress: Progress | None) -> None:
    for number, (name, digest) in enumerate(files.items()):
        if progress is not None:
            progress(f"verifying {name}", number, len(files))
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BadInput(f"the backup's manifest names {name}, which lies outside of it")
        if not path.is_file() or sha256_of(path) != digest:
            raise Finding(f"{path} is not what the backup's manifest says; nothing was restored, use another backup")


def _require_room(settings: Settings, files: dict[str, str]) -> None:
    if is_begun(settings):
        with begin_state(settings).connect() as connection:
            if not dump.is_empty(connection):
                raise BadInput(
                    "the state store is not empty: restore into an empty one (FINOPS_STATE_URL, or move "
                    f"{settings.root / 'state.db'} away)"
                )
    for name, digest in files.items():
        path = settings.root / name
        if not name.startswith(_STATE) and path.exists() and sha256_of(path) != digest:
            raise BadInput(f"{path} is there and differs from the backup; move {settings.root} away, or its folder")


def _put_back(source: Path, target: Path) -> None:
    if target.exists():
        return
    with replacing(target) as temporary:
        shutil.copy2(source, temporary)


def _load_state(settings: Settings, folder: Path) -> int:
    rows = 0
    with begin_state(settings).begin() as connection:
        for name, table in dump.TABLES.items():
            with (folder / _STATE / f"{name}.jsonl").open(encoding="utf-8") as file:
                try:
                    rows += dump.load(connection, table, file)
                except DataError as error:
                    # SQLite takes texts of any length, PostgreSQL does not.
                    reason = str(error.orig).splitlines()[0]
                    raise BadInput(f"{file.name} does not fit the state store: {reason}; restore into SQLite") from None
    return rows


def _missing(settings: Settings) -> tuple[str, ...]:
    with begin_state(settings).connect() as connection:
        current = ledger.current(connection)
        days = telemetry_ledger.all_current(connection)
    found = [Path(each.relative_path) / file.local_name for each in current for file in each.files]
    found += [Path(each.relative_path) for each in days]
    return tuple(str(each) for each in found if not (settings.landing_dir / each).exists())
