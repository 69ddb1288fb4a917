"""The published FOCUS fact: hard links to the partitions, new ones from the warehouse, the others as they were."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from finops.core.candidate import Candidate
from finops.core.errors import NotReady
from finops.core.published import FACT, READER, Publication
from finops.core.settings import Settings


def write(settings: Settings, candidate: Candidate, previous: Publication | None, building: Path) -> dict[str, Any]:
    """Link the fact into the version under construction and return the manifest's entry: rows per partition."""
    root = building / FACT
    root.mkdir()
    if (settings.focus_dir / READER).exists():
        shutil.copyfile(settings.focus_dir / READER, root / READER)
    in_scope = {f"{each.provider}/{each.billing_period}" for each in candidate.scope}
    partitions: dict[str, dict[str, int]] = {}
    if previous is not None:
        before = previous.manifest["fact"]["partitions"]
        partitions = {name: entry for name, entry in before.items() if name not in in_scope}
        for name in partitions:
            _link_files(previous.path / FACT / _leaf(name), root / _leaf(name))
    for name in sorted(in_scope):
        _link_files(settings.focus_dir / _leaf(name), root / _leaf(name))
        partitions[name] = {"rows": _row_count(root / _leaf(name) / "part.parquet")}
    rows = sum(partition["rows"] for partition in partitions.values())
    return {"rows": rows, "partitions": dict(sorted(partitions.items()))}


def _leaf(name: str) -> str:
    provider, period = name.split("/")
    return f"provider={provider}/billing_period={period}"


def _link_files(source: Path, target: Path) -> None:
    # A COPY that was killed leaves `tmp_part.parquet` beside the part it was to replace.
    files = [path for path in sorted(source.glob("*.parquet")) if not path.name.startswith(("tmp_", "."))]
    if not any(path.name == "part.parquet" for path in files):
        raise NotReady(f"the build wrote no {source / 'part.parquet'}; run `finops build` again")
    target.mkdir(parents=True)
    for path in files:
        os.link(path, target / path.name)


def _row_count(part: Path) -> int:
    import duckdb

    with duckdb.connect() as connection:
        found = connection.execute("select num_rows from parquet_file_metadata(?)", [str(part)]).fetchall()
    return int(found[0][0])
