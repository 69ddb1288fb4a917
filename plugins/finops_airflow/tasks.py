"""Tasks that more than one DAG ends with."""

from __future__ import annotations

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from finops_airflow import steps


@task
def serve() -> int:
    """Bring the database that BI tools read up to what is published; skipped where none is configured."""
    served = steps.serve_published()
    if served is None:
        raise AirflowSkipException("FINOPS_SERVING_URL is not set: what is published is read from its files")
    return served
