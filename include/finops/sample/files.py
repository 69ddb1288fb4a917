"""Files as the clouds deliver them: numbered parts of Parquet or gzipped CSV, JSON manifests; never a timestamp."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from finops.core.atomic import replacing, write_whole

PART_ROWS = 1_000_000
ROW_GROUP = 125_000


Append = Callable[[pa.Table, bool], None]
"""Writes a table to an open part, whose first it may be."""


class Parts(ExitStack):
    """Writes tables one after another into numbered files of at most ``PART_ROWS`` rows; a context manager.

    ``opened`` opens one file, as ``parquet`` and ``gzipped_csv`` do.
    """

    def __init__(
        self, folder: Path, pattern: str, opened: Callable[[Path], AbstractContextManager[Append]], *, first: int
    ) -> None:
        super().__init__()
        self._folder, self._pattern, self._opened, self._first = folder, pattern, opened, first
        self.paths: list[Path] = []
        self.rows: list[int] = []

    def write(self, table: pa.Table) -> None:
        """Append a table; begin a new part where the last one is full."""
        while table.num_rows:
            if not self.paths or self.rows[-1] == PART_ROWS:
                self._begin()
            piece = table.slice(0, PART_ROWS - self.rows[-1])
            self._append(piece, self.rows[-1] == 0)
            self.rows[-1] += piece.num_rows
            table = table.slice(piece.num_rows)

    def _begin(self) -> None:
        self.close()
        path = self._folder / self._pattern.format(len(self.paths) + self._first)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._append = self.enter_context(self._opened(path))
        self.paths.append(path)
        self.rows.append(0)


@contextmanager
def parquet(path: Path, schema: pa.Schema, plain: frozenset[str]) -> Iterator[Append]:
    """Open a part in Parquet. Columns in ``plain`` have no dictionary."""
    dictionary = [name for name in schema.names if name not in plain]
    # Without the Arrow schema a reader sees plain texts, as in a cloud's own file, not our dictionaries.
    options = {"compression": "snappy", "use_dictionary": dictionary, "store_schema": False}
    with pq.ParquetWriter(path, schema, **options) as writer:
        yield lambda piece, _: writer.write_table(piece, row_group_size=ROW_GROUP)


@contextmanager
def gzipped_csv(path: Path) -> Iterator[Append]:
    """Open a part in gzipped CSV, with the header."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=4, fileobj=raw, mtime=0) as sink:
        yield lambda piece, is_first: pacsv.write_csv(piece, sink, pacsv.WriteOptions(include_header=is_first))


def write_json(path: Path, content: Any) -> None:
    """Write a manifest. It is a delivery's last file, so it never names a file that is not there."""
    write_whole(path, json.dumps(content, indent=2) + "\n")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a small CSV in one step."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
