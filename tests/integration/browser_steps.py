"""What the tests of pages do again and again: open one in a browser that has no window."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--hide-scrollbars"),
)


def require_browser() -> None:
    """Skip the test where there is no browser, and fail in CI: it would look as if the pages had been opened."""
    if BROWSER is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("there is no chromium on this machine")


def browse(page: Path, profile: Path, *flags: str) -> str:
    """Open a page in a fresh browser and return what it printed."""
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def width_of(page: Path, width: int, folder: Path, *, is_unfolded: bool = False) -> int:
    """Return how wide a page is on a screen of ``width`` pixels, as it opens or with everything unfolded."""
    return _measured(page, width, folder, "document.documentElement.scrollWidth", is_unfolded=is_unfolded)


def overflowing(page: Path, width: int, folder: Path, *, is_unfolded: bool = False) -> int:
    """Return how many cards, cells and paragraphs hold more than their width shows, on a screen of ``width`` pixels."""
    parts = "[...document.querySelectorAll('.card, h1, h3, p, li, th, td, dd')]"
    # A caption for screen readers alone is hidden on purpose, and cells are inline-sized where they are no blocks.
    count = f"{parts}.filter(e => e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1).length"
    return _measured(page, width, folder, count, is_unfolded=is_unfolded)


def height_of(page: Path, width: int, folder: Path) -> int:
    """Return how high a page is on a screen of ``width`` pixels, as it opens."""
    return _measured(page, width, folder, "document.documentElement.scrollHeight", is_unfolded=False)


def _measured(page: Path, width: int, folder: Path, what: str, *, is_unfolded: bool) -> int:
    """Return a number that a script finds in a page on a screen of ``width`` pixels.

    The page itself may run no script, so a copy without its policy is measured, inside a frame of that width: a browser
    window has a smallest width of its own.
    """
    content = page.read_text(encoding="utf-8")
    content = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", content)
    if is_unfolded:
        content = content.replace("<details", "<details open")
    measure = f"<script>parent.postMessage({what}, '*')</script>"
    (folder / "copy.html").write_text(content.replace("</body>", f"{measure}</body>"), encoding="utf-8")
    frame = folder / "frame.html"
    frame.write_text(
        "<script>onmessage = e => document.body.dataset.found = e.data</script><body>"
        f"<iframe src='copy.html' width='{width}' height='900' frameborder='0'></iframe>",
        encoding="utf-8",
    )
    flags = ("--window-size=1400,1000", "--virtual-time-budget=5000", "--dump-dom")
    found = re.search(r'data-found="(\d+)"', browse(frame, folder / "profile", *flags))
    assert found is not None
    return int(found[1])
