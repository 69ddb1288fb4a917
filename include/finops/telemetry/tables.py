"""A file as a DuckDB relation: complete to its last byte, with the columns of its kind and no others."""

from __future__ import annotations

import codecs
import csv
import difflib
import gzip
import hashlib
import io
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from finops.core.errors import BadInput, Unavailable
from finops.core.machine import of_database
from finops.core.sql import Sql, compose, identifier, join
from finops.core.text import shown
from finops.telemetry.models import OfferedFile, Schema
from finops.telemetry.readers import ENDINGS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, Error

_CHUNK = 1 << 20
_SMALL = 1 << 30
_MAX_RATIO = 1000
"""What unpacks to far more, beyond a gigabyte, is no telemetry."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file that can be queried: ``sql`` goes into a FROM clause, ``columns`` are those that it has."""

    sql: Sql
    columns: tuple[str, ...]
    is_csv: bool


def open_table(connection: DuckDBPyConnection, file: OfferedFile, schema: Schema) -> Table:
    """Return a file as a relation. Raise BadInput when it has no readable header, or other columns than its kind."""
    ending = _ending(file)
    if ending == ".parquet":
        sql = compose("read_parquet({path}, file_row_number = true, hive_partitioning = false)", path=file.path)
        names = _parquet_columns(connection, file, sql)
    else:
        names = _header(file)
        types = join(", ", (compose("{name}: 'VARCHAR'", name=name) for name in names))
        sql = compose(
            "read_csv({path}, columns = {{{types}}}, auto_detect = false, header = true, delim = ',', quote = '\"', "
            "escape = '\"', nullstr = '', strict_mode = true)",
            path=file.path,
            types=types,
        )
    _check_columns(file, names, schema)
    return Table(sql, tuple(names), is_csv=ending != ".parquet")


def sha256_of_whole(file: OfferedFile) -> str:
    """Return the sha256 of a file that was read to its last byte.

    DuckDB reads a truncated CSV without an error and checks no gzip checksum, so this comes first. Raise BadInput when
    it is empty, truncated, no UTF-8, or unpacks beyond reason.
    """
    if file.byte_count == 0:
        raise BadInput(f"{file.name}: is empty, not even a header; write it again, or remove it")
    ending = _ending(file)
    digest = hashlib.sha256()
    with file.path.open("rb") as handle:
        if ending == ".parquet":
            return hashlib.file_digest(handle, "sha256").hexdigest()
        tee = _Hashed(handle, digest)
        unpacked = cast("IO[bytes]", gzip.GzipFile(fileobj=cast("IO[bytes]", tee))) if ending == ".csv.gz" else tee
        _must_end(file, cast("IO[bytes]", unpacked))
        while tee.read(_CHUNK):
            pass
    return digest.hexdigest()


def line_of(file: OfferedFile, row: int) -> int:
    """Return the line on which a row of a CSV ends; the first row is 1. Lines without a field are no rows."""
    with _opened(file) as text:
        lines = csv.reader(text)
        number = -1
        for cells in lines:
            number += bool(cells)
            if number == row:
                break
        return lines.line_num


def unreadable(file: OfferedFile, error: Error) -> Exception:
    """Return DuckDB's error about a file as one line: of the machine, when it is to blame, else BadInput."""
    text = str(error)
    if isinstance(found := of_database(text), Unavailable):
        return found
    line = re.search(r"CSV Error on Line: (\d+)", text)
    columns = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    if columns:
        what = f"has {columns[2]} fields, the header has {columns[1]}"
    elif "quote" in text:
        what = "a quoted value does not end, or a quote stands inside a value"
    else:
        what = f"not readable to the end ({shown(text.splitlines()[0], 160)})"
    place = f", line {line[1]}" if line else ""
    return BadInput(f"{file.name}{place}: {what}; correct the file, or write it again")


class _Hashed:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, handle: IO[bytes], digest: hashlib._Hash) -> None:
        self._handle, self._digest = handle, digest

    def read(self, size: int = -1) -> bytes:
        """Read, and hash what was read."""
        chunk = self._handle.read(size)
        self._digest.update(chunk)
        return chunk


def _ending(file: OfferedFile) -> str:
    name = file.name.lower()
    found = next((each for each in reversed(ENDINGS) if name.endswith(each)), None)
    if found is None:
        raise BadInput(f"{file.name}: is not one of {', '.join(ENDINGS)}; write it as one of these")
    return found


def _must_end(file: OfferedFile, unpacked: IO[bytes]) -> None:
    allowed = max(_SMALL, _MAX_RATIO * file.byte_count) if _ending(file) == ".csv.gz" else file.byte_count
    decoder = codecs.getincrementaldecoder("utf-8")()
    total, last = 0, b""
    try:
        while chunk := unpacked.read(_CHUNK):
            total, last = total + len(chunk), chunk[-1:]
            if total > allowed:
                raise BadInput(f"{file.name}: unpacks to more than {allowed:,} bytes, which no telemetry does")
            decoder.decode(chunk)
    except UnicodeDecodeError:
        raise BadInput(f"{file.name}: holds bytes that are not UTF-8; write it as UTF-8") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"{file.name}: not readable to the end of its gzip stream ({error}); write it again") from None
    if last not in (b"\n", b"\r"):
        raise BadInput(f"{file.name}: the last line does not end, so the file may be truncated; write it again")


def _opened(file: OfferedFile) -> io.TextIOWrapper:
    opened = gzip.open if _ending(file) == ".csv.gz" else open
    raw = cast("IO[bytes]", opened(file.path, "rb"))
    return io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")


def _header(file: OfferedFile) -> list[str]:
    try:
        with _opened(file) as text:
            found = next((cells for cells in csv.reader(text, strict=True)), [])
    except csv.Error as error:
        raise BadInput(f"{file.name}, line 1: the header is not readable ({error}); write it again") from None
    return [name.strip() for name in found]


def _parquet_columns(connection: DuckDBPyConnection, file: OfferedFile, sql: Sql) -> list[str]:
    import duckdb

    try:
        query = compose("describe select * exclude (file_row_number) from {table}", table=sql)
        return [name for name, *_ in connection.execute(query).fetchall()]
    except duckdb.Error as error:
        raise unreadable(file, error) from None


def _check_columns(file: OfferedFile, names: list[str], schema: Schema) -> None:
    where = file.name if file.name.lower().endswith(".parquet") else f"{file.name}, line 1"
    known = [each.name for each in schema.columns]
    for name, count in Counter(names).items():
        if name not in known:
            raise BadInput(f"{where}: unknown column {shown(name)!r}{_nearest(name, known)}")
        if count > 1:
            raise BadInput(f"{where}: column {name!r} is there twice; leave one")
    for column in schema.columns:
        if column.is_required and column.name not in names:
            raise BadInput(f"{where}: column {column.name!r} is missing; {schema.kind} has {', '.join(known)}")


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.lower().replace(" ", "_"), known, n=1, cutoff=0.6)
    if near:
        return f"; is {near[0]!r} meant?"
    return f"; known are {', '.join(known)}: rename it, or leave it out"


def raw(column: str, table: Table) -> Sql:
    """Return a value as text: trimmed, null where it is empty or the file lacks the column."""
    if column not in table.columns:
        return Sql("cast(null as varchar)")
    return compose("nullif(trim(cast({name} as varchar)), '')", name=identifier(column))


def rows_of(path: tuple[Path, ...]) -> Sql:
    """Return the relation of staged or landed Parquet files."""
    files = join(", ", (compose("{path}", path=each) for each in path))
    return compose("read_parquet([{files}], hive_partitioning = false)", files=files)
