"""One writer per store, across processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from finops.core.errors import Unavailable
from finops.core.settings import Settings


@contextmanager
def exclusive(settings: Settings, store: str, *, wait_seconds: float = 600) -> Iterator[None]:
    """Hold the lock of ``store`` (``warehouse``, ``ingest-aws``…) while the block runs.

    The operating system frees it when the process ends, however it ends. Raise Unavailable, which a retry can
    mend, when another process holds it for longer than ``wait_seconds``. Whoever holds it may take it once more.
    """
    settings.locks_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.locks_dir / f"{store}.lock", is_singleton=True)
    try:
        held = lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise Unavailable(f"another run holds the {store} store; try again when it has ended") from None
    with held:
        yield
