"""A folder, or one file, as an object store."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from finops.core.errors import BadInput
from finops.ingest.stores.objects import StoredObject, changed

_NEVER = datetime.fromtimestamp(0, UTC)


class FolderStore:
    """The files below a folder, or a single file. Hidden files and folders are ignored.

    A key is always text: bytes of a name that are not UTF-8 stand in it as ``\\xff``. What is no file, such as a pipe,
    a device or a link to nothing, is listed, and raises BadInput when it is read.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._path = path.expanduser().absolute()
            exists = self._path.exists()
        except (OSError, RuntimeError, ValueError) as error:
            raise BadInput(
                f"{path}: is no path ({error}); --from takes a file, a folder, s3://, az:// or bq://"
            ) from None
        if not exists:
            raise BadInput(f"{path} does not exist; --from takes a file, a folder, s3://, az:// or bq://")
        if not self._path.is_dir() and not self._path.is_file():
            raise BadInput(
                f"{path} is neither a file nor a folder; --from takes a file, a folder, s3://, az:// or bq://"
            )
        self._root = self._path.parent if self._path.is_file() else self._path
        self._paths: dict[str, Path] = {}
        self.uri = self._path.as_uri()

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the files whose path below the folder begins with ``prefix``, sorted by path."""
        paths = [self._path] if self._path.is_file() else self._walk()
        self._paths = {_key(path.relative_to(self._root)): path for path in paths}
        for key in sorted(self._paths):
            if key.startswith(prefix):
                yield self._describe(key)

    def read(self, obj: StoredObject) -> bytes:
        """Return a small file."""
        content = self._file(obj).read_bytes()
        self._file(obj)
        return content

    def download(self, obj: StoredObject, target: Path) -> None:
        """Copy a file. No link: somebody else could still change the original."""
        shutil.copyfile(self._file(obj), target)
        self._file(obj)
        if target.stat().st_size != obj.size:
            raise changed(obj.key)

    def _walk(self) -> Iterator[Path]:
        for folder, folders, names in os.walk(self._path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from (Path(folder, name) for name in names if not name.startswith("."))

    def _describe(self, key: str) -> StoredObject:
        try:
            status = self._path_of(key).stat()
            moment = datetime.fromtimestamp(status.st_mtime, UTC)
        except (OSError, OverflowError, ValueError):
            return StoredObject(key, 0, _NEVER)
        size = status.st_size if stat.S_ISREG(status.st_mode) else 0
        return StoredObject(key, size, moment, f"{status.st_mtime_ns:x}-{status.st_ino:x}-{status.st_size:x}")

    def _file(self, obj: StoredObject) -> Path:
        """Return the path of a listed object. Raise when it changed since, or is no file that can be read."""
        path = self._path_of(obj.key)
        if self._describe(obj.key) != obj:
            raise changed(obj.key)
        if not path.is_file():
            raise BadInput(
                f"{obj.key}: is no file that can be read (a pipe, a device, or a link to nothing); remove it"
            )
        return path

    def _path_of(self, key: str) -> Path:
        return self._paths.get(key, self._root / key)


def _key(path: Path) -> str:
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
