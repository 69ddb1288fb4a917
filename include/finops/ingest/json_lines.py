"""JSON lines, one object a charge, as the CSV that staging reads."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from finops.core.errors import BadInput
from finops.ingest.reading import ending, most_bytes

_LONGEST = 16 << 20
"""Bytes of a line. A charge with a thousand tags has a thousandth of that."""
_REMEDY = "have the export written with one JSON object a line"


def to_csv(path: Path, key: str) -> None:
    """Replace a file of JSON lines by a CSV with a column for each key that any of its objects has.

    Numbers keep their digits; a nested value becomes JSON text. Raise BadInput, which names file and line, for a line
    that is no object.
    """
    try:
        names = list(dict.fromkeys(name for _, found in _objects(path, key) for name in found))
        if not names:
            raise BadInput(f"{key}: holds no JSON object; fetch it again")
        written = path.with_suffix(".written")
        with written.open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target, lineterminator="\n")
            writer.writerow(names)
            for line, found in _objects(path, key):
                writer.writerow([_cell(name, found.get(name), line) for name in names])
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadInput(f"{key}: not readable to the end of its gzip stream ({error}); fetch it again") from None
    written.replace(path)


def _objects(path: Path, key: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    allowed, total = most_bytes(path), 0
    is_packed = ending(key).endswith(".gz")
    with cast("IO[bytes]", gzip.open(path)) if is_packed else path.open("rb") as source:
        number = 0
        while line := source.readline(_LONGEST):
            number, total = number + 1, total + len(line)
            if total > allowed:
                raise BadInput(f"{key}: unpacks to more than {allowed:,} bytes, which no bill does; rejected")
            if not line.strip():
                continue
            try:
                # Amounts are read as the text they are: a double would lose digits.
                found = json.loads(line.decode("utf-8-sig"), parse_float=str, parse_int=str)
            except (ValueError, RecursionError) as error:
                raise BadInput(f"{key}, line {number}: is no JSON ({str(error)[:120]}); {_REMEDY}") from None
            if not isinstance(found, dict):
                raise BadInput(f"{key}, line {number}: is no JSON object; {_REMEDY}")
            yield line, found


def _cell(name: str, value: Any, line: bytes) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(json.loads(line.decode("utf-8-sig"))[name], ensure_ascii=False)
    return str(value)
