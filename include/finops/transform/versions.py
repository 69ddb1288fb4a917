"""The folder of published versions: which ones were ever current, and which may go.

Each manifest names the version before it, so the versions that readers may know are the chain that begins at
``current``. Whatever else lies in the folder was left by a publication that ended half-way and was never seen.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from finops.core.atomic import replace_link, sync_file, sync_folder, write_whole
from finops.core.settings import Settings
from finops.stores import published, published_database
from finops.stores.published import MANIFEST, Publication
from finops.transform import published_marts

logger = logging.getLogger(__name__)

READER_GRACE = timedelta(hours=1)
"""A version is kept at least this long after another has taken its place, however many follow."""


def folder(settings: Settings) -> Path:
    """Return the folder that holds the versions."""
    return settings.published_dir / "versions"


def chain(settings: Settings) -> list[Publication]:
    """Return the versions that were published, the current one first; empty when nothing was."""
    return published.since(settings, None)


def write(settings: Settings, build_id: str, fill: Callable[[Path], dict[str, Any]]) -> None:
    """Write a version beside the others: ``fill`` puts its files into the folder it gets and returns the manifest.

    It is built under a hidden name, verified, flushed and renamed; its manifest, which makes it a version, is last.
    """
    final = folder(settings) / build_id
    building = final.with_name(f".building-{build_id}")
    building.mkdir(parents=True)
    manifest = fill(building)
    published_marts.verify(Publication(building, manifest))
    _flush(building)
    if final.exists():
        shutil.rmtree(final)
    building.rename(final)
    sync_folder(final.parent)
    published_database.write(Publication(final, manifest))
    write_whole(final / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))


def _flush(root: Path) -> None:
    """Flush what is new in the version. The content of a hard link has been on disk before."""
    for path in root.rglob("*"):
        if path.is_file() and path.stat().st_nlink == 1:
            sync_file(path)
    # The folders and links are many, one for each mart and month of the history, and flushed singly take seconds.
    os.sync()


def restore_link(settings: Settings, published: list[Publication]) -> None:
    """Point ``current`` at the version that was found again, where the link was lost."""
    link = settings.published_dir / "current"
    if published and link.resolve() != published[0].path:
        replace_link(link, f"versions/{published[0].build_id}")


def remove_leftovers(settings: Settings, published: list[Publication]) -> None:
    """Remove what a killed publication or removal left behind; nothing where no version can be told from that."""
    known = {version.path for version in published}
    if not known:
        return
    for path in sorted(folder(settings).iterdir()):
        if path not in known:
            logger.info("removing %s, which was never published", path.name)
            _remove(path)


def prune(settings: Settings, published: list[Publication], now: datetime | None = None) -> list[str]:
    """Remove the oldest versions beyond ``versions_to_keep``; return their names.

    A version that a reader may still hold, because it was replaced less than ``READER_GRACE`` ago, stays. The
    oldest goes first, so that the chain never has a gap.
    """
    moment = now or datetime.now(UTC)
    removed = []
    for index in range(len(published) - 1, settings.versions_to_keep - 1, -1):
        replaced_at = datetime.fromisoformat(published[index - 1].manifest["published_at"])
        if moment - replaced_at < READER_GRACE:
            break
        _remove(published[index].path)
        removed.append(published[index].build_id)
    return removed


def _remove(path: Path) -> None:
    # Renamed first, so that a removal that is killed leaves no folder that looks like a version.
    doomed = path if path.name.startswith(".") else path.with_name(f".removed-{path.name}")
    if path != doomed:
        path.rename(doomed)
        sync_folder(doomed.parent)
    shutil.rmtree(doomed)
