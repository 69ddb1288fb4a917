"""AWS on this machine, for ``make demo`` and the tests: moto in a process of its own, held to what AWS really takes.

moto resizes a running machine, starts one in no time and forgets client tokens. ``rules`` refuses what AWS refuses and
lets changes take a while; ``faults`` makes AWS fail by a plan; ``seed`` makes the resources of an inventory, under the
ids that the bill has. An access key id says whose account is meant: ``access_key``.

    python -m finops_airflow.local.aws_standin --inventory FILE --port 5000
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from finops.core.errors import Unavailable
from finops_airflow.local import processes

HOST = "127.0.0.1"
SECRET_KEY = "stand-in"  # noqa: S105
_READY_SECONDS = 120


def access_key(account: str) -> str:
    """Return the access key id with which a client is in an account."""
    return f"AKIA{account}0000"


@dataclass(frozen=True)
class StandIn:
    """A running stand-in. Everything that it is told comes over HTTP, below ``/stand-in/``."""

    url: str
    component: processes.Component
    http: httpx.Client

    def seed(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make resources; rows are of ``resource_inventory``, see ``seed``."""
        self._tell("seed", list(rows))

    def fail(self, *planned: Mapping[str, Any], random: Mapping[str, Any] | None = None) -> None:
        """Replace the plan of failures, see ``faults``; without any it behaves."""
        self._tell("faults", {"planned": list(planned), "random": random})

    def pass_hours(self, hours: float) -> None:
        """Let time pass for what AWS makes wait, as a volume between two changes."""
        self._tell("pass-hours", {"hours": hours})

    def calls(self) -> list[dict[str, Any]]:
        """Return and forget the calls since the last time: permission, account, resource, outcome, has_effect."""
        return list(self._tell("calls", {}))

    def _tell(self, what: str, content: Any) -> Any:
        answer = self.http.post(f"{self.url}/stand-in/{what}", json=content)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running(folder: Path, inventory: Path | None = None, port: int = 0) -> Iterator[StandIn]:
    """Run it while the block runs; its log and its port are in ``folder``. Raise Unavailable when it does not start."""
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / "aws-standin.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", __name__, "--port", str(port), "--ready", str(ready)]
    if inventory is not None:
        command += ["--inventory", str(inventory)]
    component = processes.start("aws-standin", command, os.environ, folder / "aws-standin.log")
    try:
        limit = time.monotonic() + _READY_SECONDS
        while not ready.exists():
            if component.process.poll() is not None or time.monotonic() > limit:
                raise Unavailable(f"the stand-in for AWS does not start:\n{component.last_lines()}")
            time.sleep(0.05)
        # trust_env: a proxy from the environment has nothing to do with loopback.
        with httpx.Client(trust_env=False, timeout=120) as http:
            yield StandIn(json.loads(ready.read_text(encoding="utf-8"))["url"], component, http)
    finally:
        processes.stop([component])
