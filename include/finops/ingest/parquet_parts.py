"""Write a stream of Arrow batches as Parquet parts, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROW_GROUP_ROWS = 40_960
PART_ROWS = 1_024_000
"""A part ends at this many rows. A build reads parts in parallel; each is hashed and counted."""


def write_parts(batches: Iterator[Any], path_of: Callable[[int], Path]) -> list[tuple[Path, int]]:
    """Write the batches to ``path_of(1)``, ``path_of(2)`` …; return the paths and their row counts."""
    parts: list[tuple[Path, int]] = []
    groups = _groups(batches)
    group = next(groups, None)
    while group is not None:
        path = path_of(len(parts) + 1)
        row_count, group = _write_part(path, group, groups)
        parts.append((path, row_count))
    return parts


def _write_part(path: Path, group: Any, groups: Iterator[Any]) -> tuple[int, Any]:
    from pyarrow import parquet

    row_count = 0
    with parquet.ParquetWriter(path, group.schema, compression="zstd") as writer:
        while group is not None and row_count < PART_ROWS:
            writer.write_table(group)
            row_count += group.num_rows
            group = next(groups, None)
    return row_count, group


def _groups(batches: Iterator[Any]) -> Iterator[Any]:
    # Pages and streams bring a few hundred or thousand rows at a time, too few for one row group each.
    import pyarrow

    held, row_count = [], 0
    for batch in batches:
        held.append(batch)
        row_count += batch.num_rows
        if row_count >= ROW_GROUP_ROWS:
            yield pyarrow.Table.from_batches(held)
            held, row_count = [], 0
    if held and row_count:
        yield pyarrow.Table.from_batches(held)
