"""The progress bar of commands that may take long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

_AFTER_SECONDS = 2


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None] | None]:
    """Yield what shows a message and the steps done of all, once the work has taken two seconds.

    Yield None where standard error is not a terminal.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    begun = monotonic()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)

        def show(message: str, done: int, total: int) -> None:
            is_long = monotonic() - begun > _AFTER_SECONDS
            bar.update(task, description=message, completed=done, total=total, visible=is_long)

        yield show
