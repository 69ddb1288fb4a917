"""How commands show progress and tables. Without a terminal the width is fixed and progress is silent."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def show_progress(message: str, done: int, total: int) -> None:
    """Keep one line of progress on a terminal; an empty message clears it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K[{done}/{total}] {message}" if message else "\r\033[K")
        sys.stderr.flush()


def console(width: int = 160) -> Console:
    """Return a console that is as wide as the terminal, or ``width`` columns in a file or a pipe."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else width, highlight=False)


def table(title: str, columns: Iterable[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table of plain texts. A column whose name ends in `` >`` is right-aligned."""
    from rich.markup import escape
    from rich.table import Table

    found = Table(title=title, title_justify="left")
    for each in columns:
        found.add_column(each.removesuffix(" >"), justify="right" if each.endswith(" >") else "left", overflow="fold")
    for row in rows:
        found.add_row(*map(escape, row))
    return found
