"""Azure's dates where the export wrote them day first: 31/05/2025 as 2025-05-31, which every later step reads alike."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from finops.core.formats import SourceFormat, columns_of

_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})( .*)?")
_ISO_MONTH = re.compile(r"(\d{4})-(\d{2})-\d{2}")
_PERIOD = "billingperiodstartdate"


def to_iso(path: Path, *, is_packed: bool) -> None:
    """Rewrite the dates of a CSV in Azure's columns that are day first as YYYY-MM-DD; leave any other file as it is.

    A day above 12 tells, or else the billing period: 03/04/2025 in the bill of April. One row that is month first
    makes the whole file so, and verification refuses what does not fit.
    """
    try:
        with _rows(path, is_packed) as rows:
            header, days = [name.strip().lower() for name in next(rows, [])], _days()
            places = [number for number, name in enumerate(header) if name in days]
            period = header.index(_PERIOD) if _PERIOD in header else None
            if not places or not _is_day_first(rows, places, period):
                return
        written = path.with_suffix(".iso")
        with _rows(path, is_packed) as rows, _open(written, is_packed, "wt") as target:
            writer = csv.writer(target, lineterminator="\n")
            for row in rows:
                writer.writerow([_iso(cell) if number in places else cell for number, cell in enumerate(row)])
    except (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile, zlib.error):
        # Verification says what is wrong with the file.
        return
    written.replace(path)


def _is_day_first(rows: Iterator[list[str]], places: list[int], period: int | None) -> bool:
    """Decide by the first row that tells; one that the period alone tells is only believed if none contradicts it.

    A row without slashes tells that the file has none: it is not read to its end.
    """
    is_likely = False
    for row in rows:
        cells = [row[number].strip() for number in places if number < len(row) and row[number].strip()]
        dates = [match for cell in cells if (match := _SLASHES.fullmatch(cell))]
        if cells and not dates:
            return False
        if any(int(each[2]) > 12 for each in dates):
            return False
        if any(int(each[1]) > 12 for each in dates):
            return True
        month = _ISO_MONTH.match(row[period]) if period is not None and period < len(row) else None
        if month is None:
            continue
        asked = int(month[1]), int(month[2])
        for each in dates:
            is_month_first, is_day_first = ((int(each[3]), int(each[place])) == asked for place in (1, 2))
            if is_month_first and not is_day_first:
                return False
            is_likely |= is_day_first and not is_month_first
    return is_likely


def _iso(cell: str) -> str:
    match = _SLASHES.fullmatch(cell.strip())
    if match is None or int(match[2]) > 12:
        return cell
    return f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}{match[4] or ''}"


def _days() -> set[str]:
    columns = columns_of(SourceFormat.AZURE_ACTUAL)
    return {name.lower() for each in columns if each.duckdb_type == "TIMESTAMP" for name in each.names}


@contextmanager
def _rows(path: Path, is_packed: bool) -> Iterator[Iterator[list[str]]]:
    with _open(path, is_packed, "rt") as text:
        yield csv.reader(text)


def _open(path: Path, is_packed: bool, mode: str) -> IO[str]:
    opener = gzip.open if is_packed else open
    encoding = "utf-8-sig" if mode == "rt" else "utf-8"
    return cast("IO[str]", opener(path, mode, encoding=encoding, newline=""))
