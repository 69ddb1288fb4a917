"""One writer per store: across the processes of a machine and, where the state store is PostgreSQL, across machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from filelock import FileLock, Timeout

from finops.core.errors import Unavailable
from finops.core.settings import Settings


@contextmanager
def exclusive(settings: Settings, store: str, *, wait_seconds: float = 600) -> Iterator[None]:
    """Hold the lock of ``store`` (``published``, ``ingest-aws``…) while the block runs.

    The operating system, and PostgreSQL, free it when the process ends, however it ends. Raise Unavailable, which a
    retry can mend, when another process holds it for longer than ``wait_seconds``. Whoever holds it may take it once
    more.
    """
    with ExitStack() as held:
        times = held.enter_context(_on_this_machine(settings, store, wait_seconds))
        if times == 1 and settings.state_database_url.startswith("postgresql"):
            held.enter_context(_in_the_database(settings, store, wait_seconds))
        yield


@contextmanager
def _on_this_machine(settings: Settings, store: str, wait_seconds: float) -> Iterator[int]:
    """Hold the lock file; yield how often this thread now holds it."""
    settings.locks_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.locks_dir / f"{store}.lock", is_singleton=True)
    try:
        held = lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise _busy(store) from None
    with held:
        yield lock.lock_counter


@contextmanager
def _in_the_database(settings: Settings, store: str, wait_seconds: float) -> Iterator[None]:
    """Hold an advisory lock of the state store's database, as long as one connection to it lives."""
    from sqlalchemy import NullPool, create_engine, text
    from sqlalchemy.exc import DBAPIError

    engine = create_engine(settings.state_database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        connection = engine.connect()
    except DBAPIError as error:
        reason = str(error.orig).splitlines()[0]
        raise Unavailable(f"the state store {engine.url.render_as_string()} cannot be opened: {reason}") from None
    with connection:
        # Zero would be to wait without end.
        limit = {"limit": f"{max(1, round(wait_seconds * 1000))}ms"}
        connection.execute(text("select set_config('lock_timeout', :limit, false)"), limit)
        try:
            connection.execute(text("select pg_advisory_lock(hashtextextended(:name, 0))"), {"name": f"finops {store}"})
        except DBAPIError:
            raise _busy(store) from None
        yield


def _busy(store: str) -> Unavailable:
    return Unavailable(f"another run holds the {store} store; try again when it has ended")
