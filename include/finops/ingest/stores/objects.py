"""What every object store offers, whichever cloud it is in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from finops.core.errors import Unavailable


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


def changed(key: str) -> ChangedWhileRead:
    """Return the error for an object that is no longer the one that was listed."""
    return ChangedWhileRead(f"{key} changed while being read; run again")
