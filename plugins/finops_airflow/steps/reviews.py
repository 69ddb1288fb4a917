"""The weekly review."""

from __future__ import annotations

from finops.core.errors import NotReady
from finops.core.machine import one_line_errors
from finops.core.settings import Settings
from finops.pipelines import notes, review


@one_line_errors()
def write_review() -> str | None:
    """Write the review of the last whole week that has KPIs; return its Monday (YYYY-MM-DD), None without KPIs."""
    try:
        return str(review.write(Settings()).review.week)
    except NotReady:
        return None


@one_line_errors()
def note_of_review(week: str) -> str:
    """Say what matters in a week's review, with a link to it."""
    return notes.of_review(Settings(), week)
