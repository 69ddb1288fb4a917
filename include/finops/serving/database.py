"""One transaction on the serving database, by one run at a time, with failures that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from finops.core.errors import BadInput, Unavailable
from finops.core.settings import Settings
from finops.serving import ddl

_NEED = (
    "FINOPS_SERVING_URL must be a PostgreSQL URL, postgresql://user:password@host/database; "
    "without one, read published/current/finops.duckdb"
)
_RUN_WAIT, _READER_WAIT = "15min", "30s"


@contextmanager
def transaction(settings: Settings) -> Iterator[psycopg.Connection]:
    """Yield a connection within a transaction that is committed at the end and holds the schema's lock.

    Another run waits for it. Raise BadInput for an invalid URL or a missing right, Unavailable when the server does
    not answer or is too busy. The password is in no message.
    """
    where, conninfo = _addresses(settings)
    try:
        with psycopg.connect(conninfo) as connection:
            if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
                raise BadInput(f"{where}: the database's encoding is {encoding}; make one with encoding 'UTF8'")
            _begin(connection, settings.serving_schema)
            yield connection
    except pg.InsufficientPrivilege as error:
        reason = _first_line(error)
        raise BadInput(f"{where}: {reason}; give the user the right, see docs/cookbooks/serving.md") from None
    except (pg.DependentObjectsStillExist, pg.FeatureNotSupported) as error:
        detail = (error.diag.message_detail or "").splitlines()[:1]
        reason = "; ".join([_first_line(error), *detail])
        raise BadInput(f"{where}: {reason}; drop the view, serve again, then create the view") from None
    except pg.LockNotAvailable:
        raise Unavailable(f"{where}: another run or a long query holds what must change; try again later") from None
    except psycopg.OperationalError as error:
        raise Unavailable(f"{where}: PostgreSQL cannot be used: {_first_line(error)}") from None


def _begin(connection: psycopg.Connection, schema: str) -> None:
    connection.execute("set local statement_timeout = 0")
    connection.execute("set local idle_in_transaction_session_timeout = 0")
    connection.execute(SQL("set local lock_timeout = {}").format(Literal(_RUN_WAIT)))
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"finops serving {schema}"])
    # A change of layout waits for queries that run, and every new query waits behind it.
    connection.execute(SQL("set local lock_timeout = {}").format(Literal(_READER_WAIT)))
    parts = connection.execute("select to_regclass(%s)", [Identifier(schema, ddl.PARTS).as_string()]).fetchone()
    if parts == (None,):
        for statement in ddl.foundation(schema):
            connection.execute(statement)


def _addresses(settings: Settings) -> tuple[str, str]:
    """Return where the database is, for messages, and how to connect to it."""
    if not settings.serving_url:
        raise BadInput(f"no serving database is configured: {_NEED}")
    try:
        url = make_url(settings.serving_url)
    except (ArgumentError, ValueError):
        raise BadInput(_NEED) from None
    if url.get_backend_name() != "postgresql" or not url.database:
        raise BadInput(_NEED)
    defaults = {"connect_timeout": "10", "application_name": "finops serve", "client_encoding": "UTF8"}
    plain = url.set(drivername="postgresql", query={**defaults, **url.query})
    shown = url.set(drivername="postgresql", query={}).render_as_string()
    return shown, plain.render_as_string(hide_password=False)


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error) or type(error).__name__).strip().splitlines()[0]
