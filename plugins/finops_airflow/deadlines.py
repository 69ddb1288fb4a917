"""What a deadline counts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from airflow.sdk.definitions.deadline import BaseDeadlineReference

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


class FirstQueuedAt(BaseDeadlineReference):
    """The moment at which a run was queued for the first time; clearing its tasks leaves the deadline where it was.

    Airflow's own ``DAGRUN_QUEUED_AT`` is moved when a run is cleared, and up to Airflow 3.3.2 that fails: it takes the
    interval for a number, and whoever clears a failed task gets status 500 (``TypeError: unsupported type for timedelta
    seconds component: dict``).
    """

    required_kwargs: ClassVar[set[str]] = {"dag_id", "run_id"}

    def _evaluate_with(self, *, session: Session, dag_id: str, run_id: str) -> datetime | None:
        from airflow.models import DagRun
        from sqlalchemy import select

        return session.scalar(select(DagRun.queued_at).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
