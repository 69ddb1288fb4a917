"""A process that is killed between any two steps of an action leaves nothing half, and no step twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from killed_actions import CAPS
from tests.unit.rightsizing.engine.model_cloud import LOST, THROTTLED, ModelCloud
from tests.unit.rightsizing.engine.world import NOW, DrivenClock, approved, of, resizing, tools

from finops.stores.state import action_journal, actions

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

KILLS = int(os.environ.get("KILLS", "30"))
SCRIPT = Path(__file__).parent / "killed_actions.py"
APART = 60.0
"""Minutes between two runs: longer than one works on an action, and than its lease."""


@pytest.fixture
def home() -> Iterator[Path]:
    """A home in memory where the machine has files there: thousands of transactions wait for no disk."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture
def run(home: Path) -> Iterator[Callable[[int, float, dict[int, str]], list[str]]]:
    """Return a function that applies in a process of its own, killed at a step, and says how it ended."""
    with subprocess.Popen(
        [sys.executable, SCRIPT, home, home / "cloud.json"], stdin=-1, stdout=-1, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def work(step: int, minutes: float, faults: dict[int, str]) -> list[str]:
            process.stdin.write(f"{step} {minutes} {json.dumps(faults)}\n")
            process.stdin.flush()
            return process.stdout.readline().split()

        yield work
        process.stdin.close()


def test_kills_between_any_two_steps_leave_each_machine_resized_once(
    home: Path, run: Callable[[int, float, dict[int, str]], list[str]]
) -> None:
    chance, clock = random.Random(2026), DrivenClock()
    cloud = ModelCloud(file=home / "cloud.json")
    to = tools(home, cloud, clock, caps=CAPS)
    idents = []

    def propose(name: str) -> None:
        cloud.load()
        cloud.add(name)
        idents.append(approved(to, resizing(name, rule=name, run_date=clock.now().date(), facts="{}")))

    propose("whole")
    outcome, steps = run(0, 0, {})
    assert outcome == "done"
    stretch, killed = int(steps) / KILLS, 0
    for number in range(KILLS):
        clock.at = NOW + timedelta(minutes=APART * 4 * (number + 1))
        propose(f"i-{number}")
        for attempt in range(4):
            minutes = (clock.now() - NOW) / timedelta(minutes=1) + APART * attempt
            faults = {chance.randint(1, 12): chance.choice((LOST, THROTTLED)) for _ in range(chance.randint(0, 2))}
            step = 1 + int(stretch * (number + chance.random())) if attempt == 0 else 0
            killed += run(step, minutes, faults) == ["killed"]
            if of(to, idents[-1]).status == actions.APPLIED:
                break
    assert killed >= KILLS * 0.95

    cloud.load()
    done: dict[str, list[str]] = {}
    for name, what, _ in cloud.changes:
        done.setdefault(name, []).append(what)
    assert done == {name: ["stop", "type small", "start"] for name in cloud.machines}, "each step once"
    assert {each["state"] for each in cloud.machines.values()} == {"running"}
    assert {of(to, ident).status for ident in idents} == {actions.APPLIED}
    with to.database.connect() as connection:
        verdict = action_journal.verify(connection)
        assert verdict.fault == ""
    sys.stdout.write(f"{killed} kills of {KILLS} runs, {steps} steps; {verdict.entries} entries of the journal hold\n")
