"""A real Prometheus server of the test's own, on loopback, which knows what a test has written for it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from servers import tether
from servers.ports import free_port
from servers.proxy import Proxy, proxy_for


@dataclass(frozen=True)
class Line:
    """A series of one metric: ``value`` says what it is at a moment (seconds since 1970); None is a gap."""

    metric: str
    labels: Mapping[str, str]
    value: Callable[[int], float | None]


@dataclass(frozen=True)
class PrometheusServer:
    """A running Prometheus. A test's own requests go through ``proxy``."""

    proxy: Proxy
    url: str

    def samples(self, query: str, moment: int) -> list[float]:
        """Return what a query says at a moment, asked directly."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": query, "time": moment}, timeout=30)
        return [float(each["value"][1]) for each in answer.json()["data"]["result"]]


def why_not() -> str | None:
    """Say what is missing to run it, or return None."""
    missing = [each for each in ("prometheus", "promtool") if shutil.which(each) is None]
    return f"Prometheus is not installed: {' and '.join(missing)} needed" if missing else None


@contextmanager
def prometheus_server(
    lines: Iterable[Line], start: int, end: int, *, every: int = 60, flags: Iterable[str] = ()
) -> Iterator[PrometheusServer]:
    """Run a server that has scraped these series from ``start`` to ``end`` (excluded), each ``every`` seconds."""
    with tempfile.TemporaryDirectory(prefix="finops-prometheus-", ignore_cleanup_errors=True) as folder:
        home, port = Path(folder), free_port()
        (home / "scraped").write_text(_openmetrics(lines, range(start, end, every)), encoding="utf-8")
        (home / "prometheus.yml").write_text("scrape_configs: []\n", encoding="utf-8")
        backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", "-q"]
        subprocess.run([*backfill, home / "scraped", home / "data"], check=True, capture_output=True)
        command = [
            *("prometheus", f"--config.file={home / 'prometheus.yml'}", f"--storage.tsdb.path={home / 'data'}"),
            *(f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=50y", "--log.level=error"),
            *flags,
        ]
        server = tether.start(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(server, url)
            with proxy_for(url) as proxy:
                yield PrometheusServer(proxy, url)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _openmetrics(lines: Iterable[Line], moments: range) -> str:
    """Return series as OpenMetrics text: families together, in the order of their names."""
    families: dict[str, list[str]] = {}
    for line in lines:
        labels = ",".join(f'{name}="{value}"' for name, value in line.labels.items())
        family = families.setdefault(line.metric, [f"# TYPE {line.metric} unknown"])
        values = ((moment, line.value(moment)) for moment in moments)
        family += (f"{line.metric}{{{labels}}} {value} {moment}" for moment, value in values if value is not None)
    return "\n".join([*(text for name in sorted(families) for text in families[name]), "# EOF", ""])


def _wait_until_ready(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended while starting"
        try:
            if httpx.get(f"{url}/-/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError("Prometheus was not ready within a minute")
