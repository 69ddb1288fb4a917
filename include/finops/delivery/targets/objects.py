"""What the object stores share: files first, the manifest last, then away with what only the old manifest listed."""

from __future__ import annotations

import json
import mimetypes
from abc import ABC, abstractmethod
from typing import Any

from finops.delivery.models import MANIFEST, Package

ATTEMPTS = 6
"""Requests for one answer, the first included."""
CONNECT_SECONDS, READ_SECONDS = 10, 60


class ObjectPlace(ABC):
    """Objects below a prefix. A reader who checks files against the manifest never takes half a package for a whole."""

    def __init__(self, uri: str, prefix: str) -> None:
        self.uri = uri
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def holds(self, package: Package) -> bool:
        """Tell whether the manifest there names this package's digest."""
        return self._manifest(package).get("digest") == package.digest

    def put(self, package: Package) -> None:
        """Write the files, then the manifest; then remove what only the manifest before listed."""
        before = self._manifest(package).get("files")
        for file in package.files:
            self._write(self._key(package, file.name), file.content, content_type(file.name))
        self._write(self._key(package, MANIFEST), package.manifest(), content_type(MANIFEST))
        known = {file.name for file in package.files} | {MANIFEST}
        for name in [each["path"] for each in before or []]:
            if name not in known and "/" not in name:
                self._delete(self._key(package, name))

    def _key(self, package: Package, name: str) -> str:
        return f"{self._prefix}{package.path}/{name}"

    def _manifest(self, package: Package) -> dict[str, Any]:
        try:
            found = json.loads(self._read(self._key(package, MANIFEST)) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @abstractmethod
    def _read(self, key: str) -> bytes | None:
        """Return an object's bytes; None when it is not there or may not be read: a target may be write-only."""

    @abstractmethod
    def _write(self, key: str, content: bytes, kind: str) -> None:
        """Put an object in the place of the one before, in one step."""

    @abstractmethod
    def _delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""


def content_type(name: str) -> str:
    """Return the media type of a file by its name."""
    return {".csv": "text/csv", ".html": "text/html; charset=utf-8"}.get(
        name[name.rfind(".") :], mimetypes.guess_type(name)[0] or "application/octet-stream"
    )
