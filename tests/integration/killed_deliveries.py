"""Deliver in processes that are killed at a chosen step. One process that has everything loaded forks for each.

``python killed_deliveries.py MINUTES`` reads lines ``STEP MINUTES`` from standard input. For each it forks; the child
delivers with a clock that many minutes ahead, and sends itself SIGKILL before the line of code with that number among
those of the delivering modules. It answers ``killed`` or, when the child came to its end, ``done STEPS``.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from finops.core import mail
from finops.core.settings import Settings
from finops.notifications import choosing, http, sending, service
from finops.stores.state import outbox
from finops.stores.state.store import open_state

STEPS_OF = frozenset(str(Path(each.__file__)) for each in (service, choosing, sending, http, outbox, mail))


def deliver(step: int, minutes: float) -> int:
    """Deliver; end by SIGKILL before the given step. Return how many steps there were."""
    taken = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal taken
        if event == "call":
            return trace if frame.f_code.co_filename in STEPS_OF else None
        if event == "line":
            taken += 1
            if taken == step:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    service.deliver(Settings(), now=lambda: datetime.now(UTC) + timedelta(minutes=minutes))
    sys.settrace(None)
    return taken


def main() -> None:
    """Serve until standard input ends."""
    open_state(Settings()).dispose()
    http.authorities()
    for line in sys.stdin:
        step, minutes = line.split()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            taken = deliver(int(step), float(minutes))
            os.write(writer, str(taken).encode())
            os._exit(0)
        os.close(writer)
        _, status = os.waitpid(child, 0)
        taken_by_child = os.read(reader, 20).decode()
        os.close(reader)
        was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write("killed\n" if was_killed else f"done {taken_by_child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
