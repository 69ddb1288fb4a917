"""A folder: a share that an audience reads."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from finops.core.atomic import sync_file, sync_folder
from finops.core.errors import BadInput
from finops.delivery.models import MANIFEST, Package


class FolderPlace:
    """Files below a folder. A package is written whole under a hidden name, then takes the place of the one before."""

    def __init__(self, path: str) -> None:
        self._root = Path(path)

    def holds(self, package: Package) -> bool:
        """Tell whether the manifest there names this package's digest."""
        try:
            content = json.loads((self._root / package.path / MANIFEST).read_text(encoding="utf-8"))
            return bool(content["digest"] == package.digest)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def put(self, package: Package) -> None:
        """Write the package beside the one before, then rename it into its place."""
        final = self._root / package.path
        new, old = (final.with_name(f".{package.folder}.{which}") for which in ("new", "old"))
        try:
            for leftover in (new, old):
                shutil.rmtree(leftover, ignore_errors=True)
            new.mkdir(parents=True)
            contents = {each.name: each.content for each in package.files} | {MANIFEST: package.manifest()}
            for name, content in contents.items():
                (new / name).write_bytes(content)
                sync_file(new / name)
            sync_folder(new)
            if final.exists():
                os.rename(final, old)
            os.rename(new, final)
            sync_folder(final.parent)
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise BadInput(f"{error.filename or final}: {reason}; correct the folder or its permissions") from None
