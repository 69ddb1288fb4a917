"""Tells a caller how far the work is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Steps:
    """Counts lines towards a known total."""

    total: int
    report: Progress | None = None
    done: int = 0
    message: str = ""

    def advance(self, count: int) -> None:
        """Count lines that were written."""
        self.done += count
        if self.report is not None:
            self.report(self.message, min(self.done, self.total), self.total)
