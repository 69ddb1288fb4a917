"""A local copy as staging reads it: out of its ZIP, JSON lines as CSV, Azure's columns and dates as documented."""

from __future__ import annotations

import csv
import gzip
import io
import re
import shutil
import zipfile
import zlib
from pathlib import Path
from typing import IO, cast

from finops.core.errors import BadInput
from finops.core.formats import SourceFormat, columns_of
from finops.ingest import day_first, json_lines
from finops.ingest.models import FetchedFile
from finops.ingest.reading import JSON_LINES, ending, most_bytes

_LOCALISED = re.compile(r".*\((?P<name>[A-Za-z]+)\)\s*")
_FIRST_LINE = 1 << 16


def prepare(file: FetchedFile) -> FetchedFile:
    """Replace a copy that staging cannot read as it is by one that it can; return the file.

    The lines of a CSV stay byte by byte what they were, but for Azure's dates that are day first.

    Raise BadInput for a ZIP that does not hold one CSV, and for JSON lines of which one is no object.
    """
    kind = ending(file.source_key)
    if kind in JSON_LINES:
        json_lines.to_csv(file.path, file.source_key)
        return file
    if kind == ".zip":
        _unzip(file.path, file.source_key)
    if kind != ".parquet":
        _name_in_english(file.path, is_packed=kind == ".csv.gz")
        day_first.to_iso(file.path, is_packed=kind == ".csv.gz")
    return file


def _unzip(path: Path, key: str) -> None:
    unpacked = path.with_suffix(".unpacked")
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
            if len(members) != 1 or not members[0].filename.lower().endswith(".csv"):
                names = ", ".join(each.filename for each in members[:3]) or "nothing"
                raise BadInput(f"{key}: holds {len(members)} files ({names}), not one CSV; unpack it")
            if members[0].file_size > most_bytes(path):
                raise BadInput(f"{key}: unpacks to {members[0].file_size:,} bytes, which no bill does; rejected")
            with archive.open(members[0]) as source, unpacked.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        # A RuntimeError: it has a password, or a compression that Python does not know.
        raise BadInput(f"{key}: not readable to the end of its ZIP ({error}); fetch it again") from None
    unpacked.replace(path)


def _name_in_english(path: Path, *, is_packed: bool) -> None:
    """Rewrite a header such as ``Kategorie der Verbrauchseinheit (MeterCategory)`` as ``MeterCategory``."""
    try:
        with _opened(path, is_packed) as source:
            line = source.readline(_FIRST_LINE)
            names = next(csv.reader(io.StringIO(line.decode("utf-8-sig"), newline="")), [])
            english = [_english(each) for each in names]
            if english == names or not line.endswith(b"\n"):
                return
            renamed = path.with_suffix(".renamed")
            with gzip.open(renamed, "wb") if is_packed else renamed.open("wb") as target:
                target.write(_as_csv(english, "\r\n" if line.endswith(b"\r\n") else "\n"))
                shutil.copyfileobj(source, cast("IO[bytes]", target), 1 << 20)
    except (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile, zlib.error):
        # Verification says what is wrong with the file.
        return
    renamed.replace(path)


def _as_csv(names: list[str], line_end: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerow(names)
    return text.getvalue().encode()


def _english(name: str) -> str:
    match = _LOCALISED.fullmatch(name)
    return match["name"] if match and match["name"].lower() in _names() else name


def _names() -> set[str]:
    return {name.lower() for column in columns_of(SourceFormat.AZURE_ACTUAL) for name in column.names}


def _opened(path: Path, is_packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if is_packed else path.open("rb")
