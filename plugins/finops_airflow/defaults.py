"""What every DAG of the platform has in common, declared once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert

from finops_airflow.callbacks import hide_secrets, report_failure, report_missed_deadline
from finops_airflow.deadlines import FirstQueuedAt
from finops_airflow.retries import RetryIfItCanHelp

INGEST_POOL = "ingest"
"""How many sources are read from the clouds at once."""

STATEMENTS_POOL = "statements"
"""How many audiences' statements are rendered at once; each keeps a core busy."""

BUILDS_POOL = "builds"
"""How many builds, gates and publications run at once; each may take FINOPS_THREADS cores and FINOPS_MEMORY_LIMIT."""

BUILDS_AT_ONCE = 3
"""Slots of the pool as it is created: two for the months of a backfill, one that the day's bills find free."""

TASK_DEFAULTS: dict[str, Any] = {
    "owner": "finops",
    # The first pause is Airflow's [core] default_task_retry_delay, so that a test can shorten it.
    "retries": 3,
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(hours=1),
    "retry_policy": RetryIfItCanHelp(),
    "execution_timeout": timedelta(hours=3),
    "on_execute_callback": hide_secrets,
    "on_failure_callback": report_failure,
}


def finops_dag(dag_id: str, *, deadline: timedelta, tags: list[str], doc_md: str | None, **arguments: Any) -> DAG:
    """Return a DAG with the platform's defaults; ``deadline`` counts from when a run is queued."""
    return DAG(
        dag_id,
        start_date=datetime(2024, 1, 1, tzinfo=UTC),
        catchup=False,
        default_args=TASK_DEFAULTS,
        deadline=DeadlineAlert(
            name=f"{dag_id} within {deadline}",
            reference=FirstQueuedAt(),
            interval=deadline,
            callback=SyncCallback(report_missed_deadline),
        ),
        tags=["finops", *tags],
        doc_md=doc_md,
        **{"max_active_runs": 1, **arguments},
    )
