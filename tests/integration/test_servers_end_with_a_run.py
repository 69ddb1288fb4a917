"""A test run that is killed clears nothing up, and still leaves no server running: the servers are tethered to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from servers import blob, mlflow, postgres, prometheus

pytestmark = pytest.mark.integration

SERVERS = {
    "postgres": "postgres.postgres_server()",
    "blob": "blob.blob_server()",
    "prometheus": "prometheus.prometheus_server([prometheus.Line('up', {}, float)], 0, 60)",
    "mlflow": "mlflow.mlflow_server()",
}
RUN = textwrap.dedent("""
    import sys, time, psutil
    from servers import blob, mlflow, postgres, prometheus
    with {server}:
        print(*(each.pid for each in psutil.Process().children(recursive=True)), flush=True)
        time.sleep(600)
""")


@pytest.fixture
def folder() -> Iterator[str]:
    """A short path for what a killed run cannot remove, which a server's own user may enter; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="run-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o755)
        yield path


def alive(pids: list[int]) -> list[int]:
    """Return those that run; what has ended and waits to be buried does not."""
    found = []
    for pid in pids:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's end")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
@pytest.mark.parametrize("name", SERVERS)
def test_a_server_and_all_its_processes_end_when_whoever_started_it_is_killed(name, number, folder):
    if reason := {"postgres": postgres, "blob": blob, "prometheus": prometheus, "mlflow": mlflow}[name].why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "TMPDIR": folder}
    command = [sys.executable, "-c", RUN.format(server=SERVERS[name])]
    run = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    servers: list[int] = []
    try:
        servers = [int(pid) for pid in run.stdout.readline().split()]
        assert alive(servers[:1]), "it runs while its starter does"
        run.send_signal(number)
        assert run.wait(30) == -number, "nothing was cleared up"
        limit = time.monotonic() + 60
        while alive(servers) and time.monotonic() < limit:
            time.sleep(0.05)
        assert alive(servers) == []
    finally:
        run.kill()
        run.wait()
        run.stdout.close()
        for pid in alive(servers):
            os.kill(pid, signal.SIGKILL)
