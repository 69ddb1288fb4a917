"""Local copies of native files as DuckDB relations, and the check that each is complete to its last byte."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from finops.core.database import limits
from finops.core.errors import BadInput, FinopsError, Unavailable
from finops.core.settings import Settings
from finops.core.sql import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, Error

JSON_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_ENDINGS = (".parquet", ".csv", ".csv.gz", ".zip", *JSON_LINES)
_CHUNK = 1 << 20
_SMALL = 1 << 30
_MAX_RATIO = 200
"""A bill compresses to a tenth or a thirtieth. What unpacks to far more, beyond a gigabyte, is not a bill."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file that can be queried: ``sql`` goes into a FROM clause, ``types`` are the DuckDB types of its columns.

    Names are written and ordered as in the file. ``is_text``: a CSV, whose columns are all VARCHAR; the literal NULL
    and the empty field are null, in FOCUS ``null`` too.
    """

    sql: str
    types: dict[str, str]
    is_text: bool


def open_engine(settings: Settings, folder: Path) -> DuckDBPyConnection:
    """Return an in-memory DuckDB with the memory limit of a build, which spills into ``folder``."""
    import duckdb

    connection = duckdb.connect(config=limits(settings, folder) | {"preserve_insertion_order": False})
    connection.execute("set timezone = 'UTC'")
    return connection


def ending(key: str) -> str:
    """Return a file's ending. Raise BadInput when it is not one that can be read."""
    name = key.lower()
    found = next((each for each in reversed(_ENDINGS) if name.endswith(each)), None)
    if found is None:
        raise BadInput(f"{key}: is not one of {', '.join(_ENDINGS)}; have the export written as one of these")
    return found


def local_name(key: str) -> str:
    """Return the name of a file in the landing folder: hashed, since a key may contain anything, even ``../``."""
    # A ZIP lands as the CSV in it, JSON lines as the CSV made of them.
    kind = ending(key)
    return hashlib.sha256(key.encode()).hexdigest() + (".csv" if kind in (".zip", *JSON_LINES) else kind)


def most_bytes(path: Path) -> int:
    """Return how many bytes a packed bill may unpack to."""
    return max(_SMALL, _MAX_RATIO * path.stat().st_size)


def must_be_whole(path: Path, key: str) -> None:
    """Read a CSV to its last byte. Raise BadInput when it is truncated, damaged, or unpacks beyond reason.

    DuckDB reads a truncated CSV without an error and checks no gzip checksum, so this comes first. A Parquet file
    ends with its own index, and the inspection reads all of it.
    """
    if path.stat().st_size == 0:
        raise BadInput(f"{key}: is empty, not even a header; fetch it again")
    if ending(key) != ".parquet" and _last_byte(path, key) not in (b"\n", b"\r"):
        raise BadInput(f"{key}: the last line does not end, so the file is truncated; fetch it again")


def open_table(connection: DuckDBPyConnection, path: Path, key: str) -> Table:
    """Return a file as a relation with its own columns. Raise BadInput when it has no readable header."""
    import duckdb

    if ending(key) == ".parquet":
        sql = f"read_parquet({literal(path)}, file_row_number=true, hive_partitioning=false)"
        try:
            described = connection.execute(f"describe select * exclude (file_row_number) from {sql}").fetchall()  # noqa: S608
        except duckdb.Error as error:
            raise damaged(key, error) from None
        return Table(sql, {name: kind for name, kind, *_ in described}, is_text=False)
    names = _unique(_header(path, key))
    # Vendors write FOCUS's null in two ways; a tag of a CUR may well be called null.
    nulls = "['', 'NULL', 'null']" if "billedcost" in map(str.lower, names) else "['', 'NULL']"
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    sql = (
        f"read_csv({literal(path)}, columns={{{columns}}}, auto_detect=false, header=true, delim=',', "
        f"quote='\"', escape='\"', nullstr={nulls}, strict_mode=true)"
    )
    return Table(sql, dict.fromkeys(names, "VARCHAR"), is_text=True)


def damaged(key: str, error: Error) -> FinopsError:
    """Return DuckDB's error about a file as one line: Unavailable when memory or disk ran out, else BadInput."""
    text = str(error)
    if text.startswith(("Out of Memory", "IO Error: No space", "IO Error: Could not write")):
        reason = text.splitlines()[0][:120]
        return Unavailable(f"{key}: not verified ({reason}); give it more memory (FINOPS_MEMORY_LIMIT) or disk")
    line = re.search(r"CSV Error on Line: (\d+)", text)
    columns = re.search(r"Expected Number of Columns: \d+ Found: \d+", text)
    if columns:
        what = columns[0].lower()
    elif "unterminated quote" in text:
        what = "a quoted value does not end"
    elif "unicode" in text:
        what = "bytes that are not UTF-8"
    elif "state machine" in text:
        what = "mixed line ends or misplaced quotes"
    else:
        what = text.splitlines()[0].replace(str(Path(text).parent), "")[:160]
    place = f", line {line[1]}" if line else ""
    return BadInput(f"{key}{place}: not readable to the end ({what}); fetch it again")


def _last_byte(path: Path, key: str) -> bytes:
    allowed = most_bytes(path)
    decoder = codecs.getincrementaldecoder("utf-8")()
    total, last = 0, b""
    try:
        with _unpacked(path, key) as handle:
            while chunk := handle.read(_CHUNK):
                total, last = total + len(chunk), chunk[-1:]
                if total > allowed:
                    raise BadInput(f"{key}: unpacks to more than {allowed:,} bytes, which no bill does; rejected")
                decoder.decode(chunk)
    except UnicodeDecodeError:
        raise BadInput(f"{key}: holds bytes that are not UTF-8; have the export written as UTF-8") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"{key}: not readable to the end of its gzip stream ({error}); fetch it again") from None
    return last


def _unpacked(path: Path, key: str) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if ending(key) == ".csv.gz" else path.open("rb")


def _header(path: Path, key: str) -> list[str]:
    try:
        with _unpacked(path, key) as handle:
            lines = io.TextIOWrapper(handle, encoding="utf-8-sig", errors="replace", newline="")
            found = next(csv.reader(lines, strict=True), [])
    except csv.Error as error:
        raise BadInput(f"{key}: its header is not readable ({error}); fetch it again") from None
    if not any(name.strip() for name in found):
        raise BadInput(f"{key}: has no header; fetch it again")
    if len(found) == 1 and (other := next((each for each in ";\t|" if found[0].count(each) > 2), None)):
        name = {"\t": "tabs"}.get(other, f"{other!r}")
        raise BadInput(f"{key}: its columns are separated by {name}; have the export written with commas")
    return [name.strip() for name in found]


def _unique(names: list[str]) -> list[str]:
    """Number columns whose names differ only in case, as tags in a legacy CUR do."""
    used: set[str] = set()
    result = []
    for name in names:
        unique, count = name, 0
        while unique.lower() in used:
            count += 1
            unique = f"{name}_{count}"
        used.add(unique.lower())
        result.append(unique)
    return result
