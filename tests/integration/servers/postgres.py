"""A real PostgreSQL server of the test's own, on loopback, started and stopped by it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from servers import tether
from servers.ports import free_port

_USER = "finops"
_FAST_SHUTDOWN = signal.SIGINT
"""Connections are ended, and every process of the server."""


def binaries() -> Path | None:
    """The folder of initdb and postgres, None where PostgreSQL is not installed."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if shutil.which("pg_config"):
        answer = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(answer.stdout.strip()))
    if found := shutil.which("initdb"):
        candidates.append(Path(found).resolve().parent)
    return next((each for each in candidates if (each / "initdb").exists() and (each / "postgres").exists()), None)


def why_not() -> str | None:
    """The reason why no server can be started here, None when one can."""
    if binaries() is None:
        return "PostgreSQL is not installed: initdb and postgres are needed"
    if os.geteuid() == 0 and _other_user() is None:
        return "PostgreSQL refuses to run as root and there is no user postgres or nobody to run it as"
    return None


@contextmanager
def postgres_server() -> Iterator[str]:
    """Yield the SQLAlchemy URL of an empty database; the server and its folder are gone afterwards."""
    home = binaries()
    assert home is not None, why_not()
    user = _other_user() if os.geteuid() == 0 else None
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    with tempfile.TemporaryDirectory(prefix="finops-postgres-", ignore_cleanup_errors=True) as folder:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data, port = Path(folder) / "data", free_port()
        subprocess.run(
            [home / "initdb", "-D", data, "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions"],
            check=True,
            capture_output=True,
            cwd=folder,
            **as_user,  # type: ignore[call-overload]
        )
        server = tether.start(
            [home / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"],
            end_by=_FAST_SHUTDOWN,
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_ready(server, port)
            yield f"postgresql+psycopg://{_USER}@127.0.0.1:{port}/postgres"
        finally:
            _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(_FAST_SHUTDOWN)
    with suppress(subprocess.TimeoutExpired):
        server.wait(20)
    if server.poll() is None:
        server.kill()
        server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    import psycopg

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended while starting"
        try:
            psycopg.connect(f"host=127.0.0.1 port={port} user={_USER} dbname=postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("PostgreSQL did not answer within a minute")


def _other_user() -> pwd.struct_passwd | None:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    return None
