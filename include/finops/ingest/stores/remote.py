"""What S3 and Azure Blob share: sorted listings that end, and copies that are complete or fail."""

from __future__ import annotations

import io
import logging
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from finops.core.errors import Unavailable
from finops.ingest.stores.objects import ChangedWhileRead, StoredObject

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10
READ_SECONDS = 60
ATTEMPTS = 6
"""Requests for one answer, including the first; with the SDKs' pauses about a minute."""

CHUNK_BYTES = 1024 * 1024
"""Bytes of an object held in memory while it is copied."""

Page = tuple[str | None, list[StoredObject]]
"""A page of a listing: the token of the page after it, and objects with their full keys."""


class BrokenStream(Exception):
    """The connection ended in the middle of an object; reading can resume there."""


class RemoteStore(ABC):
    """An ``ObjectStore`` over pages and byte streams, which a subclass gets from its cloud.

    ``path`` is a folder-like prefix, or the key of a single object.
    """

    def __init__(self, uri: str, path: str) -> None:
        self.uri = uri
        self._path = path.strip("/")
        self._parent = f"{self._path}/" if self._path else ""

    @abstractmethod
    def _pages(self, prefix: str) -> Iterator[Page]:
        """Yield the pages of the listing of the full keys that begin with ``prefix``."""

    @abstractmethod
    def _stream(self, key: str, etag: str | None, offset: int) -> Iterator[bytes]:
        """Yield the bytes of an object from ``offset`` on.

        Raise BrokenStream when the connection ends early and ChangedWhileRead when the etag differs.
        """

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the objects whose key begins with ``prefix``, sorted by key."""
        found = self._listing(self._parent + prefix)
        if not found and not prefix and self._path:
            found = self._single_object()
        for key in sorted(found):
            yield replace(found[key], key=key.removeprefix(self._parent))

    def read(self, obj: StoredObject) -> bytes:
        """Return a small object. Raise ChangedWhileRead when it was replaced since listed."""
        content = io.BytesIO()
        self._copy(obj, content.write)
        return content.getvalue()

    def download(self, obj: StoredObject, target: Path) -> None:
        """Write the whole object to ``target``. Raise ChangedWhileRead when it was replaced since listed."""
        with target.open("wb") as out:
            self._copy(obj, out.write)

    def _listing(self, prefix: str) -> dict[str, StoredObject]:
        # If a service or proxy repeats a page, the listing would never end or count a part twice.
        found: dict[str, StoredObject] = {}
        tokens: set[str] = set()
        for token, objects in self._pages(prefix):
            repeats = token in tokens or any(each.key in found for each in objects)
            if repeats:
                raise Unavailable(f"{self.uri}: the listing repeats itself and does not end; try again later")
            if token is not None:
                tokens.add(token)
            found.update((each.key, each) for each in objects)
        return {key: each for key, each in found.items() if not key.endswith("/")}

    def _single_object(self) -> dict[str, StoredObject]:
        _, objects = next(iter(self._pages(self._path)), (None, []))
        # A key sorts before every longer one, so it is on the first page if it exists.
        found = {each.key: each for each in objects if each.key == self._path}
        if found:
            folder, slash, _ = self._path.rpartition("/")
            self._parent = folder + slash
        return found

    def _copy(self, obj: StoredObject, write: Callable[[bytes], object]) -> None:
        received = 0
        for attempt in range(ATTEMPTS):
            try:
                for chunk in self._stream(self._parent + obj.key, obj.etag, received):
                    write(chunk)
                    received += len(chunk)
                break
            except BrokenStream:
                if received == obj.size:
                    break
                log.info("%s: the connection broke after %d of %d bytes", obj.key, received, obj.size)
                if attempt + 1 < ATTEMPTS:
                    pause(attempt)
        else:
            raise Unavailable(f"{self.uri}: reading {obj.key} broke off {ATTEMPTS} times; try again later")
        if received != obj.size:
            raise ChangedWhileRead(
                f"{obj.key} changed while being read: {received} bytes came, {obj.size} were listed; run again"
            )


def pause(attempt: int) -> None:
    """Wait a random part of 1, 2, 4 … at most 20 seconds, so that many readers do not return at once."""
    time.sleep(secrets.SystemRandom().uniform(0, min(2.0**attempt, 20)))
