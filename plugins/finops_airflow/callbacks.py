"""What happens when a task has failed for good or a run is late: one line that a log search or an alert can match."""

from __future__ import annotations

import json
import logging
from typing import Any

logger = logging.getLogger(__name__)


def report_failure(context: Any) -> None:
    """Log that a task has failed after its last try; ``context`` is Airflow's."""
    instance, run, error = context["ti"], context["dag_run"], context.get("exception")
    _log(
        "task_failed",
        dag_id=instance.dag_id,
        task_id=instance.task_id,
        map_index=instance.map_index,
        run_id=run.run_id,
        billing_period=run.partition_key,
        tries=instance.try_number,
        error=type(error).__name__,
        reason=str(error),
    )


def report_missed_deadline(context: Any) -> None:
    """Log that a run is not finished when it ought to be; ``context`` holds the run and the deadline as JSON."""
    run = context["dag_run"]
    _log(
        "deadline_missed",
        dag_id=run["dag_id"],
        run_id=run["dag_run_id"],
        billing_period=run.get("partition_key"),
        deadline=str(context["deadline"]["deadline_time"]),
    )


def _log(event: str, **values: object) -> None:
    logger.error("%s %s", event, json.dumps(values, default=str))
