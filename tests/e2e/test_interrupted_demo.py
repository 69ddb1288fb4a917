"""`make demo`, interrupted by a person: nothing of it goes on in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from finops_airflow.local.processes import members

from .conftest import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]


def test_ctrl_c_in_the_middle_of_the_demo_leaves_no_process_behind(settings, tmp_path):
    command = [sys.executable, "-m", "finops_airflow.demo", "--months", "1", "--lines-per-month", "2000"]
    environment = {**os.environ, "FINOPS_HOME": str(settings.root)}
    terminal = tmp_path / "terminal"
    with terminal.open("w") as output:
        demo = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: demo.poll() is not None or "success" in terminal.read_text(), 240)
        assert demo.poll() is None, terminal.read_text()
        sessions = [child.pid for child in psutil.Process(demo.pid).children()]
        assert len(sessions) == 4, "each component of Airflow, and the stand-in for AWS, leads a session"
        assert sum(len(members(session)) for session in sessions) > 3, "the scheduler has workers"
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 130
        assert "everything that was started is stopped" in terminal.read_text()
        assert [pid for session in sessions for pid in members(session)] == []
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.wait(60)
