"""What the tasks of more than one DAG do."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, task
from airflow.sdk.exceptions import AirflowSkipException

from finops_airflow import steps


def name_periods(periods: list[str], asset: Asset, events: Any, otherwise: str) -> list[str]:
    """Name billing periods on an asset; skip the task, saying ``otherwise`` and touching no event, without any."""
    if not periods:
        raise AirflowSkipException(otherwise)
    events[asset].add_partitions(periods)
    return periods


@task
def serve() -> int:
    """Bring the database that BI tools read up to what is published; skipped where none is configured."""
    served = steps.serve_published()
    if served is None:
        raise AirflowSkipException("FINOPS_SERVING_URL is not set: what is published is read from its files")
    return served
