"""Where the links of a page lead, for a reader who opened it by the path that the tests give."""

from __future__ import annotations

import os
import re
from pathlib import Path


def links_of(page: Path) -> list[Path]:
    """Return the files that a page links, each as a browser resolves it: by the path, links not followed."""
    found = re.findall(r'<a [^>]*href="([^"]+)"', page.read_text(encoding="utf-8"))
    assert not [each for each in found if "://" in each]
    files = (each.partition("#")[0] for each in found)
    return [Path(os.path.normpath(page.parent / each)) if each else page for each in files]


def dead_links(root: Path, *pages: Path) -> list[tuple[str, str]]:
    """Return the links of pages, and of the pages they lead to, that lead to no file below ``root``."""
    dead, seen, waiting = [], set(), list(pages)
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for target in links_of(page):
            if not (target.is_file() and target.is_relative_to(root)):
                dead.append((str(page.relative_to(root)), str(target)))
            elif target.suffix == ".html":
                waiting.append(target)
    return dead
