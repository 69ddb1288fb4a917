"""What goes wrong with the machine is one line that names the path and the remedy, and exit status 2."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from pathlib import Path

import duckdb
import pytest

from finops import cli
from finops.core import machine
from finops.core.errors import Unavailable
from finops.core.settings import Settings
from finops.pipelines import marts


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: Settings):
    """Run the command line in this process, in the test's home; return its one line of error."""
    monkeypatch.setenv("FINOPS_HOME", str(settings.root))

    def _run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["finops", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        line = capsys.readouterr().err
        assert ended.value.code == 2
        assert line.startswith("finops: ")
        assert line.count("\n") == 1
        return line

    return _run


SYSTEM = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only; mount it for writing",
    errno.EACCES: "permission denied; make it readable and writable",
    errno.ENOTDIR: "a file is where a folder is expected; move it away",
    errno.EIO: "the disk fails to read or write it",
}


@pytest.mark.parametrize(("number", "says"), SYSTEM.items(), ids=[errno.errorcode[each] for each in SYSTEM])
def test_an_error_of_the_system_names_its_file_and_what_to_do(
    run, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/data/part.parquet")

    monkeypatch.setattr(marts, "run", fails)
    monkeypatch.setattr(marts, "held_back", lambda *_: [])
    assert f"/data/part.parquet: {says}" in run("build")


DATABASE = {
    'IO Error: Could not write file "/data/x.tmp": No space left on device': "/data/x.tmp: the disk is full",
    "Out of Memory Error: failed to offload data block of size 256.0 KiB (1 GiB/1 GiB used)": "the disk is full",
    "Out of Memory Error: could not allocate block of size 256.0 KiB": "raise FINOPS_MEMORY_LIMIT (400MB)",
    'IO Error: Cannot open file "/data/w": Read-only file system': "/data/w: the file system is read-only",
    'IO Error: Could not set lock on file "/data/w.duckdb": Conflicting lock is held': "another process has it open",
}


@pytest.mark.parametrize(("text", "says"), DATABASE.items())
def test_what_duckdb_says_of_the_machine_becomes_a_remedy(settings: Settings, text: str, says: str) -> None:
    found = machine.as_finops_error(duckdb.IOException(text), settings)
    assert isinstance(found, Unavailable | machine.BadInput)
    assert says in str(found)


def test_what_duckdb_says_of_a_bill_is_no_error_of_the_machine(settings: Settings) -> None:
    assert machine.of_database("Conversion Error: could not convert string 'x' to DECIMAL(38,12)", settings) is None
    assert machine.as_finops_error(KeyError("x"), settings) is None


def test_what_a_library_raised_from_an_error_of_the_machine_is_that_error(settings: Settings) -> None:
    wrapped = ConnectionError("Attempt to connect to datasource failed")
    text = f'IO Error: The file "{settings.warehouse_path}" exists, but it is not a valid DuckDB database file!'
    wrapped.__cause__ = duckdb.IOException(text)
    assert isinstance(machine.as_finops_error(wrapped, settings), machine.Damaged)
    wrapped.__cause__ = None
    assert str(machine.as_finops_error(wrapped, settings)) == "Attempt to connect to datasource failed; try again"


def test_a_home_that_is_a_file_is_named(run, settings: Settings) -> None:
    settings.root.parent.mkdir(exist_ok=True)
    settings.root.write_text("not a folder")
    assert f"{settings.root}: a file is where a folder is expected; move it away" in run("status")


def test_a_damaged_state_store_is_named_with_the_command_that_restores_it(run, settings: Settings) -> None:
    settings.root.mkdir()
    (settings.root / "state.db").write_bytes(b"no database" * 1000)
    line = run("status")
    assert f"{settings.root / 'state.db'}, the state store, is damaged" in line
    assert "move it away and run `finops restore BACKUP`" in line


def test_a_read_only_state_store_is_named(settings: Settings) -> None:
    error = sqlite3.OperationalError("attempt to write a readonly database")
    found = machine.as_finops_error(error, settings)
    assert f"{settings.root / 'state.db'}: the file system is read-only" in str(found)


def test_a_damaged_file_says_what_makes_it_again(settings: Settings) -> None:
    month = Path("mart_chargeback", "billing_period=2025-01", "part.parquet")
    remedies = {
        settings.warehouse_path: "the next `finops build` makes it again",
        settings.landing_dir / "provider=aws" / "a.csv": "run `finops ingest` of its source",
        settings.landing_dir / "telemetry" / "kind=checkpoints" / "a.parquet": "run `finops telemetry ingest`",
        settings.published_dir / "versions" / "b1" / month: "`finops build --billing-period 2025-01` makes it again",
        settings.closed_dir / "billing_period=2025-01" / "a.parquet": "put it back from a backup",
    }
    for path, remedy in remedies.items():
        text = f"Invalid Input Error: No magic bytes found at end of file '{path}'"
        found = machine.as_finops_error(duckdb.InvalidInputException(text), settings)
        assert isinstance(found, machine.Damaged)
        assert found.path == path
        assert remedy in str(found)


def test_an_error_of_the_program_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), machine.one_line_errors():
        raise ZeroDivisionError
