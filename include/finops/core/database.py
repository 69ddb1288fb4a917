"""DuckDB: in memory for small questions and small files, and the limits that larger work keeps."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from finops.core.settings import Settings


def scratch() -> DuckDBPyConnection:
    """Return a new connection to an in-memory database of this process; its temporary tables are its own.

    Opening a database takes 20 ms, a connection to an open one less than one. It has one thread, so that a process
    forked later is not left without the others.
    """
    return _database().cursor()


def limits(settings: Settings, folder: Path) -> dict[str, Any]:
    """Return DuckDB's configuration: memory and threads as the settings have them; it spills into ``folder``."""
    spill = {"temp_directory": str(folder / "spill")}
    return {"memory_limit": settings.memory_limit, "threads": settings.threads} | spill


@cache
def _database() -> DuckDBPyConnection:
    import duckdb

    return duckdb.connect(config={"threads": 1})
