"""One CSV per likely owner: what to tag, with which value, the most expensive first. Safe to open in a spreadsheet."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path

from finops.core.atomic import replacing
from finops.core.dimensions import ABSENT
from finops.core.spreadsheet import cell, neutralise, write_rows
from finops.tagging.models import Violation

COLUMNS = tuple(field.name for field in fields(Violation))
INDEX = "index.csv"
_SLUG = 40


def write(violations: Iterable[Violation], folder: Path) -> list[tuple[str, str, int]]:
    """Write the lists and ``index.csv``; return (owner, file name, rows) per list. Each file appears whole."""
    by_owner: dict[str, list[Violation]] = defaultdict(list)
    for each in violations:
        by_owner[each.likely_owner].append(each)
    written = []
    for owner, rows in sorted(by_owner.items()):
        name = file_name(owner)
        _write_rows(folder / name, COLUMNS, ([cell(v) for v in asdict(row).values()] for row in rows))
        written.append((owner, name, len(rows)))
    _write_rows(folder / INDEX, ("likely_owner", "file", "rows"), ([neutralise(o), n, str(c)] for o, n, c in written))
    return written


def file_name(owner: str) -> str:
    """Return a file name for an owner, whatever is in the text: readable, short, and never that of another."""
    if owner == ABSENT:
        return "owner-unknown.csv"
    slug = re.sub(r"[^a-z0-9]+", "-", owner.lower())[:_SLUG].strip("-") or "owner"
    return f"{slug}-{hashlib.sha256(owner.encode()).hexdigest()[:8]}.csv"


def _write_rows(path: Path, header: tuple[str, ...], rows: Iterable[list[str]]) -> None:
    with replacing(path) as temporary:
        write_rows(temporary, header, rows, encoding="utf-8-sig")
