"""Object stores behind one Protocol: a folder, S3, Azure Blob."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from finops.core.errors import BadInput, Unavailable


class ChangedWhileRead(Unavailable):
    """An object was replaced between its listing and its last byte; list again and start over."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a listing. ``key`` counts from the origin's prefix; ``etag`` changes with the content."""

    key: str
    size: int
    modified_at: datetime
    etag: str | None = None


class ObjectStore(Protocol):
    """Read-only access to the objects below one origin."""

    uri: str

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the objects whose key begins with ``prefix``, sorted by key."""
        ...

    def read(self, obj: StoredObject) -> bytes:
        """Return a small object, such as a manifest. Raise ChangedWhileRead when it was replaced since listed."""
        ...

    def download(self, obj: StoredObject, target: Path) -> None:
        """Write the whole object to ``target``, its byte count verified.

        Raise ChangedWhileRead when the object is no longer the one that was listed (its etag differs).
        """
        ...


def open_store(uri: str, client: object | None = None) -> ObjectStore:
    """Return the store for a path, ``file://``, ``s3://bucket/prefix``, ``az://account/container/prefix`` or
    ``https://account.blob.core.windows.net/container/prefix``.

    ``client`` is the cloud SDK's client when the caller has one with credentials; else each SDK's default chain
    is used. Raise BadInput for an address of another kind, and for a path that does not exist.
    """
    scheme = urlsplit(uri).scheme.lower()
    if scheme == "s3":
        from finops.ingest.stores.s3 import S3Store

        return S3Store(uri, client)
    if scheme in ("az", "http", "https"):
        from finops.ingest.stores.blob import BlobStore

        return BlobStore(uri, client)
    if scheme not in ("", "file"):
        raise BadInput(
            f"origin {uri!r}: {scheme}:// is not known; give a path, s3://, az:// or the container's https://"
        )
    from finops.ingest.stores.folder import FolderStore

    return FolderStore(Path(unquote(urlsplit(uri).path) if scheme else uri))
