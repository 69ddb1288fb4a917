"""A folder, or one file, as an object store."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from finops.core.errors import BadInput
from finops.ingest.stores.objects import StoredObject, changed


class FolderStore:
    """The files below a folder, or a single file. Hidden files and folders are ignored."""

    def __init__(self, path: Path) -> None:
        self._path = path.expanduser().absolute()
        if not self._path.exists():
            raise BadInput(f"{path} does not exist; --from takes a file, a folder, s3://, az:// or bq://")
        self._root = self._path.parent if self._path.is_file() else self._path
        self.uri = self._path.as_uri()

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the files whose path below the folder begins with ``prefix``, sorted by path."""
        paths = [self._path] if self._path.is_file() else self._walk()
        keys = sorted(path.relative_to(self._root).as_posix() for path in paths)
        for key in keys:
            if key.startswith(prefix):
                yield self._describe(key)

    def read(self, obj: StoredObject) -> bytes:
        """Return a small file."""
        self._must_be_unchanged(obj)
        content = (self._root / obj.key).read_bytes()
        self._must_be_unchanged(obj)
        return content

    def download(self, obj: StoredObject, target: Path) -> None:
        """Copy a file. No link: somebody else could still change the original."""
        self._must_be_unchanged(obj)
        shutil.copyfile(self._root / obj.key, target)
        self._must_be_unchanged(obj)
        if target.stat().st_size != obj.size:
            raise changed(obj.key)

    def _walk(self) -> Iterator[Path]:
        for folder, folders, names in os.walk(self._path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from (Path(folder, name) for name in names if not name.startswith("."))

    def _describe(self, key: str) -> StoredObject:
        status = (self._root / key).stat()
        moment = datetime.fromtimestamp(status.st_mtime, UTC)
        return StoredObject(key, status.st_size, moment, f"{status.st_mtime_ns:x}-{status.st_ino:x}-{status.st_size:x}")

    def _must_be_unchanged(self, obj: StoredObject) -> None:
        try:
            is_same = self._describe(obj.key) == obj
        except FileNotFoundError:
            is_same = False
        if not is_same:
            raise changed(obj.key)
