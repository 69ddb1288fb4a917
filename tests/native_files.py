"""Write native bills: rows in a provider's own columns, as the files its exports consist of."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import yaml

from finops.core.formats import SourceFormat, columns_of

Row = dict[str, Any]

LIKE: dict[str, Row] = yaml.safe_load((Path(__file__).parent / "golden" / "like.yml").read_text(encoding="utf-8"))
"""What a line has where nothing else is said, by kind of bill."""


def write_csv(path: Path, rows: list[Row]) -> None:
    """Write rows as CSV, gzipped when the name ends so."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    written = text.getvalue().encode("utf-8-sig")
    path.write_bytes(gzip.compress(written) if path.suffix == ".gz" else written)


def write_parquet(path: Path, rows: list[Row], types: dict[str, str]) -> None:
    """Write rows as Parquet; ``types`` are DuckDB's, by column."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    structure = json.dumps({name: types[name] for name in names})
    texts = [json.dumps({name: row.get(name) for name in names}) for row in rows]
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("create table texts (line varchar)")
        connection.executemany("insert into texts values (?)", [[text] for text in texts])
        transformed = f"from_json(line, '{structure.replace(chr(39), chr(39) * 2)}')"
        connection.execute(f"copy (select unnest({transformed}) from texts) to '{path}' (format parquet)")


def types_of(source_format: SourceFormat) -> dict[str, str]:
    """Return DuckDB's type of every column of a format, under each of its names."""
    return {name: column.duckdb_type for column in columns_of(source_format) for name in column.names}
