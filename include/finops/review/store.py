"""Where reviews lie: ``reviews/week=YYYY-MM-DD`` links one set of files, and moves once the next one is whole."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from finops.core.atomic import replace_link, sync_file, sync_folder
from finops.core.settings import Settings

PAGE, PDF, CSV, SUMMARY = "index.html", "review.pdf", "review.csv", "review.json"
FILES = (PAGE, PDF, CSV, SUMMARY)
SETS = ".sets"


@dataclass(frozen=True, slots=True)
class Kept:
    """A review that is kept: its week and what it says first."""

    week: date
    folder: str
    says: str


def name_of(week: date) -> str:
    """Return the name of a week's folder."""
    return f"week={week.isoformat()}"


def draft(settings: Settings, week: date) -> Path:
    """Return a new folder that no reader sees."""
    folder = settings.reviews_dir / SETS / name_of(week) / secrets.token_hex(6)
    folder.mkdir(parents=True)
    return folder


def show(settings: Settings, week: date, folder: Path) -> Path:
    """Let readers see a folder as the week's review; sets older than the one before it are removed."""
    for name in FILES:
        sync_file(folder / name)
    sync_folder(folder)
    link = settings.reviews_dir / name_of(week)
    before = link.resolve() if link.exists() else None
    replace_link(link, f"{SETS}/{name_of(week)}/{folder.name}")
    for each in folder.parent.iterdir():
        # Whoever reads the set before may still do so.
        if each not in (folder, before):
            shutil.rmtree(each, ignore_errors=True)
    return link


def kept(settings: Settings) -> Iterator[Kept]:
    """Yield the reviews that are kept, the newest week first. One that is damaged is left out."""
    for path in sorted(settings.reviews_dir.glob(f"week=*/{SUMMARY}"), reverse=True):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            yield Kept(date.fromisoformat(found["week"]), path.parent.name, str(found["matters"][0]))
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            continue
