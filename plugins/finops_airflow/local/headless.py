"""Start Airflow's components on loopback, wait until they are ready, and leave no process behind."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from finops.core.errors import Unavailable
from finops.core.locks import exclusive
from finops.core.settings import Settings
from finops_airflow.local import processes
from finops_airflow.local.processes import Component
from finops_airflow.local.rest import AirflowRest

HOST = "127.0.0.1"
USER = "admin"
COMPONENTS = ("api-server", "scheduler", "dag-processor")
POOLS = Path(__file__).resolve().parents[1] / "pools.json"


@dataclass(slots=True)
class LocalAirflow:
    """A running Airflow."""

    home: Path
    port: int
    password: str
    environment: Mapping[str, str]
    rest: AirflowRest
    components: dict[str, Component] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the UI and the REST API are."""
        return f"http://{HOST}:{self.port}"

    def start(self, name: str) -> None:
        """Start one component."""
        log = self.home / "logs" / f"{name}.log"
        self.components[name] = processes.start(name, _command(name, self.port), self.environment, log)

    def kill(self, name: str) -> None:
        """Kill one component and its tasks without asking, as a machine that fails would."""
        processes.kill(self.components.pop(name))

    def stop(self) -> None:
        """End every component and everything it has started."""
        processes.stop(list(self.components.values()))
        self.components.clear()
        self.rest.close()

    def check(self) -> None:
        """Raise Unavailable, with the end of its log, when a component has ended by itself."""
        for component in self.components.values():
            if (status := component.process.poll()) is not None:
                raise Unavailable(f"airflow {component.name} ended with status {status}:\n{component.last_lines()}")

    def wait(
        self,
        what: str,
        is_met: Callable[[], bool],
        *,
        seconds: float = 120,
        every: float = 1.0,
        progress: Callable[[], object] = lambda: None,
    ) -> None:
        """Return when the condition is met. Raise Unavailable when a component has ended, or after ``seconds``.

        They count from the last time that the value of ``progress`` changed, so that a busy machine may take its time.
        """
        limit, seen = time.monotonic() + seconds, progress()
        while not _quietly(is_met):
            self.check()
            if (now := progress()) != seen:
                limit, seen = time.monotonic() + seconds, now
            if time.monotonic() > limit:
                raise Unavailable(f"waited {seconds:.0f} s in vain for {what}; the logs are in {self.home / 'logs'}")
            time.sleep(every)

    def command(self, *arguments: str) -> str:
        """Run an ``airflow`` command beside the components; return its output. Raise Unavailable when it fails."""
        return _airflow(arguments, self.environment)


@contextmanager
def running(
    settings: Settings,
    *,
    port: int | None = None,
    components: tuple[str, ...] = COMPONENTS,
    options: Mapping[str, object] | None = None,
) -> Iterator[LocalAirflow]:
    """Run Airflow with the project's DAGs while the block runs; stop all of it however the block ends.

    The metadata is SQLite under ``FINOPS_HOME/airflow``, the executor a local one. ``options`` are further settings of
    Airflow, as ``SECTION__KEY``. Raise Unavailable when another process already runs Airflow there, or when it does not
    become ready.
    """
    home = settings.root / "airflow"
    with exclusive(settings, "airflow", wait_seconds=0), processes.ending_signals_raise():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)  # It holds keys and the password.
        port = port or _free_port()
        password = _kept_secret(home / "password", lambda: secrets.token_urlsafe(12))
        environment = _environment(settings, home, port, password, options or {})
        airflow = LocalAirflow(home, port, password, environment, AirflowRest(f"http://{HOST}:{port}", USER, password))
        try:
            _airflow(("db", "migrate"), environment)
            for name in components:
                airflow.start(name)
            airflow.wait("Airflow to be ready", lambda: _is_ready(airflow), seconds=300)
            _create_pools(airflow.rest)
            yield airflow
        finally:
            airflow.stop()


def _command(name: str, port: int) -> list[str]:
    options = {
        "api-server": ["--host", HOST, "--port", str(port), "--workers", "1"],
        # Their log servers would listen on every interface; the api-server reads the files.
        "scheduler": ["--skip-serve-logs"],
        "triggerer": ["--skip-serve-logs"],
    }
    return [sys.executable, "-m", "airflow", name, *options.get(name, [])]


def _airflow(arguments: tuple[str, ...], environment: Mapping[str, str]) -> str:
    command = [sys.executable, "-m", "airflow", *arguments]
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"airflow {' '.join(arguments)} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def _is_ready(airflow: LocalAirflow) -> bool:
    health = airflow.rest.health()
    is_healthy = all(health.get(part) == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))
    files = len(list((Path(airflow.environment["AIRFLOW__CORE__DAGS_FOLDER"])).glob("*.py")))
    return is_healthy and len({dag["fileloc"] for dag in airflow.rest.dags()}) >= files


def _quietly(is_met: Callable[[], bool]) -> bool:
    try:
        return is_met()
    except httpx.TransportError:
        return False


def _create_pools(rest: AirflowRest) -> None:
    for name, pool in json.loads(POOLS.read_text(encoding="utf-8")).items():
        rest.create("pools", {"name": name, **pool})


def _environment(
    settings: Settings, home: Path, port: int, password: str, options: Mapping[str, object]
) -> dict[str, str]:
    fernet_key = _kept_secret(home / "fernet.key", lambda: urlsafe_b64encode(secrets.token_bytes(32)).decode())
    passwords = home / "passwords.json"
    _write_secret(passwords, json.dumps({USER: password}))
    ours = {
        "CORE__DAGS_FOLDER": settings.project_dir / "dags",
        "CORE__PLUGINS_FOLDER": settings.project_dir / "plugins",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": 2,
        "CORE__MAX_MAP_LENGTH": 10_000,  # One task for each cost centre.
        "CORE__FERNET_KEY": fernet_key,
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": passwords,
        "CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{port}/execution/",
        "CORE__DEFAULT_TASK_RETRY_DELAY": 5,
        "API__BASE_URL": f"http://{HOST}:{port}",
        "API__SECRET_KEY": secrets.token_hex(32),
        "API_AUTH__JWT_SECRET": secrets.token_hex(64),
        # Without the time-out, three writers on one SQLite file meet "database is locked".
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=60",
        # The rest is for short waits: Airflow's own defaults suit a cluster, not one person who is looking on.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": 1,
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.5,
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": 10,
        "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": 20,
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": 30,
        "DAG_PROCESSOR__REFRESH_INTERVAL": 5,
        # Each reading of a DAG's file is a process; nobody edits one while a demo or a test runs.
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 300,
        **options,
    }
    found = {
        "AIRFLOW_HOME": str(home),
        "FINOPS_HOME": str(settings.root),
        "FINOPS_CONFIG_DIR": str(settings.configuration_dir),
        "DO_NOT_TRACK": "1",
        "NO_PROXY": f"{HOST},localhost",
        **{f"AIRFLOW__{name}": str(value) for name, value in ours.items()},
    }
    # For a person who runs `airflow …` beside it: `. <FINOPS_HOME>/airflow/environment`.
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in found.items())
    _write_secret(home / "environment", exports)
    return {**os.environ, **found}


def _kept_secret(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        _write_secret(path, make())
    return path.read_text(encoding="utf-8")


def _write_secret(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
