"""Builds, checks and publishes a billing period after it has landed.

The assets of the three providers and of the hourly check start it; the partition key is the billing period. The state
store, not the event, says what is pending. So a surplus event does nothing (`build` is skipped), and the next run
makes up for one that was killed. Readers keep the last published version until `publish` replaces it.

A manual run without a partition key builds everything that is pending, as `finops build` does. The note on the run
says what the gate found and links its page. When `gate` fails, its message names the expectations; the page is
`quality/<build_id>/index.html` under FINOPS_HOME. `serve` copies what changed
into the PostgreSQL schema for BI tools; it is skipped when FINOPS_SERVING_URL is not set.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import PartitionedAssetTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from finops.core.formats import Provider
from finops_airflow import notes, steps
from finops_airflow.assets import LANDED, PUBLISHED, RESYNC
from finops_airflow.defaults import WAREHOUSE_POOL, finops_dag
from finops_airflow.tasks import serve


@task(pool=WAREHOUSE_POOL)
def build(*, dag_run):
    report = steps.build_marts(dag_run.partition_key)
    if report is None:
        raise AirflowSkipException("nothing is pending")
    return report


@task(pool=WAREHOUSE_POOL)
def gate(*, ti):
    with notes.left_by(ti, steps.note_of_build):
        steps.pass_gate()


@task(pool=WAREHOUSE_POOL, outlets=[PUBLISHED])
def publish(built, *, outlet_events, ti):
    steps.publish_marts()
    notes.leave(ti, steps.note_of_publication)
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
    # One run at a time, not only one task: between a build and its publication no other build may start.
    built = build()
    built >> gate() >> publish(built) >> serve()
