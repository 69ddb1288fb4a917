"""What goes wrong with the machine – full disks, lost rights, damaged files – as one line with path and remedy.

The command line and the tasks of Airflow run inside ``one_line_errors``; nothing else turns these errors into words.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.settings import Settings

logger = logging.getLogger(__name__)

_WHO = "whoever runs finops"
_OF_SYSTEM: dict[int, tuple[type[FinopsError], str]] = {
    errno.ENOSPC: (Unavailable, "the disk is full; free some space and run it again, what was finished stays"),
    errno.EDQUOT: (Unavailable, "the disk quota is used up; raise it or free some space and run it again"),
    errno.EROFS: (BadInput, "the file system is read-only; mount it for writing, or point FINOPS_HOME elsewhere"),
    errno.EACCES: (BadInput, f"permission denied; make it readable and writable for {_WHO}"),
    errno.EPERM: (BadInput, f"permission denied; make it readable and writable for {_WHO}"),
    errno.EIO: (Unavailable, "the disk fails to read or write it; check the disk, put the file back from a backup"),
    errno.ENOTDIR: (BadInput, "a file is where a folder is expected; move it away and run it again"),
    errno.EEXIST: (BadInput, "a file is where a folder is expected; move it away and run it again"),
    errno.EISDIR: (BadInput, "a folder is where a file is expected; move it away and run it again"),
    errno.ENOENT: (BadInput, "is not there; name another, or put it back from a backup"),
    errno.EFBIG: (Unavailable, "the file is larger than the system allows; raise the limit and run it again"),
    errno.EMFILE: (Unavailable, "too many files are open; raise the limit (ulimit -n) and run it again"),
}
_OF_TEXT = (
    (r"no space left on device|failed to offload data block|database or disk is full|max_temp_directory", errno.ENOSPC),
    (r"disk quota exceeded", errno.EDQUOT),
    (r"read-only file system|readonly database", errno.EROFS),
    (r"permission denied", errno.EACCES),
    (r"is a directory", errno.EISDIR),
    (r"not a directory", errno.ENOTDIR),
    (r"file too large", errno.EFBIG),
    (r"input/output error|disk i/o error", errno.EIO),
)
_DAMAGE = re.compile(
    r"not a valid duckdb database|corrupt|checksum|magic bytes|too small to be a parquet|malformed|not a database"
    r"|has been invalidated|failed to deserialize|could not read enough bytes|failed to read file|don't know what type"
    r"|no files found|does not exist|no such file|serialization error",
    re.IGNORECASE,
)
_BY_DATABASE = re.compile(
    r"(io|out of memory|serialization|internal|fatal|permission) error|corrupt database|magic bytes|parquet file"
    r"|failed to read file|don't know what type",
    re.IGNORECASE,
)
"""What DuckDB's messages hold when a bill is not the cause, or when it says so of a file that is no bill."""
_PATH = re.compile(r"""["'](/[^"'\\]+)\\*["']""")


class Damaged(BadInput):
    """A file of the platform's own that cannot be read as what it is; ``path`` is None where nothing names it."""

    def __init__(self, line: str, path: Path | None) -> None:
        super().__init__(line)
        self.path = path


@contextmanager
def one_line_errors(settings: Settings | None = None) -> Iterator[None]:
    """Raise what goes wrong with the machine inside the block as a FinopsError of one line; other errors pass."""
    try:
        yield
    except Exception as error:
        found = as_finops_error(error, settings)
        if found is None or found is error:
            raise
        logger.debug("the cause of: %s", found, exc_info=error)
        raise found from error


def as_finops_error(error: BaseException, settings: Settings | None = None) -> FinopsError | None:
    """Return the one line for an error of the machine; None for an error in the program, whose traceback is needed.

    Libraries wrap what the system or a database said: what an error was raised from is looked at too.
    """
    if isinstance(error, FinopsError):
        return error
    if isinstance(error, BrokenPipeError):
        return None
    settings = settings or Settings()
    cause: BaseException | None = error
    while cause is not None:
        if found := _of_one(cause, settings):
            return found
        cause = cause.__cause__
    if not isinstance(error, OSError):
        return None
    # Of connections, names of hosts and what libraries derive from it: another time it may go well.
    reason = _first(error.strerror or str(error) or type(error).__name__)
    return Unavailable(f"{error.filename}: {reason}; try again" if error.filename else f"{reason}; try again")


def _of_one(error: BaseException, settings: Settings) -> FinopsError | None:
    duckdb, sqlalchemy = sys.modules.get("duckdb"), sys.modules.get("sqlalchemy.exc")
    if sqlalchemy is not None and isinstance(error, sqlalchemy.DBAPIError) and error.orig is not None:
        if type(error.orig).__module__.startswith("psycopg") and isinstance(error, sqlalchemy.OperationalError):
            return Unavailable(f"the database does not answer: {_first(str(error.orig))}; try again")
        error = error.orig
    if isinstance(error, OSError):
        return _of_system(error, settings)
    if duckdb is not None and isinstance(error, duckdb.Error):
        # What it cannot tell apart, it raises as its plainest error: unreadable bytes.
        text = f"Serialization Error: {error}" if type(error) is duckdb.Error else str(error)
        return of_database(text, settings)
    return of_sqlite(error, _state_file(settings)) if isinstance(error, sqlite3.Error) else None


def of_database(text: str, settings: Settings | None = None) -> FinopsError | None:
    """Return the one line for what DuckDB says of the machine or a damaged file; None where a bill is the cause."""
    if not _BY_DATABASE.search(text):
        return None
    settings = settings or Settings()
    named = _PATH.search(text)
    path = Path(named.group(1)) if named else None
    if path is None and re.search(r"database file|has been invalidated", text):
        path = settings.warehouse_path
    if number := _number(text):
        return _line(number, path or settings.warehouse_dir)
    if re.search(r"could not set lock|conflicting lock", text, re.IGNORECASE):
        return Unavailable(f"{path or settings.warehouse_path}: another process has it open; try again when it ended")
    if re.search(r"out of memory", text, re.IGNORECASE):
        return Unavailable(
            f"memory does not suffice, raise FINOPS_MEMORY_LIMIT ({settings.memory_limit}): {_first(text)}"
        )
    if _DAMAGE.search(text):
        return damaged(path, settings, _first(text))
    return None


def damaged(path: Path | None, settings: Settings, reason: str) -> Damaged:
    """Return the error that names a damaged file and what makes it whole again."""
    return Damaged(f"{path or 'a file'} is damaged or gone ({reason}); {_remedy(path, settings)}", path)


def _of_system(error: OSError, settings: Settings) -> FinopsError | None:
    if error.errno not in _OF_SYSTEM:
        return None
    # Of a copy that fails the second name is what was written.
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    name = (full and error.filename2) or error.filename or error.filename2
    return _line(error.errno, Path(os.fsdecode(name)) if isinstance(name, (str, bytes)) else settings.root)


def _line(number: int, path: Path) -> FinopsError:
    kind, says = _OF_SYSTEM[number]
    if number == errno.EEXIST and path.is_dir():
        says = "is there already; move it away and run it again"
    return kind(f"{path}: {says}")


def of_sqlite(error: BaseException, path: Path) -> FinopsError | None:
    """Return the one line for what SQLite says of a state store at ``path``; None where its statement is to blame."""
    text = str(error)
    if number := _number(text):
        return _line(number, path)
    if _DAMAGE.search(text):
        remedy = "move it away and run `finops restore BACKUP`; without a backup see docs/cookbooks/recovery.md"
        return Damaged(f"{path}, the state store, is damaged ({text}); {remedy}", path)
    if re.search("unable to open|is locked", text):
        return Unavailable(f"{path}: {text}; see that it can be read and written, and try again")
    return None


def _state_file(settings: Settings) -> Path:
    where = settings.state_database_url.partition("?")[0]
    return Path(where.partition("///")[2]) if where.startswith("sqlite:///") else settings.root / "state.db"


def _number(text: str) -> int | None:
    found = (number for pattern, number in _OF_TEXT if re.search(pattern, text, re.IGNORECASE))
    return next(found, None)


def _remedy(path: Path | None, settings: Settings) -> str:
    """Say how a file becomes whole again: what is derived is made again, the rest is kept in backups."""
    backup = "put it back from a backup (docs/cookbooks/recovery.md)"
    if path is None:
        return backup
    if path.is_relative_to(settings.work_dir):
        return "the next `finops build` makes it again"
    month = re.search(r"billing_period=(\d{4}-\d{2})", str(path))
    if path.is_relative_to(settings.landing_dir / "telemetry"):
        return "run `finops telemetry ingest`: it is landed again"
    if path.is_relative_to(settings.landing_dir):
        return "run `finops ingest` of its source: it is landed again"
    if path.is_relative_to(settings.published_dir) and (month or path.name == "finops.duckdb"):
        return f"`finops build --billing-period {month.group(1) if month else 'YYYY-MM'}` makes it again"
    return backup


def _first(text: str) -> str:
    return " ".join(text.strip().splitlines()[0].split())[:300]
