"""Builds, judges and publishes a billing period, whenever one has landed.

Started by the assets of the three providers and of the hourly check; the partition key is the billing period. What is
to be done is read from the state store, not from the event, so an event too many does nothing (`build` is skipped)
and a killed run is made good by the next. Readers keep the last published version until `publish` has moved them on.

Started by hand without a partition key it builds everything that is pending, as `finops build` does. A failed `gate`
names the expectations; open `quality/<build_id>/index.html` under FINOPS_HOME. `serve` copies what changed into the
PostgreSQL schema that BI tools read; it is skipped where FINOPS_SERVING_URL is not set.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import PartitionedAssetTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from finops.core.formats import Provider
from finops_airflow import steps
from finops_airflow.assets import LANDED, PUBLISHED, RESYNC
from finops_airflow.defaults import WAREHOUSE_POOL, finops_dag
from finops_airflow.tasks import serve


@task(pool=WAREHOUSE_POOL)
def build(*, dag_run):
    report = steps.build_marts(dag_run.partition_key)
    if report is None:
        raise AirflowSkipException("nothing is pending")
    return report


@task(pool=WAREHOUSE_POOL, outlets=[PUBLISHED])
def publish(built, *, outlet_events):
    steps.publish_marts()
    outlet_events[PUBLISHED].add_partitions(built["billing_periods"])


with finops_dag(
    "build_marts",
    schedule=PartitionedAssetTimetable(
        assets=LANDED[Provider.AWS] | LANDED[Provider.AZURE] | LANDED[Provider.GCP] | RESYNC
    ),
    deadline=timedelta(hours=4),
    tags=["build"],
    doc_md=__doc__,
):
    # One run at a time, not only one task: between a build and its publication nobody else may build.
    built = build()
    built >> task(steps.pass_gate, task_id="gate", pool=WAREHOUSE_POOL)() >> publish(built) >> serve()
