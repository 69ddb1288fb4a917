"""A failed task or a late run, told to people. The one place that a later feature of notifications takes over."""

from __future__ import annotations

from finops.core.settings import Settings


def task_failed(
    settings: Settings, dag_id: str, task_id: str, run_id: str, period: str | None, reason: str, link: str | None
) -> list[str]:
    """Tell that a task has failed for good; return why somebody was not told, a line each."""
    from finops.notifications.models import Alert, Kind
    from finops.notifications.direct import tell

    return tell(settings, Alert(Kind.TASK_FAILED, dag_id, run_id, task_id, period, reason, link))


def deadline_missed(
    settings: Settings, dag_id: str, run_id: str, period: str | None, deadline: str, link: str | None
) -> list[str]:
    """Tell that a run is not finished when it ought to be; return why somebody was not told, a line each."""
    from finops.notifications.models import Alert, Kind
    from finops.notifications.direct import tell

    reason = f"it was to be finished by {deadline}"
    return tell(settings, Alert(Kind.DEADLINE_MISSED, dag_id, run_id, None, period, reason, link))
