"""What happens when a task has failed for good or a run is late: a line in the log, and word to a person.

The line is one that a log search or an alert can match. People are told by ``FINOPS_ALERT_…`` and ``channels.yml``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from finops.core.redaction import known, redact
from finops.core.settings import Settings

logger = logging.getLogger(__name__)


def hide_secrets(_context: Any) -> None:
    """Have Airflow hide the secrets of the environment in a task's log, whatever raises an error that quotes one."""
    from airflow.sdk.log import mask_secret

    _quietly(lambda: [Settings(), *map(mask_secret, known())])


def report_failure(context: Any) -> None:
    """Tell that a task has failed after its last try; ``context`` is Airflow's."""
    instance, run, error = context["ti"], context["dag_run"], context.get("exception")
    reason = redact(str(error))
    _log(
        "task_failed",
        dag_id=instance.dag_id,
        task_id=instance.task_id,
        map_index=instance.map_index,
        run_id=run.run_id,
        billing_period=run.partition_key,
        tries=instance.try_number,
        error=type(error).__name__,
        reason=reason,
    )
    period = run.partition_key or getattr(run, "logical_date", None)

    def tell() -> None:
        from finops.pipelines import alerts

        told = (instance.dag_id, instance.task_id, run.run_id, None if period is None else str(period))
        link = _link(instance.dag_id, run.run_id, instance.task_id, instance.map_index)
        has_own_event = getattr(error, "has_own_event", False)
        alerts.task_failed(Settings(), *told, f"{type(error).__name__}: {reason}", link, has_own_event=has_own_event)

    _quietly(tell)


def report_missed_deadline(context: Any) -> None:
    """Tell that a run is not finished when it ought to be; ``context`` holds the run and the deadline as JSON."""
    run, deadline = context["dag_run"], str(context["deadline"]["deadline_time"])
    period = run.get("partition_key")
    _log("deadline_missed", dag_id=run["dag_id"], run_id=run["dag_run_id"], billing_period=period, deadline=deadline)

    def tell() -> None:
        from finops.pipelines import alerts

        told = (run["dag_id"], run["dag_run_id"], period or run.get("logical_date"), deadline)
        alerts.deadline_missed(Settings(), *told, _link(run["dag_id"], run["dag_run_id"]))

    _quietly(tell)


def _log(event: str, **values: object) -> None:
    logger.error("%s %s", event, json.dumps(values, default=str))


def _quietly(told: Callable[[], object]) -> None:
    """Call it; whatever goes wrong is a line in the log, since a task must not fail for its alert."""
    try:
        told()
    except Exception as error:
        logger.error("nobody was told: %s", redact(f"{type(error).__name__}: {error}"))


def _link(dag_id: str, run_id: str, task_id: str | None = None, map_index: int = -1) -> str | None:
    """Return where Airflow's UI shows a run, or a task of it; None where its address is not configured."""
    from urllib.parse import quote

    from airflow.sdk.configuration import conf

    base = conf.get("api", "base_url", fallback="")
    if not base:
        return None
    task = "" if task_id is None else f"/tasks/{quote(task_id)}" + (f"/mapped/{map_index}" if map_index >= 0 else "")
    return f"{base.rstrip('/')}/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}{task}"
