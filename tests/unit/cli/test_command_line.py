"""Bad use of the command line is one line and exit status 2, like every other bad input."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def finops(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("finops"), *arguments], capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("ingest", "--provider", "oracle", "--from", "."), "oracle"),
        (("reconcile", "--billing-period", "2025-13"), "2025-13"),
        (("nonsense",), "nonsense"),
        (("build", "--nonsense"), "--nonsense"),
        (("chargeback", "publish"), "--billing-period"),
    ],
)
def test_bad_use_is_one_line_that_names_the_value(arguments, named):
    ended = finops(*arguments)
    assert ended.returncode == 2
    assert ended.stderr.startswith("finops: ")
    assert ended.stderr.count("\n") == 1
    assert named in ended.stderr
    assert ended.stdout == ""


def test_without_a_command_it_shows_what_there_is():
    ended = finops()
    assert ended.returncode == 0
    assert "reconcile" in ended.stdout


def test_warnings_are_lines_of_ours_and_libraries_are_quiet():
    script = """
import logging
from finops.core import log
log.configure()
logging.getLogger("great_expectations").setLevel(logging.INFO)
logging.getLogger("great_expectations").warning("not worth your time")
logging.getLogger("finops.quality").info("not worth your time")
logging.getLogger("finops.quality").warning("%s differs", "it")
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.stderr == "finops: warning: it differs\n"
