"""Whatever ends a run, nothing of it stays behind. Small processes stand in for Airflow's; e2e has the real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from finops_airflow.local import processes

# As Airflow's scheduler has them: a child in a process group of its own, deaf to SIGTERM, and a grandchild.
STUBBORN = textwrap.dedent("""
    import os, signal, sys, time
    from pathlib import Path
    if os.fork() == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            # The last of them: the others are what they are to be.
            Path(sys.argv[1]).touch()
        time.sleep(600)
    time.sleep(600)
""")

RUNNER = textwrap.dedent(f"""
    import sys, time
    from pathlib import Path
    from finops_airflow.local import processes
    folder = Path(sys.argv[1])
    with processes.ending_signals_raise():
        component = processes.start("c", [sys.executable, "-c", {STUBBORN!r}, str(folder / "up")], {{}}, folder / "log")
        try:
            (folder / "session").write_text(str(component.process.pid))
            time.sleep(600)
        finally:
            processes.stop([component], grace_seconds=2)
""")


def wait_for(path: Path, seconds: float = 20) -> None:
    limit = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < limit, f"{path.name} never came"
        time.sleep(0.02)


@pytest.fixture
def component(tmp_path):
    found = processes.start("c", [sys.executable, "-c", STUBBORN, str(tmp_path / "up")], os.environ, tmp_path / "log")
    wait_for(tmp_path / "up")
    yield found
    processes.kill(found)


def test_stopping_ends_children_in_other_groups_and_deaf_ones(component):
    session = component.process.pid
    assert len(processes.members(session)) == 3
    processes.stop([component], grace_seconds=2)
    assert processes.members(session) == []


def test_stopping_what_has_already_ended_still_ends_what_it_left_behind(component):
    component.process.kill()
    component.process.wait()
    assert len(processes.members(component.process.pid)) == 2
    processes.stop([component], grace_seconds=1)
    assert processes.members(component.process.pid) == []


def test_other_processes_of_the_same_user_are_left_alone(component):
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        processes.stop([component], grace_seconds=1)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_an_interrupted_run_leaves_nothing_behind_also_when_interrupted_twice(tmp_path, number):
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        wait_for(tmp_path / "session")
        wait_for(tmp_path / "up")
        session = int((tmp_path / "session").read_text())
        runner.send_signal(number)
        time.sleep(0.5)
        runner.send_signal(number)  # An impatient second Ctrl-C comes in the middle of the clearing up.
        assert runner.wait(20) != 0
        assert processes.members(session) == []
    finally:
        runner.kill()
        runner.wait()


def test_the_log_of_a_component_holds_both_outputs(tmp_path):
    script = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
    component = processes.start("c", [sys.executable, "-c", script], os.environ, tmp_path / "new" / "log")
    component.process.wait(20)
    assert component.last_lines().split() == ["out", "err"]
    assert component.last_lines(1) == "err"
