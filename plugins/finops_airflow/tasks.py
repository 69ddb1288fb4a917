"""What the tasks of more than one DAG do."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, task
from airflow.sdk.exceptions import AirflowSkipException

from finops.pipelines.landing import LandReport
from finops_airflow.steps import bills, marts


def name_periods(periods: list[str], asset: Asset, events: Any, otherwise: str) -> list[str]:
    """Name billing periods on an asset; skip the task, saying ``otherwise`` and touching no event, without any."""
    if not periods:
        raise AirflowSkipException(otherwise)
    events[asset].add_partitions(periods)
    return periods


def land(name: str, billing_period: str | None, instance: Any) -> LandReport:
    """Land a source and fail when one of its deliveries was rejected, so that clearing the task reads it again."""
    report = bills.land_source(name, billing_period)
    if report["blocked"]:
        # A task that fails returns nothing, and what did land is announced all the same.
        instance.xcom_push(key="return_value", value=report)
        bills.fail_on_blocked([report])
    return report


@task
def all_landed(reports: Any) -> None:
    """Succeed when every source has landed all that it offers: a run's state is that of its last tasks."""


@task
def serve() -> int:
    """Bring the database that BI tools read up to what is published; skipped where none is configured."""
    served = marts.serve_published()
    if served is None:
        raise AirflowSkipException("FINOPS_SERVING_URL is not set: what is published is read from its files")
    return served
