"""Files as the clouds deliver them: numbered parts of Parquet or gzipped CSV, JSON manifests; never a timestamp."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from finops.core.atomic import replacing

PART_ROWS = 1_000_000
ROW_GROUP = 125_000


class Parts(ABC):
    """Writes tables one after another into numbered files of at most ``PART_ROWS`` rows; a context manager."""

    def __init__(self, folder: Path, pattern: str, first: int) -> None:
        self._folder, self._pattern, self._first = folder, pattern, first
        self._held = 0
        self.paths: list[Path] = []
        self.rows: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def write(self, table: pa.Table) -> None:
        """Append a table; begin a new part where the last one is full."""
        while table.num_rows:
            if not self.paths or self._held == PART_ROWS:
                self._begin()
            piece = table.slice(0, PART_ROWS - self._held)
            self._append(piece)
            self._held += piece.num_rows
            self.rows[-1] = self._held
            table = table.slice(piece.num_rows)

    def _begin(self) -> None:
        self._close()
        path = self._folder / self._pattern.format(len(self.paths) + self._first)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open(path)
        self._held = 0
        self.paths.append(path)
        self.rows.append(0)

    @abstractmethod
    def _open(self, path: Path) -> None:
        """Open a part."""

    @abstractmethod
    def _append(self, piece: pa.Table) -> None:
        """Write to the open part."""

    @abstractmethod
    def _close(self) -> None:
        """Close the open part, if there is one."""


class ParquetParts(Parts):
    """Parts in Parquet. Columns in ``plain`` have no dictionary."""

    def __init__(self, folder: Path, pattern: str, schema: pa.Schema, plain: frozenset[str], first: int) -> None:
        super().__init__(folder, pattern, first)
        self._schema = schema
        self._dictionary = [name for name in schema.names if name not in plain]
        self._writer: pq.ParquetWriter | None = None

    def _open(self, path: Path) -> None:
        # Without the Arrow schema a reader sees plain texts, as in a cloud's own file, not our dictionaries.
        self._writer = pq.ParquetWriter(
            path, self._schema, compression="snappy", use_dictionary=self._dictionary, store_schema=False
        )

    def _append(self, piece: pa.Table) -> None:
        if self._writer is not None:
            self._writer.write_table(piece, row_group_size=ROW_GROUP)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class CsvParts(Parts):
    """Parts in gzipped CSV, each with the header."""

    def __init__(self, folder: Path, pattern: str, first: int) -> None:
        super().__init__(folder, pattern, first)
        self._raw: BinaryIO | None = None
        self._sink: gzip.GzipFile | None = None

    def _open(self, path: Path) -> None:
        self._raw = path.open("wb")
        self._sink = gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=self._raw, mtime=0)

    def _append(self, piece: pa.Table) -> None:
        pacsv.write_csv(piece, self._sink, pacsv.WriteOptions(include_header=self._held == 0))

    def _close(self) -> None:
        if self._sink is not None and self._raw is not None:
            self._sink.close()
            self._raw.close()


def write_json(path: Path, content: Any) -> None:
    """Write a manifest. It is a delivery's last file, so it never names a file that is not there."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a small CSV in one step."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def sha256(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
