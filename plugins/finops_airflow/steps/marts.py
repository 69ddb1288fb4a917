"""Marts: what is due, and its build, gate, publication and serving."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from finops.core.errors import Finding
from finops.core.machine import one_line_errors
from finops.core.settings import Settings
from finops.pipelines import marts, notes
from finops_airflow.steps.common import EVENT_GRACE, BuildReport, months_of, with_own_event, written


@one_line_errors()
def overdue_periods(now: datetime | None = None) -> list[str]:
    """Return the billing periods that could be built and are not, but for those that have just landed."""
    return written(marts.overdue(Settings(), (now or datetime.now(UTC)) - EVENT_GRACE))


@one_line_errors()
def build_marts(billing_period: str | None, *, retry: bool = False) -> BuildReport | None:
    """Build what is pending of one billing period, or of all; None when there is nothing to do.

    With ``retry`` what is held back is tried again.
    """
    candidate = marts.build(Settings(), months_of(billing_period), retry=retry)
    if candidate is None:
        return None
    return BuildReport(build_id=candidate.build_id, billing_periods=written(candidate.billing_periods))


@one_line_errors()
def pass_gate(build_id: str) -> None:
    """Check a finished build and hold back what is at fault. Raise Finding when nothing of it may be published."""
    try:
        marts.gate(Settings(), build_id)
    except Finding as error:
        # What is held back is told as such.
        raise with_own_event(error) from None


@one_line_errors()
def publish_marts(build_id: str) -> list[str]:
    """Publish a build that passed the gate; return its billing periods."""
    return sorted({each["billing_period"] for each in marts.publish(Settings(), build_id).manifest["scope"]})


@one_line_errors()
def fail_on_held_back(billing_period: str | None) -> None:
    """Raise Finding when something of a billing period, or of any, is held back, naming each."""
    held = marts.held_back(Settings(), months_of(billing_period))
    if held:
        raise with_own_event(Finding("; ".join(map(marts.describe, held))))


@one_line_errors()
def serve_published() -> int | None:
    """Serve what is published from PostgreSQL; return how many months of tables changed, None where not configured."""
    served = marts.serve(Settings())
    return None if served is None else len(served.changes)


@one_line_errors()
def note_of_build(build_id: str) -> str:
    """Say what the gate found in a build, with a link to its page."""
    return notes.of_build(Settings(), build_id)


@one_line_errors()
def note_of_publication(build_id: str, months: Iterable[str]) -> str:
    """Say which months of which build are published, with a link to the data dictionary."""
    return notes.of_publication(Settings(), build_id, months)
