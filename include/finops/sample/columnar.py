"""Arrow columns from series and lines. A text that all lines of a series share is encoded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from finops.core.formats import SourceFormat, columns_of

_ALPHABET = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype=np.uint8)


@cache
def schema_of(source_format: SourceFormat) -> pa.Schema:
    """Return every column of a format, in the order its provider documents."""
    import duckdb

    nothing = ", ".join(f'cast(null as {each.duckdb_type}) as "{each.name}"' for each in columns_of(source_format))
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.sql(f"select {nothing}").to_arrow_table().schema


def encoded(schema: pa.Schema, plain: frozenset[str]) -> pa.Schema:
    """Return the schema with dictionary-encoded texts, except ``plain`` ones, which differ line by line."""
    text = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([f.with_type(text) if pa.types.is_string(f.type) and f.name not in plain else f for f in schema])


def factorized(values: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
    """Return codes and distinct values in order of appearance."""
    seen: dict[Any, int] = {}
    codes = np.fromiter((seen.setdefault(value, len(seen)) for value in values), dtype=np.int32, count=len(values))
    return codes, list(seen)


def shared_text(values: Sequence[str | None], owner: np.ndarray) -> pa.Array:
    """Return each line's text, given the text of each series."""
    present = [value for value in values if value is not None]
    codes = np.full(len(values), -1, dtype=np.int32)
    found, distinct = factorized(present)
    codes[[value is not None for value in values]] = found
    indices = codes[owner]
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), pa.array(distinct, pa.string()))


def shared_values(
    values: Sequence[Any], owner: np.ndarray, of_type: pa.DataType, thaw: Callable[[Any], Any] = lambda value: value
) -> pa.Array:
    """Return each line's value of a nested type, given the hashable value of each series and how to read it."""
    codes, distinct = factorized(values)
    return pa.array([thaw(value) for value in distinct], of_type).take(pa.array(codes[owner]))


def numbers(values: np.ndarray) -> pa.Array:
    """Return doubles; NaN is null."""
    return pa.array(values, pa.float64(), from_pandas=True)


def identifiers(rng: np.random.Generator, count: int, length: int = 52) -> pa.Array:
    """Return random texts that are as long, and compress as badly, as the identifiers of billing lines."""
    letters = _ALPHABET[rng.integers(0, 32, size=count * length, dtype=np.uint8)]
    offsets = np.arange(0, (count + 1) * length, length, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(letters))


def single_entry_map(key: str, values: np.ndarray) -> pa.MapArray:
    """Return maps with the one entry ``key``, empty where the value is NaN."""
    is_there = ~np.isnan(values)
    offsets = np.concatenate(([0], np.cumsum(is_there))).astype(np.int32)
    found = values[is_there]
    keys = pa.array([key], pa.string()).take(pa.array(np.zeros(len(found), np.int32)))
    return pa.MapArray.from_arrays(offsets, keys, pa.array(found, pa.float64()))
