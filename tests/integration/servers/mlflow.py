"""A real MLflow tracking server of the test's own, on loopback (``make test`` installs it into ``.venv-mlflow``)."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from servers import tether
from servers.ports import free_port
from servers.proxy import Proxy, proxy_for

_PYTHON = Path(__file__).resolve().parents[3] / ".venv-mlflow" / "bin" / "python"


@dataclass(frozen=True)
class MlflowServer:
    """A running tracking server. ``tell`` talks to it directly; a test's own requests go through ``proxy``."""

    proxy: Proxy
    url: str

    def tell(self, path: str, **content: Any) -> dict[str, Any]:
        """Send a request of MLflow's REST API, as MLflow's own client does."""
        answer = httpx.post(f"{self.url}/api/2.0/mlflow{path}", json=content, timeout=60, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def experiment(self, name: str) -> str:
        """Make an experiment; return its id."""
        return str(self.tell("/experiments/create", name=name)["experiment_id"])

    def run(
        self,
        experiment: str,
        started: datetime,
        *,
        ended: datetime | None = None,
        status: str = "FINISHED",
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        metrics: tuple[tuple[str, float, datetime, int], ...] = (),
    ) -> str:
        """Record a run and return its id; without ``ended`` it goes on. Metrics: name, value, time and step."""
        run = self.tell("/runs/create", experiment_id=experiment, start_time=millis(started))["run"]["info"]["run_id"]
        values = [{"key": m, "value": v, "timestamp": millis(t), "step": step} for m, v, t, step in metrics]
        said = {"params": _pairs(params), "tags": _pairs(tags), "metrics": values}
        self.tell("/runs/log-batch", run_id=run, **said)
        if ended is not None:
            self.end(run, ended, status)
        return str(run)

    def end(self, run: str, ended: datetime, status: str = "FINISHED") -> None:
        """Record the end of a run."""
        self.tell("/runs/update", run_id=run, status=status, end_time=millis(ended))

    def artifact(self, experiment: str, run: str, path: str, size: int) -> None:
        """Write an artifact of a run."""
        self._put(f"{experiment}/{run}/artifacts/{path}", size)

    def model(self, experiment: str, run: str, name: str, size: int) -> str:
        """Log a model of two files that together have ``size`` bytes; return its id."""
        found = self.tell("/logged-models", experiment_id=experiment, name=name, source_run_id=run)
        model = str(found["model"]["info"]["model_id"])
        self._put(f"{experiment}/models/{model}/artifacts/MLmodel", 10)
        self._put(f"{experiment}/models/{model}/artifacts/data/weights.bin", size - 10)
        return model

    def _put(self, path: str, size: int) -> None:
        url = f"{self.url}/api/2.0/mlflow-artifacts/artifacts/{path}"
        httpx.put(url, content=b"x" * size, timeout=60, trust_env=False).raise_for_status()


def millis(moment: datetime) -> int:
    """Return a moment as MLflow has it."""
    return int(moment.timestamp() * 1000)


def why_not() -> str | None:
    """Say what is missing to run it, or return None."""
    return None if _PYTHON.exists() else "MLflow is not installed: run `make .venv-mlflow/.ready`"


@contextmanager
def mlflow_server() -> Iterator[MlflowServer]:
    """Run a server that knows nothing yet while the block runs."""
    with tempfile.TemporaryDirectory(prefix="finops-mlflow-", ignore_cleanup_errors=True) as folder:
        port = free_port()
        command = [_PYTHON, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]
        # One process and no launcher before it: what `mlflow server` would start and leave behind when it is killed.
        server = tether.start(
            [*command, "mlflow.server.fastapi_app:app"],
            cwd=folder,
            env=_environment(Path(folder)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(server, url)
            with proxy_for(url) as proxy:
                yield MlflowServer(proxy, url)
        finally:
            server.kill()
            server.wait()


def _environment(folder: Path) -> dict[str, str]:
    store = f"sqlite:///{folder / 'tracking.db'}"
    return {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "HTTP_PROXY", "HTTPS_PROXY")},
        "NO_PROXY": "127.0.0.1,localhost",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "_MLFLOW_SERVER_FILE_STORE": store,
        "_MLFLOW_SERVER_REGISTRY_STORE": store,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(folder / "artifacts"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
    }


def _pairs(texts: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"key": name, "value": value} for name, value in (texts or {}).items()]


def _wait_until_ready(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended while starting"
        try:
            if httpx.get(f"{url}/health", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise TimeoutError("MLflow did not answer within three minutes")
