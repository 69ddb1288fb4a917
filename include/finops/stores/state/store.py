"""Open the state store: connect, bring its schema up to date, hand out transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, Table, create_engine, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from finops.core import machine
from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.settings import Settings
from finops.stores.state import action_tables as action_tables  # declares its tables in the metadata

SCHEMA_REVISION = "0012"
"""The newest migration; a test holds it to the migrations folder."""

_LOCK_SECONDS = 60
"""How long a transaction waits for another one's end."""


def open_state(settings: Settings) -> Engine:
    """Return the engine of the state store, its schema up to date. ``with engine.begin()`` is one transaction.

    Raise Unavailable when it cannot be opened, and BadInput when it is empty though something is published or closed.
    """
    return _open(settings.state_database_url, settings.root)


def begin_state(settings: Settings) -> Engine:
    """Return the engine like ``open_state``, of a new store where there is none, whatever is published."""
    return _open(settings.state_database_url, None)


def is_begun(settings: Settings) -> bool:
    """Return whether there is a state store, of this release or an older one."""
    engine = _engine(settings.state_database_url)
    with _reaching(engine):
        return _revision(engine) is not None


@cache
def _open(url: str, home: Path | None) -> Engine:
    engine = _engine(url)
    with _reaching(engine):
        revision = _revision(engine)
        if revision is None and home is not None:
            _require_nothing_made(engine.url, home)
        if revision != SCHEMA_REVISION:
            _migrate(engine)
    return engine


def _engine(url: str) -> Engine:
    try:
        where = make_url(url)
        is_sqlite = where.get_backend_name() == "sqlite"
        # Airflow forks: a pooled connection would be shared by two processes.
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": _LOCK_SECONDS} if is_sqlite else {})
    except (ArgumentError, ImportError, ValueError, TypeError):
        # The address may hold a password: it is not repeated.
        raise BadInput(
            "FINOPS_STATE_URL: is no address of a database; write postgresql+psycopg://user@host/name or "
            "sqlite:////path/state.db"
        ) from None
    if is_sqlite:
        _take_write_locks_early(engine)
    return engine


@contextmanager
def _reaching(engine: Engine) -> Iterator[None]:
    try:
        if engine.dialect.name == "sqlite":
            Path(engine.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, DBAPIError) as error:
        if engine.dialect.name == "sqlite" and (found := _of_file(error, Path(engine.url.database or ""))):
            raise found from None
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Unavailable(f"the state store {engine.url.render_as_string()} cannot be opened: {reason}") from None


def _of_file(error: OSError | DBAPIError, path: Path) -> FinopsError | None:
    if isinstance(error, OSError):
        return machine.as_finops_error(error)
    return machine.of_sqlite(error.orig, path) if error.orig is not None else None


def _require_nothing_made(where: URL, home: Path) -> None:
    made = [*home.glob("published/versions/[!.]*"), *home.glob("closed/billing_period=*")]
    if made:
        raise BadInput(
            f"the state store {where.render_as_string()} is empty, but {made[0].relative_to(home)} in {home} was made "
            "with another: correct FINOPS_STATE_URL, put the store back from a backup, or begin a new one with "
            "`finops state adopt`"
        )


def _take_write_locks_early(engine: Engine) -> None:
    # The driver's own deferred BEGIN lets two transactions read and then fail to upgrade at once.
    @event.listens_for(engine, "connect")
    def _connect(connection, _record):  # type: ignore[no-untyped-def]
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        _use_write_ahead_log(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection):  # type: ignore[no-untyped-def]
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # Where two processes open a new store, the switch fails at once for one of them: it does not wait as statements do.
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _revision(engine: Engine) -> str | None:
    if not inspect(engine).has_table("finops_schema"):
        return None
    with engine.connect() as connection:
        return connection.execute(text("select version_num from finops_schema")).scalar()


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            # Two processes may open a new store at once; the second then finds its schema up to date.
            connection.execute(text("select pg_advisory_xact_lock(hashtext('finops_schema'))"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise BadInput(f"the state store's schema is not known to this version ({error}); upgrade it") from None


def upsert(connection: Connection, table: Table, key: dict[str, str], values: dict[str, Any]) -> None:
    """Write a row, or the values of the one that has this key."""
    # One statement: two runs that delete and then insert would both delete nothing and collide.
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))
