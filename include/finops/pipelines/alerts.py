"""A failed task or a late run, told to people: at once to FINOPS_ALERT_…, and as an event to the channels there are."""

from __future__ import annotations

from finops.core.settings import Settings
from finops.pipelines import notices


def task_failed(
    settings: Settings,
    dag_id: str,
    task_id: str,
    run_id: str,
    period: str | None,
    reason: str,
    link: str | None,
    *,
    has_own_event: bool = False,
) -> list[str]:
    """Tell that a task has failed for good; return why somebody was not told, a line each.

    ``has_own_event``: what it failed for is an event of its own, which channels get instead.
    """
    from finops.notifications.direct import tell
    from finops.notifications.models import Alert, Kind

    if not has_own_event:
        notices.put_quietly(settings, lambda: [notices.task_failed(dag_id, task_id, run_id, period, reason, link)])
    return tell(settings, Alert(Kind.TASK_FAILED, dag_id, run_id, task_id, period, reason, link))


def deadline_missed(
    settings: Settings, dag_id: str, run_id: str, period: str | None, deadline: str, link: str | None
) -> list[str]:
    """Tell that a run is not finished when it ought to be; return why somebody was not told, a line each."""
    from finops.notifications.direct import tell
    from finops.notifications.models import Alert, Kind

    notices.put_quietly(settings, lambda: [notices.deadline_missed(dag_id, run_id, period, deadline, link)])
    reason = f"it was to be finished by {deadline}"
    return tell(settings, Alert(Kind.DEADLINE_MISSED, dag_id, run_id, None, period, reason, link))
