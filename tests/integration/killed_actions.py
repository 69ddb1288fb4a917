"""Apply actions in processes that are killed at a chosen step. One process that has everything loaded forks for each.

``python killed_actions.py HOME CLOUD`` reads lines ``STEP MINUTES FAULTS`` from standard input; ``FAULTS`` is JSON from
the number of a call to how the cloud fails it. For each line it forks; the child goes on with what is half way, applies
what is approved, with a clock that many minutes ahead, and sends itself SIGKILL before the line of code with that
number among those of the engine, the journal and the cloud. It answers ``killed`` or ``done STEPS``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.unit.rightsizing.engine import model_cloud
from tests.unit.rightsizing.engine.world import NOW, DrivenClock, tools

from finops.rightsizing.engine import applying, pursuing
from finops.rightsizing.engine import tools as engine_tools
from finops.stores.state import action_journal, actions

CAPS = {"count": 1000, "percent": 100, "monthly_cost": 10**9}
STEPS_OF = frozenset(
    str(Path(each.__file__)) for each in (applying, pursuing, engine_tools, actions, action_journal, model_cloud)
)


def work(home: Path, cloud_file: Path, step: int, minutes: float, faults: dict[int, str]) -> int:
    """Resume and apply; end by SIGKILL before the given step. Return how many steps there were."""
    clock = DrivenClock(NOW + timedelta(minutes=minutes))
    cloud = model_cloud.ModelCloud(slow=2, stale=4, clock=clock, file=cloud_file)
    cloud.load()
    cloud.faults = {cloud.calls + number: fault for number, fault in faults.items()}
    to = tools(home, cloud, clock, caps=CAPS)
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
    applying.resume(to)
    applying.apply(to)
    sys.settrace(None)
    return taken


def main() -> None:
    """Serve until standard input ends."""
    home, cloud_file = map(Path, sys.argv[1:])
    tools(home, model_cloud.ModelCloud()).database.dispose()
    for line in sys.stdin:
        step, minutes, faults = line.split(maxsplit=2)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            chosen = {int(number): fault for number, fault in json.loads(faults).items()}
            taken = work(home, cloud_file, int(step), float(minutes), chosen)
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
