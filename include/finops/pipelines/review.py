"""From published KPIs to the review that people read each Monday."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from finops.core.settings import Settings

if TYPE_CHECKING:
    from finops.review.service import Written


def write(settings: Settings, week: date | None = None, out: Path | None = None) -> Written:
    """Write the review of a week (its Monday), or of the last whole week that has KPIs; the same once more replaces it.

    Raise NotReady before any KPIs are published, BadInput for a week without any.
    """
    from finops.review.service import write

    return write(settings, week, out)
