"""Start processes in sessions of their own, and end everything that is in those sessions.

Airflow's task processes lead process groups of their own, so that a signal to a component's group does not reach them;
the session does hold them all.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil

_ENDING = (signal.SIGTERM, signal.SIGHUP)
Handler = Callable[[int, FrameType | None], None] | signal.Handlers


@dataclass(frozen=True, slots=True)
class Component:
    """A running process that leads its session."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_lines(self, count: int = 20) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])


def start(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Component:
    """Start a process as the leader of a session of its own; both its outputs go to ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Component(name, process, log)


def members(session: int) -> list[int]:
    """Return the ids of the living processes of a session."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def stop(components: Sequence[Component], grace_seconds: float = 15) -> None:
    """Ask each leader to end, then kill whatever is left in its session. Interruptions wait until this is done."""
    with _handled((signal.SIGINT, *_ENDING), signal.SIG_IGN):
        for component in components:
            with suppress(ProcessLookupError):
                component.process.terminate()
        limit = time.monotonic() + grace_seconds
        for component in components:
            with suppress(subprocess.TimeoutExpired):
                component.process.wait(max(0.0, limit - time.monotonic()))
        for component in components:
            kill(component)


def kill(component: Component) -> None:
    """Kill everything in the component's session, without asking."""
    # Again until nothing is found: a process may fork between the look and the blow.
    while left := members(component.process.pid):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        component.process.poll()
        time.sleep(0.05)
    component.process.wait()


@contextmanager
def ending_signals_raise() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that what was started is stopped."""

    def unwind(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handled(_ENDING, unwind):
        yield


@contextmanager
def _handled(numbers: Iterable[signal.Signals], handler: Handler) -> Iterator[None]:
    """Let ``handler`` have these signals while the block runs."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
