"""Runs on several machines that share a state store in PostgreSQL keep out of each other's way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from finops.core.errors import Unavailable
from finops.core.locks import exclusive
from finops.core.settings import Settings

pytestmark = pytest.mark.integration

HOLDER = """
import sys, time
from pathlib import Path
from finops.core.locks import exclusive
from finops.core.settings import Settings
with exclusive(Settings(home=Path(sys.argv[1]), state_url=sys.argv[2]), "published"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def machines(postgres_url: str, tmp_path: Path) -> tuple[Settings, Settings]:
    """Two machines: a home each, whose lock files they do not share, and one state store."""
    one, other = (Settings(home=tmp_path / name, state_url=postgres_url) for name in ("one", "other"))
    return one, other


def test_a_store_that_one_machine_writes_is_not_written_by_another(machines: tuple[Settings, Settings]) -> None:
    one, other = machines
    with exclusive(one, "published"):
        with (
            pytest.raises(Unavailable, match="another run holds the published store"),
            exclusive(other, "published", wait_seconds=0.2),
        ):
            pass
        with exclusive(other, "statements", wait_seconds=0.2):
            pass
    with exclusive(other, "published", wait_seconds=0.2):
        pass


def test_a_machine_that_dies_frees_what_it_held(machines: tuple[Settings, Settings]) -> None:
    one, other = machines
    command = [sys.executable, "-c", HOLDER, str(one.root), str(one.state_url)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
        holder.wait()
        with exclusive(other, "published", wait_seconds=10):
            pass


def test_a_run_may_take_what_it_holds_once_more_and_keeps_it_until_its_end(machines: tuple[Settings, Settings]) -> None:
    one, other = machines
    with exclusive(one, "published"):
        with exclusive(one, "published", wait_seconds=1):
            pass
        with pytest.raises(Unavailable), exclusive(other, "published", wait_seconds=0.2):
            pass


def test_an_error_in_the_block_is_not_taken_for_a_busy_store(machines: tuple[Settings, Settings]) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(machines[0], "published"):
        raise ZeroDivisionError


def test_a_state_store_that_cannot_be_reached_is_one_line_without_the_password(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, state_url="postgresql+psycopg://u:canary@127.0.0.1:1/none")
    with pytest.raises(Unavailable, match="cannot be opened") as caught, exclusive(settings, "published"):
        pass
    assert "canary" not in str(caught.value)
