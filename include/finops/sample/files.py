"""Files as the clouds deliver them: Parquet in parts, gzip without a clock, JSON manifests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from finops.core.atomic import replacing

PART_ROWS = 1_000_000
ROW_GROUP = 125_000


class ParquetParts:
    """Writes tables behind one another into numbered files of at most ``PART_ROWS`` rows."""

    def __init__(self, folder: Path, pattern: str, schema: pa.Schema, plain: frozenset[str], first: int = 1) -> None:
        self._folder, self._pattern, self._schema, self._first = folder, pattern, schema, first
        self._dictionary = [name for name in schema.names if name not in plain]
        self._writer: pq.ParquetWriter | None = None
        self._held = 0
        self.paths: list[Path] = []
        self.rows: list[int] = []

    def write(self, table: pa.Table) -> None:
        """Append a table, opening a new part where it is due."""
        while table.num_rows:
            is_full = self._held == PART_ROWS
            writer = self._open() if self._writer is None or is_full else self._writer
            piece = table.slice(0, PART_ROWS - self._held)
            writer.write_table(piece, row_group_size=ROW_GROUP)
            self._held += piece.num_rows
            self.rows[-1] = self._held
            table = table.slice(piece.num_rows)

    def close(self) -> None:
        """Finish the last part."""
        if self._writer is not None:
            self._writer.close()

    def _open(self) -> pq.ParquetWriter:
        self.close()
        path = self._folder / self._pattern.format(len(self.paths) + self._first)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without the Arrow schema a reader sees plain texts, as in a cloud's own file, not our dictionaries.
        self._writer = pq.ParquetWriter(
            path, self._schema, compression="snappy", use_dictionary=self._dictionary, store_schema=False
        )
        self._held = 0
        self.paths.append(path)
        self.rows.append(0)
        return self._writer


@contextmanager
def parquet_parts(
    folder: Path, pattern: str, schema: pa.Schema, plain: frozenset[str] = frozenset(), first: int = 1
) -> Iterator[ParquetParts]:
    """Open parts and close them whatever happens."""
    parts = ParquetParts(folder, pattern, schema, plain, first)
    try:
        yield parts
    finally:
        parts.close()


def write_json(path: Path, content: Any) -> None:
    """Write a manifest; the last file of a delivery, so that it never names what is not there."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """Return a file's digest."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
